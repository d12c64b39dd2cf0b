#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "queue/cluster/partition_map.h"

namespace baton::queue::cluster {
namespace {

/// Written into the documentation: a change would move every queue of every cluster.
TEST(PartitionMap, names_have_the_partitions_that_are_written_down) {
    EXPECT_EQ(stable_hash(""), 0xefd0'1f60'ba99'2926ULL);
    EXPECT_EQ(stable_hash("mail"), stable_hash("mail", 0));
    const PartitionMap map(16);
    EXPECT_EQ(map.of(QueueName("mail")), 10U);
    EXPECT_EQ(map.of(QueueName("llm")), 14U);
    EXPECT_EQ(map.of(QueueName("orders.eu")), 2U);
}

TEST(PartitionMap, names_spread_evenly) {
    for (const std::uint32_t partitions : {1U, 3U, 16U, 256U}) {
        const PartitionMap map(partitions);
        std::vector<int> counts(partitions);
        const int each = 200;
        for (std::uint32_t i = 0; i < partitions * each; ++i) {
            ++counts[map.of("queue-" + std::to_string(i))];
        }
        for (const int count : counts) {
            EXPECT_GT(count, each / 2) << partitions;
            EXPECT_LT(count, each * 2) << partitions;
        }
    }
}

TEST(PartitionMap, a_uid_is_made_for_its_partition) {
    std::mt19937_64 random(1);
    for (const std::uint32_t partitions : {1U, 2U, 7U, 16U, 100U, 256U}) {
        const PartitionMap map(partitions);
        for (const std::uint64_t number : {std::uint64_t{0}, UINT64_MAX, random(), random()}) {
            for (Partition i = 0; i < partitions; ++i) {
                const auto uid = PartitionMap::make_uid(i, number);
                EXPECT_NE(uid, 0U);
                EXPECT_EQ(map.of_uid(uid), i);
                EXPECT_EQ(map.of(MessageId{uid, 7}), i);
                // What an engine makes of the uid of a queue in memory.
                EXPECT_EQ(map.of_uid(uid ^ PartitionMap::run_number(random())), i);
            }
        }
    }
}

TEST(PartitionMap, a_uid_from_elsewhere_has_a_partition_too) {
    EXPECT_EQ(PartitionMap(16).of_uid(0x1234'5678'9abc'deffULL), 0xffU % 16);
    EXPECT_EQ(PartitionMap(100).of_uid(0xff), 55U);
}

}  // namespace
}  // namespace baton::queue::cluster
