// Limits of an LLM endpoint that several daemons share, counted by the endpoint.
#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "support/counting_endpoint.h"
#include "support/daemon.h"
#include "support/nats_cluster.h"
#include "support/postgres_server.h"

namespace baton::test {
namespace {

using namespace std::chrono_literals;

class ClusterLimits : public ::testing::Test {
protected:
    static constexpr std::size_t count = 3;

    /// `limits`: and what else stands in the endpoint's configuration.
    void start(const std::string& limits, const std::vector<std::string>& more = {}) {
        auto all = options(limits);
        all.settings.insert(all.settings.end(), more.begin(), more.end());
        for (auto& daemon : daemons_) daemon = Daemon::start(all);
    }
    [[nodiscard]] DaemonOptions options(const std::string& limits) const {
        return {.settings = {"queue.store=jetstream", "nats.servers=[\"" + nats_.url(0) + "\"]",
                    "nats.user=" + nats_.user().name, "nats.password=" + nats_.user().password,
                    "nats.replicas=1", "cluster.partitions=2", "cluster.log_size=64MiB",
                    "logging.level=warn",
                    fmt::format(R"(llm.endpoints=[{{"base_url":"{}",{}}}])", endpoint_.base_url(),
                        limits)}};
    }

    /// All of them at once.
    std::array<int, count> load_all(int at_a_time, std::chrono::milliseconds time) {
        std::array<int, count> answered{};
        std::vector<std::thread> loads;
        for (std::size_t i = 0; i < count; ++i) {
            loads.emplace_back([&, i] { answered[i] = load_chats(*daemons_[i], at_a_time, time); });
        }
        for (auto& each : loads) each.join();
        return answered;
    }
    /// So many chats at each daemon at once, through the queue; their statuses.
    std::vector<int> ask_durably(int each, std::chrono::milliseconds patience) {
        std::vector<int> statuses(count * static_cast<std::size_t>(each));
        std::vector<std::thread> clients;
        for (std::size_t i = 0; i < statuses.size(); ++i) {
            clients.emplace_back([&, i] {
                IoPool pool(1);
                const auto http = net::make_client({});
                statuses[i] = ask_chat(*daemons_[i % count], *http, pool, "durable", patience);
            });
        }
        for (auto& client : clients) client.join();
        return statuses;
    }

    CountingEndpoint endpoint_;
    NatsCluster nats_{NatsClusterOptions{.nodes = 1, .parent = fast_place()}};
    std::array<std::unique_ptr<Daemon>, count> daemons_;
};

TEST_F(ClusterLimits, a_minute_of_all_daemons_holds_no_more_than_the_limit) {
    start(R"("limits":{"requests_per_minute":60})");
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
    start(R"("limits":{"concurrency":6})");
    const auto together = load_all(6, 3s);
    EXPECT_EQ(endpoint_.take_most(), 6);
    for (const int answered : together) EXPECT_GT(answered, 20) << "of 600 in all at most";

    load_chats(*daemons_[1], 8, 1s);  // within which everything is its own
    endpoint_.take_most();
    const int alone = load_chats(*daemons_[1], 8, 2s);
    EXPECT_EQ(endpoint_.take_most(), 6);
    EXPECT_GT(alone, 100) << "of 400 at most";
}

TEST_F(ClusterLimits, chats_that_wait_in_the_queue_hold_the_limits_of_all_daemons_too) {
    start(R"("limits":{"concurrency":4})");
    const auto statuses = ask_durably(20, 30s);
    EXPECT_EQ(std::ranges::count(statuses, 200), 60) << "what had to wait did not fail";
    EXPECT_EQ(endpoint_.chats(), 60);
    EXPECT_EQ(endpoint_.take_most(), 4);
}

TEST_F(ClusterLimits, chats_beyond_a_minute_of_all_daemons_stay_in_the_queue) {
    start(R"("limits":{"requests_per_minute":20})");
    const auto statuses = ask_durably(10, 6s);
    EXPECT_EQ(std::ranges::count(statuses, 200), 20);
    EXPECT_EQ(std::ranges::count(statuses, 0), 10) << "nobody is told of a limit: it waits";
    EXPECT_EQ(endpoint_.chats(), 20);
}

TEST_F(ClusterLimits, a_day_of_all_daemons_costs_no_more_than_the_limit) {
    const auto today = [] {
        return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
    };
    const auto day = today();
    PostgresServer postgres;
    // Ten tokens are written by each, so a chat costs 1.
    start(R"("limits":{"cost_per_day":40},"prices":{"m":{"output":100000}})", postgres.settings());
    load_all(4, 8s);
    const int spent = endpoint_.chats();
    ASSERT_EQ(today(), day) << "midnight has come in between, which begins anew";
    EXPECT_EQ(spent, 40) << "all of the limit was used, and no more";

    for (auto& daemon : daemons_) daemon->kill9();
    for (auto& daemon : daemons_) daemon->restart();
    load_all(2, 2s);
    ASSERT_EQ(today(), day);
    EXPECT_EQ(endpoint_.chats(), spent) << "who comes anew knows what the day has cost";
}

}  // namespace
}  // namespace baton::test
