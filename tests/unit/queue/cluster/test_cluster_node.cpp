// What daemons do together around one bucket.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "three_daemons.h"

namespace baton::queue::cluster {
namespace {

TEST(ClusterNode, a_daemon_alone_leads_everything) {
    World world(partitions);
    world.add();
    EXPECT_LE(world.run_until([&] { return world.is_balanced({0}); }), Duration(1'300));
}

TEST_F(ThreeDaemons, leave_one_that_may_not_lead_out_and_it_knows_who_leads) {
    const int gateway = world.add(0, false);
    world.run(Duration(20'000));
    EXPECT_TRUE(world.is_balanced({0, 1, 2}));
    EXPECT_EQ(world.opened(), 12) << "nothing moves for it";
    for (Partition i = 0; i < partitions; ++i) {
        const LeaderView leader{World::id(world.serving(i).front()), true};
        EXPECT_EQ(world[gateway].node->leader(i, world.now()), leader);
    }
    for (int i = 0; i < 3; ++i) world.crash(i);
    world.run(Duration(20'000));
    EXPECT_EQ(world[gateway].opened, 0) << "not even when nobody else is left";
    world.drain(gateway);
    EXPECT_LE(world.run_until([&] { return world[gateway].is_drained; }), Duration(1'000));
}

TEST_F(ThreeDaemons, stay_as_they_are_while_nothing_happens) {
    EXPECT_EQ(longest_gap(Duration(60'000)), Duration(0));
    EXPECT_EQ(world.opened(), 12);
}

TEST_F(ThreeDaemons, may_answer_all_the_time_without_commits) {
    for (int i = 0; i < 4'000; ++i) {
        world.run(World::step);
        for (int number = 0; number < 3; ++number) {
            for (const auto partition : world[number].serving) {
                ASSERT_GT(world[number].answers_until[partition], world.now());
            }
        }
    }
}

TEST_F(ThreeDaemons, know_who_leads_what) {
    for (Partition i = 0; i < partitions; ++i) {
        const LeaderView leader{World::id(world.serving(i).front()), true};
        for (int number = 0; number < 3; ++number) {
            EXPECT_EQ(world[number].node->leader(i, world.now()), leader);
        }
    }
    EXPECT_EQ(world[0].node->members(world.now()).size(), 3U);
}

TEST_F(ThreeDaemons, know_the_guests_of_each_partition_also_while_nobody_leads_it) {
    const std::vector<std::uint64_t> guests{0x105, 0x207};
    const int gateway = world.add(0, false);
    const int leader = world.serving(3).front();
    world.guests[3] = guests;  // an import wrote them; who opens the log next reads them
    world.crash(leader);
    world.run_until([&] { return world.all_served(); });
    world.run(Duration(1'000));
    const int next = world.serving(3).front();
    ASSERT_NE(next, leader);
    EXPECT_EQ(world[gateway].node->guests(3), guests);
    EXPECT_EQ(world[next].node->guests(3), guests);
    EXPECT_TRUE(world[gateway].node->guests(4).empty());
    world.crash(next);
    world.run_until([&] { return !world.all_served(); });
    world.run(Duration(100));
    EXPECT_EQ(world[gateway].node->guests(3), guests);
}

TEST_F(ThreeDaemons, take_what_a_dead_one_led_soon_after_its_entries_expire) {
    const int before = world.opened();
    world.crash(1);
    const auto took = world.run_until([&] { return world.is_balanced({0, 2}); });
    EXPECT_LE(took, Duration(3'000 + 750 + 300));
    EXPECT_EQ(world.opened() - before, 4) << "the partitions of others stay where they are";
}

TEST_F(ThreeDaemons, read_what_a_silent_one_leads_before_it_is_taken_for_dead) {
    std::map<int, std::set<Partition>> served;
    for (int i = 0; i < 3; ++i) served[i] = world[i].serving;
    world.crash(1);
    const auto is_copied = [&] {
        return world[0].copied.size() + world[2].copied.size() == served[1].size();
    };
    EXPECT_LE(world.run_until(is_copied), Duration(1'750 + 150));
    EXPECT_FALSE(world.all_served());
    world.run_until([&] { return world.is_balanced({0, 2}); });
    for (const int heir : {0, 2}) {
        for (const auto partition : world[heir].serving) {
            EXPECT_EQ(world[heir].copied.count(partition), served[heir].contains(partition) ? 0 : 1)
                << "partition " << partition << " of node" << heir;
        }
    }
}

TEST_F(ThreeDaemons, read_nothing_while_everybody_renews_or_nobody_can) {
    world.run(Duration(20'000));
    world.is_bucket_away = true;
    world.run(Duration(6'000));
    world.is_bucket_away = false;
    world.run(Duration(20'000));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(world[i].copied.empty());
}

TEST_F(ThreeDaemons, the_last_ones_to_stop_have_nobody_to_hand_over_to) {
    for (int i = 0; i < 3; ++i) world.drain(i);
    world.run(Duration(2'000));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(world[i].is_drained);
    for (Partition i = 0; i < partitions; ++i) EXPECT_TRUE(world.serving(i).empty());
    const int next = world.add();
    EXPECT_LE(world.run_until([&] { return world.is_balanced({next}); }), Duration(1'300));
}

TEST_F(ThreeDaemons, a_stopping_daemon_that_reaches_nobody_ends_when_its_entries_have) {
    world.cut(0);
    world.drain(0);
    EXPECT_LE(world.run_until([&] { return world[0].is_drained; }), Duration(3'200));
}

TEST_F(ThreeDaemons, a_paused_one_is_replaced_and_notices_when_it_goes_on) {
    world.pause(2);
    const auto led = world[2].serving;
    world.run(Duration(15'000));
    for (const auto partition : led) EXPECT_EQ(world.serving(partition).size(), 2U);
    world.resume(2);
    world.run(Duration(300));
    EXPECT_TRUE(world.all_served());
    world.run(Duration(35'000));
    EXPECT_TRUE(world.is_balanced({0, 1, 2}));
}

TEST_F(ThreeDaemons, one_that_is_cut_off_is_replaced_and_gets_its_share_back) {
    world.cut(0);
    const auto led = world[0].serving;
    world.run(Duration(5'000));
    for (const auto partition : led) {
        EXPECT_EQ(world.serving(partition).size(), 2U);
        EXPECT_LE(world[0].answers_until[partition], world.now());
    }
    world.heal(0);
    world.run(Duration(35'000));
    EXPECT_TRUE(world.is_balanced({0, 1, 2}));
}

/// The bucket's own servers choose a new leader: nobody can write for a while, every entry expires.
TEST_F(ThreeDaemons, nothing_changes_hands_while_the_bucket_is_away) {
    const int before = world.opened();
    world.is_bucket_away = true;
    world.run(Duration(9'000));
    for (int number = 0; number < 3; ++number) {
        for (const auto& [partition, until] : world[number].answers_until) {
            EXPECT_LE(until, world.now()) << "answers need commits by now";
        }
    }
    world.is_bucket_away = false;
    EXPECT_EQ(longest_gap(Duration(10'000)), Duration(0));
    EXPECT_EQ(world.opened(), before);
    for (int number = 0; number < 3; ++number) {
        for (const auto& [partition, until] : world[number].answers_until) {
            EXPECT_GT(until, world.now()) << "and no more";
        }
    }
}

TEST_F(ThreeDaemons, ask_again_for_a_proof_that_a_store_did_not_take) {
    world[0].refuses_proofs = true;
    world.is_bucket_away = true;
    world.run(Duration(3'500));  // the entries have gone, and are made anew
    world.is_bucket_away = false;
    world.run(Duration(2'000));
    for (const auto& [partition, until] : world[0].answers_until) EXPECT_LE(until, world.now());
    world[0].refuses_proofs = false;
    world.run(Duration(1'000));
    EXPECT_EQ(world[0].serving.size(), 4U);
    for (const auto partition : world[0].serving) {
        EXPECT_GT(world[0].answers_until[partition], world.now());
    }
}

TEST_F(ThreeDaemons, a_dead_one_is_replaced_although_the_bucket_was_away) {
    world.is_bucket_away = true;
    world.crash(0);
    world.run(Duration(6'000));
    world.is_bucket_away = false;
    EXPECT_LE(world.run_until([&] { return world.is_balanced({1, 2}); }), Duration(3'000));
}

TEST_F(ThreeDaemons, a_daemon_opens_its_partition_again_when_its_store_broke) {
    const int leader = world.serving(5).front();
    world.break_log(5);
    world.run(Duration(10));
    EXPECT_TRUE(world.serving(5).empty());
    const auto took = world.run_until([&] { return !world.serving(5).empty(); });
    EXPECT_LE(took, Duration(400));
    EXPECT_EQ(world.serving(5).front(), leader);
}

TEST_F(ThreeDaemons, a_partition_that_one_cannot_open_is_offered_to_the_next) {
    const int leader = world.serving(5).front();
    world[leader].opens_fail = true;
    world.break_log(5);
    const auto took =
        world.run_until([&] { return world.all_served() && world.serving(5).front() != leader; });
    EXPECT_LE(took, Duration(2'000));
    EXPECT_LE(world[leader].opened, 4 + 3);
}

TEST_F(ThreeDaemons, a_partition_that_nobody_can_open_is_tried_ever_more_seldom) {
    for (int i = 0; i < 3; ++i) world[i].opens_fail = true;
    const int before = world.opened();
    world.break_log(5);
    world.run(Duration(120'000));
    EXPECT_LE(world.opened() - before, 50);
    EXPECT_EQ(world.load(0) + world.load(1) + world.load(2), partitions - 1)
        << "the others stay where they are";
    const int fourth = world.add();
    world.run(Duration(10'000));
    EXPECT_EQ(world.load(fourth), 3U) << "and are shared";
    for (int i = 0; i < 3; ++i) world[i].opens_fail = false;
    EXPECT_LE(world.run_until([&] { return world.all_served(); }), Duration(35'000));
}

TEST_F(ThreeDaemons, answers_about_writes_may_be_lost) {
    for (int i = 0; i < 3; ++i) world[i].loses_answers = true;
    world.run(Duration(20'000));
    EXPECT_TRUE(world.all_served());
    for (int i = 0; i < 3; ++i) world[i].loses_answers = false;
    world.run(Duration(35'000));
    EXPECT_TRUE(world.is_balanced({0, 1, 2}));
}

TEST(ClusterNode, whose_claim_was_not_answered_finds_out_by_watching) {
    World world(1);
    world.add();
    world.run(Duration(900));
    world[0].loses_answers = true;
    world.run(Duration(600));
    world[0].loses_answers = false;
    EXPECT_LE(world.run_until([&] { return world.all_served(); }), Duration(1'800));
}

TEST(ClusterNode, a_daemon_with_another_number_of_partitions_leads_nothing) {
    World world(partitions);
    world.add();
    world.run(Duration(2'000));
    const int other = world.add(partitions + 1);
    world.run(Duration(10'000));
    EXPECT_TRUE(world.is_balanced({0}));
    ASSERT_TRUE(world[other].node->misfit());
    EXPECT_EQ(world[other].node->misfit()->id, World::id(0));
    EXPECT_FALSE(world[0].node->misfit());
}

TEST(ClusterNode, a_partition_that_is_not_there_is_led_by_nobody) {
    World world(2);
    world.add();
    world.run(Duration(2'000));
    EXPECT_EQ(world[0].node->leader(2, world.now()), LeaderView{});
}

}  // namespace
}  // namespace baton::queue::cluster
