// What bounds a cluster: engines that hang, and how many daemons are known.
#include <string>

#include <gtest/gtest.h>

#include "cluster_world.h"
#include "queue/cluster/cluster_view.h"

namespace baton::queue::cluster {
namespace {

constexpr std::uint32_t partitions = 12;
constexpr Partition hanging = 5;

class HangingEngine : public testing::Test {
protected:
    HangingEngine() {
        for (int i = 0; i < 3; ++i) world.add();
        world.run_until([&] { return world.is_balanced({0, 1, 2}); });
        world.run(Duration(6'000));
        leader = world.serving(hanging).front();
    }
    /// Everybody but the one that hangs.
    [[nodiscard]] bool is_served_elsewhere() const {
        const auto serving = world.serving(hanging);
        return serving.size() == 1 && serving.front() != leader;
    }
    void expect_others_stay() {
        for (Partition i = 0; i < partitions; ++i) {
            if (i == hanging) continue;
            EXPECT_EQ(world.serving(i).size(), 1U) << i;
        }
    }

    const ClusterTiming timing;
    World world{partitions};
    int leader = 0;
};

TEST_F(HangingEngine, an_engine_that_does_not_close_leaves_its_partition_to_another_daemon) {
    world[leader].hangs.insert(hanging);
    world.break_log(hanging);
    const auto took = world.run_until([&] { return is_served_elsewhere(); }, Duration(120'000));
    EXPECT_LE(took, timing.close_patience + Duration(1'500));
    expect_others_stay();
}

TEST(ClusterLimits, a_partition_whose_opening_hangs_is_given_to_another_daemon) {
    const ClusterTiming timing;
    World world(partitions);
    const int sick = world.add();
    for (Partition i = 0; i < partitions; ++i) world[sick].hangs.insert(i);
    world.run(Duration(3'000));
    world.add();
    const auto took = world.run_until([&] { return world.is_balanced({1}); }, Duration(120'000));
    EXPECT_LE(took, timing.open_patience + Duration(2'000));
    world.run(Duration(120'000));
    EXPECT_EQ(world[sick].opened, 12) << "no second engine beside one that hangs";
    for (Partition i = 0; i < partitions; ++i) world.end_hang(sick, i);
    world.run_until([&] { return world.is_balanced({0, 1}); }, Duration(120'000));
    EXPECT_TRUE(world.is_balanced({0, 1})) << "it leads again when all has ended";
}

TEST_F(HangingEngine, who_hangs_keeps_the_rest_and_is_given_no_more) {
    world[leader].hangs.insert(hanging);
    world.break_log(hanging);
    world.run_until([&] { return is_served_elsewhere(); }, Duration(120'000));
    EXPECT_EQ(world.load(leader), 3U);
    EXPECT_EQ(world[leader].node->hanging(), std::vector<Partition>{hanging});
    const int before = world.opened();
    world.run(Duration(60'000));
    EXPECT_EQ(world.opened(), before) << "nothing is offered to it";
    const int other = (leader + 1) % 3;
    world.crash(other);
    world.run(Duration(10'000));
    EXPECT_EQ(world.load(leader), 3U);
    EXPECT_EQ(world.load((leader + 2) % 3), 9U);
    world.end_hang(leader, hanging);
    world.run(Duration(60'000));
    EXPECT_TRUE(world.is_balanced({leader, (leader + 2) % 3}));
    EXPECT_TRUE(world[leader].node->hanging().empty());
}

TEST_F(HangingEngine, a_partition_that_hangs_everywhere_holds_up_no_other) {
    for (int i = 0; i < 3; ++i) world[i].hangs.insert(hanging);
    world.break_log(hanging);
    world.run(Duration(400'000));
    EXPECT_TRUE(world.serving(hanging).empty());
    expect_others_stay();
    world.crash(leader);
    world.run(Duration(10'000));
    expect_others_stay();
    for (int i = 0; i < 3; ++i) world.end_hang(i, hanging);
    world.run(Duration(60'000));
    EXPECT_EQ(world.serving(hanging).size(), 1U);
}

TEST_F(HangingEngine, a_daemon_that_stops_hands_the_rest_over_and_ends_in_time) {
    world[leader].hangs.insert(hanging);
    world.drain(leader);
    world.run(Duration(2'000));
    expect_others_stay();
    EXPECT_EQ(world.load(leader), 0U);
    const auto took = world.run_until([&] { return world[leader].is_drained; }, Duration(120'000));
    EXPECT_LE(took, timing.close_patience);
    EXPECT_LE(world.run_until([&] { return is_served_elsewhere(); }), Duration(1'500));
}

TEST(ClusterLimits, so_many_daemons_are_known_and_no_more) {
    ClusterNode node({.id = DaemonId("me"), .name = "me", .partitions = 1});
    const SteadyTime now{Duration(1'000'000)};
    static_cast<void>(node.handle(Connected{}, now));
    const auto see = [&](std::size_t number, std::uint64_t revision, bool is_draining) {
        const auto name = "d" + std::to_string(number);
        static_cast<void>(node.handle(
            DaemonSeen{.id = DaemonId(name),
                .record = DaemonRecord{.name = name, .partitions = 1, .is_draining = is_draining},
                .revision = revision},
            now));
    };
    for (std::size_t i = 1; i < ClusterView::daemons_max; ++i) see(i, i, false);
    EXPECT_EQ(node.members(now).size(), ClusterView::daemons_max) << "and this one";
    see(ClusterView::daemons_max, 2'000, false);
    EXPECT_EQ(node.members(now).size(), ClusterView::daemons_max + 1);
    EXPECT_EQ(node.passed_over(), 0U);
    see(ClusterView::daemons_max + 1, 2'001, false);
    EXPECT_EQ(node.members(now).size(), ClusterView::daemons_max + 1) << "one too many";
    EXPECT_EQ(node.passed_over(), 1U);
    see(1, 2'002, true);
    EXPECT_TRUE(node.members(now).front().record.is_draining) << "those known are still heard";
}

TEST(ClusterLimits, a_daemon_too_many_is_known_when_another_one_has_gone) {
    World world(1);
    world.add();
    world.run(Duration(2'000));
    ClusterNode& node = *world[0].node;
    const auto write = [&](std::size_t number) {
        const auto name = "d" + std::to_string(number);
        static_cast<void>(world.bucket().write(daemon_key(DaemonId(name)),
            to_json(DaemonRecord{.name = name, .partitions = 1, .may_lead = false}), {},
            world.now()));
    };
    for (std::size_t i = 0; i <= ClusterView::daemons_max; ++i) write(i);
    world.run(Duration(100));
    EXPECT_EQ(node.members(world.now()).size(), ClusterView::daemons_max + 1);
    world.run(Duration(7'000));  // nobody renews them, and what has expired makes room
    EXPECT_EQ(node.members(world.now()).size(), 1U);
    write(2'000);
    world.run(Duration(100));
    EXPECT_EQ(node.members(world.now()).size(), 2U);
}

}  // namespace
}  // namespace baton::queue::cluster
