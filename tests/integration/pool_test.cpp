// The pool over real connections: endpoints die, refuse and dawdle, and no chat is lost.
#include <array>
#include <atomic>
#include <chrono>

#include <gtest/gtest.h>

#include "integration/model_server.h"
#include "llm/endpoint_pool.h"
#include "llm/openai/openai_provider.h"
#include "net/client.h"
#include "runtime/task_group.h"
#include "support/eventually.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;
using test::eventually;
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

    static constexpr auto later = SteadyClock::time_point::max();

    std::size_t chats_since(SteadyClock::time_point from) const {
        std::size_t all = 0;
        for (const auto& one : servers) all += one.chats_between(from, later);
        return all;
    }
    /// The part of the last second's chats that came to `server`; 0 of fewer than fifty.
    double latest_share(std::size_t server) const {
        const auto from = SteadyClock::now() - 1s;
        const auto all = chats_since(from);
        const auto own = servers[server].chats_between(from, later);
        return all < 50 ? 0 : static_cast<double>(own) / static_cast<double>(all);
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
    const auto begin = SteadyClock::now();
    ASSERT_TRUE(eventually([&] { return chats_since(begin) >= 200; })) << "what is usual is known";

    servers[0].die();
    servers[2].set_delay(5s);
    EXPECT_TRUE(eventually([&] { return latest_share(1) > 0.8; }))
        << "the load moves to the one that works";
    const auto shifted = SteadyClock::now();
    const auto tries_of_the_dead = attempts(0);
    EXPECT_TRUE(eventually([&] { return servers[1].chats_between(shifted, later) >= 80; }));
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(SteadyClock::now() - shifted);
    EXPECT_LE(attempts(0), tries_of_the_dead + 3 * static_cast<std::uint64_t>(seconds.count()))
        << "trials only";

    servers[1].refuse_for(2s);
    const auto refused_at = [&] { return servers[1].refused_at(); };
    ASSERT_TRUE(eventually([&] { return refused_at() != SteadyClock::time_point{}; }));
    const auto over = refused_at() + 2s;
    ASSERT_TRUE(eventually([&] { return servers[1].chats_between(over, later) > 20; }));
    EXPECT_LT(SteadyClock::now(), over + 1s) << "back within a second";
    EXPECT_EQ(servers[1].chats_between(refused_at() + 100ms, over - 50ms), 0U)
        << "a cooling endpoint gets nothing";

    servers[0].come_back();
    servers[2].set_delay(20ms);
    EXPECT_TRUE(eventually([&] {
        return latest_share(0) > 0.15 && latest_share(1) > 0.15 && latest_share(2) > 0.15;
    })) << latest_share(0)
        << ' ' << latest_share(1) << ' ' << latest_share(2);
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
