// A tenant's quota over partitions that different daemons lead.
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "client/operator_client.h"
#include "queue/cluster/partition_map.h"
#include "runtime/io_pool.h"
#include "support/daemon.h"
#include "support/daemon_session.h"
#include "support/eventually.h"
#include "support/nats_cluster.h"
#include "support/queue_letters.h"

namespace baton::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t partitions = 2;

/// A queue that lives in the partition.
QueueName queue_in(queue::cluster::Partition partition) {
    const queue::cluster::PartitionMap map(partitions);
    for (int i = 0;; ++i) {
        QueueName name("q" + std::to_string(i));
        if (map.of(name) == partition) return name;
    }
}

class ClusterQuota : public ::testing::Test {
protected:
    ClusterQuota() {
        for (const auto& name : queues_)
            must(pool_.run(first_.queues.put(name, {}, TenantId(tenant_))));
    }
    [[nodiscard]] DaemonOptions options() const {
        return {.settings = {"queue.store=jetstream", "nats.servers=[\"" + nats_.url(0) + "\"]",
                    "nats.user=" + nats_.user().name, "nats.password=" + nats_.user().password,
                    "nats.replicas=1", "cluster.partitions=2", "cluster.log_size=64MiB"}};
    }
    void set_quota(std::uint64_t bytes) {
        client::OperatorClient operations(first_.connection);
        must(pool_.run(operations.set_quota(tenant_, bytes)));
    }
    std::string post(DaemonSession& session, std::size_t queue, std::size_t bytes) {
        return outcome(pool_.run(
            session.queues.post(queues_[queue], messages_of({{.text = std::string(bytes, 'x')}}))));
    }
    void finish_one(std::size_t queue) {
        const auto leased = must(pool_.run(first_.queues.pop(queues_[queue], {}))).at(0);
        must(pool_.run(first_.queues.ack(queues_[queue], {leased.receipt.text()})));
    }
    /// Whether the daemon leads the partition.
    [[nodiscard]] bool leads(const Daemon& daemon, queue::cluster::Partition partition) {
        net::ClientRequest request;
        request.url = "http://" + daemon.metrics_address() + "/metrics";
        const auto answer = pool_.run(first_.http->send(std::move(request), Deadline::after(2s)));
        const auto line =
            "baton_cluster_leads{partition=\"" + std::to_string(partition) + "\"} 1\n";
        return answer && answer->body.contains(line);
    }
    /// Waits until each daemon leads one of the two partitions.
    [[nodiscard]] bool is_spread() {
        const auto leads_one = [this](const Daemon& daemon) {
            return leads(daemon, 0) != leads(daemon, 1);
        };
        return eventually([&] { return leads_one(*daemons_[0]) && leads_one(*daemons_[1]); }, 30s);
    }
    /// How long it takes until the daemon says this of a post; 10 s: it does not.
    std::chrono::milliseconds time_until(
        DaemonSession& session, std::size_t queue, std::size_t bytes, const std::string& said) {
        const auto begin = std::chrono::steady_clock::now();
        static_cast<void>(eventually([&] { return post(session, queue, bytes) == said; }, 10s));
        return std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - begin);
    }

    const std::string tenant_ = "acme";
    const std::array<QueueName, 2> queues_{queue_in(0), queue_in(1)};
    IoPool pool_{1};
    NatsCluster nats_{NatsClusterOptions{.nodes = 1, .parent = fast_place()}};
    const std::array<std::unique_ptr<Daemon>, 2> daemons_{
        Daemon::start(options()), Daemon::start(options())};
    DaemonSession first_{*daemons_[0]};
    DaemonSession second_{*daemons_[1]};
};

TEST_F(ClusterQuota, a_quota_holds_for_all_partitions_within_a_second) {
    ASSERT_TRUE(is_spread());
    set_quota(1'000);
    // Nobody has told the other one yet: so much more comes in.
    EXPECT_EQ(post(first_, 0, 600), "ok");
    EXPECT_EQ(post(second_, 1, 400), "ok");
    // One byte comes in as long as it is not known that this is all.
    EXPECT_LT(time_until(first_, 0, 1, "quota_exceeded"), 1s);
    EXPECT_LT(time_until(second_, 1, 1, "quota_exceeded"), 1s);
    EXPECT_EQ(post(second_, 0, 1), "quota_exceeded") << "whichever daemon is asked";

    finish_one(0);
    EXPECT_EQ(post(first_, 0, 300), "ok");
    EXPECT_EQ(post(first_, 0, 500), "quota_exceeded");
    finish_one(1);
    EXPECT_LT(time_until(first_, 0, 500, "ok"), 1s) << "an ack in the other partition makes room";
}

TEST_F(ClusterQuota, what_a_lost_leaders_partition_keeps_goes_on_counting) {
    ASSERT_TRUE(is_spread());
    set_quota(1'000);
    EXPECT_EQ(post(first_, 0, 500), "ok");
    EXPECT_EQ(post(first_, 1, 500), "ok");
    for (std::size_t queue = 0; queue < queues_.size(); ++queue) {
        EXPECT_LT(time_until(first_, queue, 1, "quota_exceeded"), 1s);
    }
    daemons_[1]->kill9();
    const auto leads_both = [&] {
        EXPECT_EQ(post(first_, leads(*daemons_[0], 0) ? 0 : 1, 1), "quota_exceeded");
        return leads(*daemons_[0], 0) && leads(*daemons_[0], 1);
    };
    ASSERT_TRUE(eventually(leads_both, 30s));
    for (std::size_t queue = 0; queue < queues_.size(); ++queue) {
        EXPECT_EQ(post(first_, queue, 1), "quota_exceeded") << queue;
    }
    finish_one(0);
    finish_one(1);
    EXPECT_LT(time_until(first_, 1, 700, "ok"), 1s) << "and it counts once";
}

}  // namespace
}  // namespace baton::test
