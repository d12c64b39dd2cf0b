// Copies that are made on threads of their own, and who waits for them.
#include <atomic>
#include <future>
#include <latch>

#include <gtest/gtest.h>

#include "queue/cluster/partition_copies.h"

namespace baton::queue::cluster {
namespace {

TEST(PartitionCopies, are_waited_for_and_not_made_twice_at_a_time) {
    std::atomic<int> begun = 0;
    std::atomic<int> ended = 0;
    std::latch release(1);
    PartitionCopies copies(
        [&](Partition, const std::stop_token&) -> Result<void> {
            ++begun;
            release.wait();
            ++ended;
            return {};
        },
        {});
    copies.wait(1);  // there is none
    copies.begin(1);
    copies.begin(1);
    auto waiter = std::async(std::launch::async, [&] {
        copies.wait(1);
        return ended.load();
    });
    copies.wait(2);  // the other partition is none of its business
    release.count_down();
    EXPECT_EQ(waiter.get(), 1);
    EXPECT_EQ(begun, 1);
    copies.begin(1);
    copies.wait(1);
    EXPECT_EQ(ended, 2);
}

TEST(PartitionCopies, end_when_they_are_stopped_and_whoever_waits_goes_on) {
    PartitionCopies copies(
        [](Partition, const std::stop_token& stop) -> Result<void> {
            std::latch stopped(1);
            const std::stop_callback on_stop(stop, [&] { stopped.count_down(); });
            stopped.wait();
            return fail(Errc::cancelled, "stopped");
        },
        {});
    copies.begin(1);
    copies.begin(2);
    auto waiter = std::async(std::launch::async, [&] { copies.wait(1); });
    copies.stop();
    waiter.get();
    copies.begin(3);  // begins nothing
    copies.wait(3);
}

}  // namespace
}  // namespace baton::queue::cluster
