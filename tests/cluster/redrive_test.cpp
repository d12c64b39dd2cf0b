// A redrive from one partition of a cluster to another while daemons die.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

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
constexpr std::size_t letters = 3'000;

class ClusterRedrive : public ::testing::Test {
protected:
    [[nodiscard]] std::unique_ptr<Daemon> start(const std::string& roles) const {
        return Daemon::start(
            {.settings = {"queue.store=jetstream", "nats.servers=[\"" + nats_.url(0) + "\"]",
                 "nats.user=" + nats_.user().name, "nats.password=" + nats_.user().password,
                 "nats.replicas=1", "cluster.partitions=" + std::to_string(partitions),
                 "cluster.log_size=64MiB", "logging.level=error"},
                .arguments = {"--roles", roles}});
    }
    /// A name of a queue that lives in this partition.
    static QueueName name_in(std::uint32_t partition, const std::string& stem) {
        const queue::cluster::PartitionMap map(partitions);
        for (int i = 0;; ++i) {
            QueueName name(stem + std::to_string(i));
            if (map.of(name) == partition) return name;
        }
    }
    /// Makes so many dead letters.
    void bury(DaemonSession& session) {
        must(pool_.run(session.queues.put(from_, {.max_failures = 1})));
        must(pool_.run(session.queues.put(to_, QueueConfig{})));
        std::vector<NewMessage> many;
        for (std::size_t i = 0; i < letters; ++i) {
            many.push_back(Letter{.text = std::to_string(i)}.message());
        }
        must(pool_.run(session.queues.post(from_, std::move(many))));
        for (std::size_t dead = 0; dead < letters;) {
            std::vector<std::string> receipts;
            for (const auto& one : must(pool_.run(session.queues.pop(from_, {.max = 1'000})))) {
                receipts.push_back(one.receipt.text());
            }
            dead += receipts.size();
            must(pool_.run(session.queues.nack(from_, std::move(receipts), {.reason = "no"})));
        }
    }
    /// What has arrived, sorted by number.
    std::vector<std::size_t> arrived(DaemonSession& session) {
        std::vector<std::size_t> numbers;
        client::PeekOptions page;
        do {
            auto got = must(pool_.run(session.queues.peek(to_, page)));
            for (const auto& view : got.messages) {
                numbers.push_back(std::stoull(std::string(view.data->content.view())));
            }
            page.cursor = got.next;
        } while (!page.cursor.empty());
        std::ranges::sort(numbers);
        return numbers;
    }

    const QueueName from_ = name_in(0, "from");
    const QueueName to_ = name_in(1, "to");
    IoPool pool_{1};
    NatsCluster nats_{NatsClusterOptions{.nodes = 1, .parent = fast_place()}};
};

TEST_F(ClusterRedrive, every_letter_arrives_once_although_leaders_of_both_sides_die) {
    // Each leads one of the two partitions, and the door neither.
    std::vector<std::unique_ptr<Daemon>> leaders;
    leaders.push_back(start("queue"));
    leaders.push_back(start("queue"));
    const auto door = start("gateway,scheduler");
    DaemonSession session(*door);
    bury(session);
    for (std::size_t round = 0; round < leaders.size(); ++round) {
        std::atomic<bool> is_begun{false};
        std::thread redriver([&] {
            IoPool pool{1};
            DaemonSession own(*door);
            is_begun = true;
            const auto moved =
                pool.run(own.queues.redrive({.queue = from_, .limit = 1'500, .target = to_}));
            static_cast<void>(moved);  // may not be known; what counts is what is there
        });
        ASSERT_TRUE(eventually([&] { return is_begun.load(); }));
        leaders[round]->kill9();
        redriver.join();
        leaders[round] = start("queue");
    }
    const auto again = pool_.run(session.queues.redrive({.queue = from_, .target = to_}));
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(must(pool_.run(session.queues.stats(from_))).dead, 0U);
    const auto numbers = arrived(session);
    EXPECT_EQ(numbers.size(), letters);
    for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], i);
}

}  // namespace
}  // namespace baton::test
