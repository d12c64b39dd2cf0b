// NATS is away: what clients hear meanwhile, and how the daemon says so.
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "client/operator_client.h"
#include "queue/remote/remote_queues.h"
#include "runtime/io_pool.h"
#include "support/daemon.h"
#include "support/daemon_session.h"
#include "support/eventually.h"
#include "support/nats_cluster.h"
#include "support/queue_letters.h"

namespace baton::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

class NatsAway : public ::testing::Test {
protected:
    struct Answer {
        std::optional<Error> error;
        milliseconds took{0};
    };

    NatsAway() { must(pool_.run(session_.queues.put(queue_, {}))); }

    Answer post(client::QueueClient& queues, IoPool& pool) {
        const auto begin = std::chrono::steady_clock::now();
        const auto posted = pool.run(queues.post(queue_, messages_of({{.text = "x"}})));
        const auto took = std::chrono::steady_clock::now() - begin;
        return {posted ? std::nullopt : std::optional(posted.error()),
            std::chrono::duration_cast<milliseconds>(took)};
    }
    /// One post after the other from each of so many clients, until the time is over.
    std::vector<Answer> posts(std::size_t clients, milliseconds time) {
        const auto end = std::chrono::steady_clock::now() + time;
        std::mutex mutex;
        std::vector<Answer> answers;
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < clients; ++i) {
            threads.emplace_back([&] {
                IoPool pool(1);
                const auto http = net::make_client({});
                client::Connection connection(*http, {.url = daemon_->url(),
                                                         .key = Secret(daemon_->admin_key()),
                                                         .request_timeout = 60s});
                client::QueueClient queues(connection);
                while (std::chrono::steady_clock::now() < end) {
                    auto answer = post(queues, pool);
                    const std::scoped_lock lock(mutex);
                    answers.push_back(std::move(answer));
                }
            });
        }
        for (auto& thread : threads) thread.join();
        return answers;
    }
    client::Health health() {
        client::OperatorClient operations(session_.connection);
        return must(pool_.run(operations.health()));
    }
    static std::string detail(const client::Health& health, std::string_view component) {
        for (const auto& part : health.components) {
            if (part.name == component) return part.healthy ? "healthy" : part.detail;
        }
        return "none";
    }
    std::string metrics() {
        net::ClientRequest request;
        request.url = "http://" + daemon_->metrics_address() + "/metrics";
        return std::string(
            must(pool_.run(session_.http->send(std::move(request), Deadline::after(2s)))).body);
    }
    bool shows(const std::string& line) { return metrics().contains("\n" + line + "\n"); }

    const QueueName queue_{"q"};
    IoPool pool_{1};
    NatsCluster nats_{NatsClusterOptions{.nodes = 1, .parent = fast_place()}};
    std::unique_ptr<Daemon> daemon_ = Daemon::start(
        {.settings = {"queue.store=jetstream", "nats.servers=[\"" + nats_.url(0) + "\"]",
             "nats.user=" + nats_.user().name, "nats.password=" + nats_.user().password,
             "nats.replicas=1", "cluster.partitions=2", "cluster.log_size=64MiB"}});
    DaemonSession session_{*daemon_};
};

TEST_F(NatsAway, posts_fail_in_time_with_an_error_that_says_try_again) {
    EXPECT_FALSE(post(session_.queues, pool_).error);
    nats_.kill(0);
    const auto answers = posts(8, 1s);
    const auto limit = queue::remote::RemoteConfig{}.call_timeout + 2s;
    for (const auto& answer : answers) {
        ASSERT_TRUE(answer.error);
        EXPECT_TRUE(is_retryable(answer.error->code)) << to_string(*answer.error);
        EXPECT_LE(answer.took, limit) << to_string(*answer.error);
    }
    EXPECT_FALSE(answers.empty());
    const auto sent = pool_.run(session_.dialogs.send({.content = "x"}));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, Errc::queue_unavailable) << to_string(sent.error());

    nats_.restart(0);
    EXPECT_TRUE(eventually([&] { return !post(session_.queues, pool_).error; }, 30s));
}

TEST_F(NatsAway, health_and_metrics_say_so_and_when_it_is_back) {
    EXPECT_EQ(detail(health(), "cluster"), "healthy");
    ASSERT_TRUE(health().cluster);
    EXPECT_EQ(health().cluster->leads, (std::vector<std::uint32_t>{0, 1}));
    EXPECT_TRUE(shows("baton_cluster_nats_connected 1"));
    EXPECT_TRUE(shows("baton_cluster_partitions_led 2"));
    EXPECT_TRUE(shows("baton_cluster_partitions_without_leader 0"));
    EXPECT_FALSE(post(session_.queues, pool_).error);
    EXPECT_TRUE(metrics().contains("\nbaton_cluster_log_room_bytes{partition=\"1\"} "));

    nats_.kill(0);
    EXPECT_TRUE(eventually([&] { return shows("baton_cluster_nats_connected 0"); }));
    EXPECT_TRUE(eventually([&] { return !health().ready; }));
    EXPECT_EQ(detail(health(), "cluster"), "unavailable: no NATS server is connected");
    EXPECT_FALSE(health().cluster->is_connected);

    nats_.restart(0);
    EXPECT_TRUE(eventually([&] { return health().ready; }, 30s));
    EXPECT_TRUE(eventually([&] { return shows("baton_cluster_partitions_led 2"); }, 30s));
}

}  // namespace
}  // namespace baton::test
