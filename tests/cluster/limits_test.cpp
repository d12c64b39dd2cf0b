// Limits of an LLM endpoint that several daemons share, counted by the endpoint.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "base/metrics.h"
#include "net/client.h"
#include "net/server.h"
#include "runtime/event.h"
#include "runtime/io_pool.h"
#include "support/daemon.h"
#include "support/eventually.h"
#include "support/nats_cluster.h"
#include "support/plain_errors.h"

namespace baton::test {
namespace {

using namespace std::chrono_literals;

/// An OpenAI endpoint that takes a while for each chat and counts them.
class CountingEndpoint final {
public:
    CountingEndpoint() {
        auto made = net::make_server(pool_, {.port = 0}, format_error, metrics_, Log());
        if (!made) throw std::runtime_error(to_string(made.error()));
        server_ = *std::move(made);
        server_->start([this](const net::Request& request) { return answer(request.path); });
    }
    ~CountingEndpoint() { pool_.run(server_->stop(Deadline::after(0ms))); }
    CountingEndpoint(const CountingEndpoint&) = delete;
    CountingEndpoint& operator=(const CountingEndpoint&) = delete;

    [[nodiscard]] std::string base_url() const {
        return fmt::format("http://127.0.0.1:{}/v1", server_->port());
    }
    [[nodiscard]] int chats() const { return chats_; }
    /// The most at a time since the last call.
    int take_most() { return most_.exchange(0); }

private:
    static constexpr std::chrono::milliseconds thinks{30};

    Task<net::Response> answer(std::string path) {
        net::Response response;
        response.content_type = "application/json";
        response.body = R"({"object":"list","data":[]})";
        if (!path.ends_with("/chat/completions")) co_return response;
        ++chats_;
        const int now = ++under_way_;
        for (int most = most_; most < now && !most_.compare_exchange_weak(most, now);) continue;
        co_await sleep_until(Deadline::after(thinks));
        --under_way_;
        response.content_type = "text/event-stream";
        response.body =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"yes\"},"
            "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        co_return response;
    }

    IoPool pool_{1};
    MetricRegistry metrics_;
    std::atomic<int> chats_{0};
    std::atomic<int> under_way_{0};
    std::atomic<int> most_{0};
    std::unique_ptr<net::Server> server_;
};

class ClusterLimits : public ::testing::Test {
protected:
    static constexpr std::size_t count = 3;

    void start(const std::string& limits) {
        for (auto& daemon : daemons_) daemon = Daemon::start(options(limits));
    }
    [[nodiscard]] DaemonOptions options(const std::string& limits) const {
        return {.settings = {"queue.store=jetstream", "nats.servers=[\"" + nats_.url(0) + "\"]",
                    "nats.user=" + nats_.user().name, "nats.password=" + nats_.user().password,
                    "nats.replicas=1", "cluster.partitions=2", "cluster.log_size=64MiB",
                    "logging.level=warn",
                    fmt::format(R"(llm.endpoints=[{{"base_url":"{}","limits":{{{}}}}}])",
                        endpoint_.base_url(), limits)}};
    }

    /// Asks one chat after the other at a daemon, so many at a time, until the time is over; how
    /// many were answered.
    static int load(const Daemon& daemon, int at_a_time, std::chrono::milliseconds time) {
        std::atomic<int> answered{0};
        std::vector<std::thread> clients;
        for (int i = 0; i < at_a_time; ++i) {
            clients.emplace_back([&] {
                IoPool pool(1);
                const auto http = net::make_client({});
                for (const auto end = Deadline::after(time); !end.expired();) {
                    if (ask(daemon, *http, pool) == 200) ++answered;
                }
            });
        }
        for (auto& client : clients) client.join();
        return answered;
    }
    /// All of them at once.
    std::array<int, count> load_all(int at_a_time, std::chrono::milliseconds time) {
        std::array<int, count> answered{};
        std::vector<std::thread> loads;
        for (std::size_t i = 0; i < count; ++i) {
            loads.emplace_back([&, i] { answered[i] = load(*daemons_[i], at_a_time, time); });
        }
        for (auto& each : loads) each.join();
        return answered;
    }
    static int ask(const Daemon& daemon, net::Client& http, IoPool& pool) {
        net::ClientRequest request{.method = net::Method::post,
            .url = daemon.url() + "/v1/chat/completions",
            .body = R"({"model":"m","messages":[{"role":"user","content":"hello"}]})"};
        request.fields.set("Authorization", "Bearer " + daemon.admin_key());
        request.fields.set("Content-Type", "application/json");
        request.fields.set("Baton-Mode", "pass-through");
        const auto answer = pool.run(http.send(std::move(request), Deadline::after(10s)));
        return answer ? answer->status : 0;
    }

    CountingEndpoint endpoint_;
    NatsCluster nats_{NatsClusterOptions{.nodes = 1, .parent = fast_place()}};
    std::array<std::unique_ptr<Daemon>, count> daemons_;
};

TEST_F(ClusterLimits, a_minute_of_all_daemons_holds_no_more_than_the_limit) {
    start(R"("requests_per_minute":60)");
    const auto begin = std::chrono::steady_clock::now();
    const auto answered = load_all(4, 3s);
    EXPECT_EQ(endpoint_.chats(), 60) << "all of the limit was used, and no more";
    EXPECT_EQ(answered[0] + answered[1] + answered[2], 60);

    daemons_[0]->kill9();
    daemons_[0]->restart();
    load_all(2, 1s);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 55s);
    EXPECT_EQ(endpoint_.chats(), 60) << "who comes anew knows what was sent in the minute before";
}

TEST_F(ClusterLimits, requests_at_a_time_are_of_all_daemons_and_go_to_who_has_work) {
    start(R"("concurrency":6)");
    const auto together = load_all(6, 3s);
    EXPECT_EQ(endpoint_.take_most(), 6);
    for (const int answered : together) EXPECT_GT(answered, 20) << "of 600 in all at most";

    load(*daemons_[1], 8, 1s);  // within which everything is its own
    endpoint_.take_most();
    const int alone = load(*daemons_[1], 8, 2s);
    EXPECT_EQ(endpoint_.take_most(), 6);
    EXPECT_GT(alone, 100) << "of 400 at most";
}

}  // namespace
}  // namespace baton::test
