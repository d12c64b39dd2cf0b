// The pool over real connections: endpoints die, refuse and dawdle, and no chat is lost.
#include <array>
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "integration/model_server.h"
#include "llm/endpoint_pool.h"
#include "llm/openai/openai_provider.h"
#include "net/client.h"
#include "runtime/task_group.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;
using test::ModelServer;
using SteadyClock = std::chrono::steady_clock;

/// A chat every ten milliseconds, whatever becomes of the ones before; what is told to wait waits
/// and comes again, as it would in the queue.
class Callers final {
public:
    explicit Callers(EndpointPool& pool) : pool_(pool) {
        io_.run(on_executor([this] { tasks_.spawn([this] { return call_on_and_on(); }); }));
    }
    void stop() {
        if (std::exchange(stopped_, true)) return;
        ends_ = true;
        io_.run(wait_for_all());
    }
    ~Callers() { stop(); }

    std::atomic<int> answered = 0;
    std::atomic<int> waited = 0;
    std::atomic<int> failed = 0;

private:
    static Task<void> on_executor(std::function<void()> body) {
        body();
        co_return;
    }
    Task<void> wait_for_all() {
        const auto cancelled = co_await tasks_.drain(Deadline::after(20s));
        EXPECT_EQ(cancelled, 0U);
    }

    Task<void> call_on_and_on() {
        auto next = SteadyClock::now();
        while (!ends_) {
            tasks_.spawn([this] { return call(); });
            next += 10ms;
            const auto left = std::chrono::ceil<Duration>(next - SteadyClock::now());
            co_await sleep_until(Deadline::after(left));
        }
    }
    Task<void> call() {
        while (true) {
            ChatRequest request{.model = "m", .messages = {{Role::user, "hello"}}};
            Asker asker;
            ChatSink sink;
            auto result = co_await pool_.chat(
                std::move(asker), std::move(request), std::move(sink), Deadline::after(20s));
            if (result) {
                ++answered;
                co_return;
            }
            if (result.error().code != Errc::provider_rate_limited) {
                ++failed;
                ADD_FAILURE() << to_string(result.error());
                co_return;
            }
            ++waited;
            co_await sleep_until(Deadline::after(result.error().retry_after));
        }
    }

    EndpointPool& pool_;
    std::atomic<bool> ends_ = false;
    bool stopped_ = false;
    IoPool io_{1};
    TaskGroup tasks_{io_.executor(0)};
};

class PoolOverConnections : public testing::TestWithParam<Algorithm> {
protected:
    void SetUp() override {
        std::vector<PoolEndpoint> endpoints;
        for (std::size_t i = 0; i < servers.size(); ++i) {
            servers[i].set_delay(20ms);
            EndpointConfig config{.name = std::string(1, static_cast<char>('a' + i))};
            endpoints.push_back({.config = std::move(config),
                .provider = make_openai_provider(*http, {.base_url = servers[i].base_url()})});
        }
        auto made =
            make_endpoint_pool({.executor = io.executor(0), .clock = clock, .metrics = metrics},
                {.algorithm = GetParam()}, std::move(endpoints), Log());
        ASSERT_TRUE(made);
        pool = *std::move(made);
        io.run(pool->start());
    }
    void TearDown() override { io.run(pool->stop()); }

    /// The part of the chats that came to `server` in the time.
    double share(std::size_t server, SteadyClock::time_point from, SteadyClock::time_point to) {
        double all = 0;
        for (const auto& one : servers) all += static_cast<double>(one.chats_between(from, to));
        return all == 0 ? 0 : static_cast<double>(servers[server].chats_between(from, to)) / all;
    }
    std::uint64_t attempts(std::size_t server) const { return pool->status()[server].requests; }

    std::array<ModelServer, 3> servers;
    IoPool io{1};
    SystemClock clock;
    MetricRegistry metrics;
    std::unique_ptr<net::Client> http = net::make_client({.connections_max = 2'000});
    std::unique_ptr<EndpointPool> pool;
};

TEST_P(PoolOverConnections, no_chat_is_lost_while_one_dies_one_refuses_and_one_dawdles) {
    Callers callers(*pool);
    std::this_thread::sleep_for(2500ms);  // what is usual is known now

    servers[0].die();
    servers[2].set_delay(5s);
    std::this_thread::sleep_for(1s);
    const auto shifted = SteadyClock::now();
    const auto tries_of_the_dead = attempts(0);
    std::this_thread::sleep_for(1s);
    EXPECT_GT(share(1, shifted, shifted + 1s), 0.8) << "the load has moved to the one that works";
    EXPECT_LE(attempts(0), tries_of_the_dead + 3) << "trials only";

    servers[1].refuse_for(2s);
    std::this_thread::sleep_for(2500ms);
    const auto refused_at = servers[1].refused_at();
    ASSERT_NE(refused_at, SteadyClock::time_point{});
    EXPECT_EQ(servers[1].chats_between(refused_at + 100ms, refused_at + 1950ms), 0U)
        << "a cooling endpoint gets nothing";
    std::this_thread::sleep_until(refused_at + 3s);
    EXPECT_GT(servers[1].chats_between(refused_at + 2s, refused_at + 3s), 20U)
        << "back within a second";

    servers[0].come_back();
    servers[2].set_delay(20ms);
    std::this_thread::sleep_for(1s);
    const auto recovered = SteadyClock::now();
    std::this_thread::sleep_for(2s);
    for (std::size_t i = 0; i < servers.size(); ++i) {
        EXPECT_GT(share(i, recovered, recovered + 2s), 0.15) << "server " << i;
    }
    callers.stop();
    EXPECT_EQ(callers.failed, 0);
    EXPECT_GT(callers.answered, 500);
}

INSTANTIATE_TEST_SUITE_P(Algorithms, PoolOverConnections,
    testing::Values(Algorithm::weighted_round_robin, Algorithm::peak_ewma), [](const auto& tested) {
        return std::string(algorithm_names[static_cast<std::size_t>(tested.param)]);
    });

}  // namespace
}  // namespace baton::llm
