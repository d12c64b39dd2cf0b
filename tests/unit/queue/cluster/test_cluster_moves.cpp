// Partitions that go from one daemon to another although nobody has failed.
#include <array>
#include <functional>

#include <gtest/gtest.h>

#include "three_daemons.h"

namespace baton::queue::cluster {
namespace {

TEST_F(ThreeDaemons, hand_over_without_waiting_when_one_stops) {
    const int before = world.opened();
    world.drain(1);
    const auto gap = longest_gap(Duration(2'000));
    EXPECT_LE(gap, world.close_time + world.open_time + Duration(50));
    EXPECT_TRUE(world[1].is_drained);
    EXPECT_TRUE(world.is_balanced({0, 2}));
    EXPECT_EQ(world.opened() - before, 4);
}

TEST_F(ThreeDaemons, give_a_fourth_one_its_share) {
    const int before = world.opened();
    world.run(Duration(6'000));
    const int fourth = world.add();
    const auto gap = longest_gap(Duration(6'000));
    EXPECT_TRUE(world.is_balanced({0, 1, 2, fourth}));
    EXPECT_LE(gap, world.close_time + world.open_time + Duration(50));
    EXPECT_EQ(world.opened() - before, 3);
}

TEST_F(ThreeDaemons, take_back_without_waiting_what_one_hands_over_that_has_just_come) {
    world.run(Duration(6'000));
    const int fourth = world.add();
    world.run_until([&] { return world.is_balanced({0, 1, 2, fourth}); });
    world.drain(fourth);
    const auto gap = longest_gap(Duration(2'000));
    EXPECT_TRUE(world.is_balanced({0, 1, 2}));
    EXPECT_LE(gap, world.close_time + world.open_time + Duration(50));
}

TEST_F(ThreeDaemons, move_nothing_for_balance_until_nothing_has_failed_for_a_while) {
    struct Failure {
        const char* name;
        std::function<void()> happen;
        int openings = 0;  ///< that it costs
    };
    const std::array failures{
        Failure{"a log that its leader could not write", [&] { world.break_log(5); }, 1},
        Failure{"a stream of two", [&] { world.trouble_log(5); }},
        Failure{"a bucket that was away",
            [&] {
                world.is_bucket_away = true;
                world.run(Duration(3'000));
                world.is_bucket_away = false;
                world.run(Duration(2'000));
            }},
        Failure{"a connection",
            [&] {
                world.cut(1);
                world.run(Duration(1'000));
                world.heal(1);
            }},
    };
    for (const auto& failure : failures) {
        SCOPED_TRACE(failure.name);
        world.run(Duration(40'000));
        failure.happen();
        const auto happened_at = world.now();
        const int before = world.opened();
        const int fourth = world.add();
        world.run(Duration(25'000));
        EXPECT_EQ(world[fourth].opened, 0);
        EXPECT_EQ(world.opened(), before + failure.openings);
        world.run_until([&] { return world.is_balanced({0, 1, 2, fourth}); });
        EXPECT_LE(world.now() - happened_at, Duration(33'000));
        world.drain(fourth);
    }
}

TEST_F(ThreeDaemons, move_nothing_for_balance_for_a_while_after_one_has_died) {
    world.crash(0);
    world.run_until([&] { return world.is_balanced({1, 2}); });
    const auto happened_at = world.now();
    const int fourth = world.add();
    world.run(Duration(25'000));
    EXPECT_EQ(world[fourth].opened, 0);
    world.run_until([&] { return world.is_balanced({1, 2, fourth}); });
    EXPECT_LE(world.now() - happened_at, Duration(35'000));
}

TEST_F(ThreeDaemons, do_not_move_anything_for_one_that_comes_and_goes) {
    world.run(Duration(6'000));
    const int before = world.opened();
    for (int i = 0; i < 5; ++i) {
        const int guest = world.add();
        world.run(Duration(1'000));
        world.crash(guest);
        world.run(Duration(4'000));
    }
    EXPECT_EQ(world.opened(), before);
    EXPECT_TRUE(world.all_served());
}

TEST(ClusterMoves, partitions_move_a_few_at_a_time) {
    World world(64);
    world.open_time = Duration(500);
    world.add();
    world.run(Duration(10'000));
    world.add();
    for (int i = 0; i < 4'000; ++i) {
        world.run(World::step);
        int away = 0;
        for (Partition partition = 0; partition < 64; ++partition) {
            away += world.serving(partition).empty() ? 1 : 0;
        }
        ASSERT_LE(away, 4);
    }
    EXPECT_TRUE(world.is_balanced({0, 1}));
}

}  // namespace
}  // namespace baton::queue::cluster
