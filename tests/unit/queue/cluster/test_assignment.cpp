#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "queue/cluster/assignment.h"

namespace baton::queue::cluster {
namespace {

Candidate daemon(int number) {
    const auto name = "node" + std::to_string(number);
    return {DaemonId(name + "-1"), name};
}

std::vector<Candidate> daemons(int count) {
    std::vector<Candidate> all;
    for (int i = 0; i < count; ++i) all.push_back(daemon(i));
    return all;
}

std::map<DaemonId, std::size_t> loads(const Leaders& leaders) {
    std::map<DaemonId, std::size_t> counts;
    for (const auto& leader : leaders) {
        if (leader) ++counts[*leader];
    }
    return counts;
}

void expect_balanced(const Leaders& plan, const std::vector<Candidate>& candidates) {
    auto counts = loads(plan);
    for (const auto& candidate : candidates) {
        EXPECT_GE(counts[candidate.id], plan.size() / candidates.size());
        EXPECT_LE(counts[candidate.id], (plan.size() + candidates.size() - 1) / candidates.size());
    }
    EXPECT_LE(counts.size(), candidates.size());
}

std::size_t moved(const Leaders& before, const Leaders& after) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < before.size(); ++i) count += before[i] != after[i] ? 1 : 0;
    return count;
}

TEST(Assignment, nobody_leads_when_nobody_is_there) {
    EXPECT_EQ(assign({}, Leaders(3)), Leaders(3));
    EXPECT_EQ(assign({}, Leaders(3, DaemonId("gone"))), Leaders(3));
}

TEST(Assignment, shares_evenly_whatever_the_numbers) {
    for (std::size_t partitions = 1; partitions <= 33; ++partitions) {
        for (int count = 1; count <= 12; ++count) {
            expect_balanced(assign(daemons(count), Leaders(partitions)), daemons(count));
        }
    }
}

TEST(Assignment, the_order_in_which_daemons_are_known_does_not_matter) {
    auto candidates = daemons(7);
    const auto plan = assign(candidates, Leaders(64));
    std::mt19937 random(1);
    for (int i = 0; i < 20; ++i) {
        std::ranges::shuffle(candidates, random);
        EXPECT_EQ(assign(candidates, Leaders(64)), plan);
        EXPECT_EQ(line_for(3, candidates), line_for(3, daemons(7)));
    }
}

TEST(Assignment, a_plan_that_is_carried_out_stays) {
    const auto plan = assign(daemons(5), Leaders(32));
    EXPECT_EQ(assign(daemons(5), plan), plan);
}

/// Daemons carry out their parts at different times, and each plans anew meanwhile.
TEST(Assignment, what_was_done_of_a_plan_does_not_change_the_rest) {
    std::mt19937 random(2);
    for (int run = 0; run < 300; ++run) {
        const int count = 1 + static_cast<int>(random() % 8);
        const std::size_t partitions = 1 + random() % 40;
        Leaders now(partitions);
        for (auto& leader : now) {
            const int number = static_cast<int>(random() % (count + 3));
            if (number <= count) leader = daemon(number).id;  // one of them has gone
        }
        const auto plan = assign(daemons(count), now);
        expect_balanced(plan, daemons(count));
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < partitions; ++i) order.push_back(i);
        std::ranges::shuffle(order, random);
        for (const auto i : order) {
            now[i] = plan[i];
            ASSERT_EQ(assign(daemons(count), now), plan);
        }
    }
}

TEST(Assignment, when_a_daemon_comes_only_what_it_gets_moves) {
    for (std::size_t partitions = 1; partitions <= 64; ++partitions) {
        for (int count = 1; count <= 9; ++count) {
            const auto before = assign(daemons(count), Leaders(partitions));
            const auto after = assign(daemons(count + 1), before);
            expect_balanced(after, daemons(count + 1));
            EXPECT_EQ(moved(before, after), loads(after)[daemon(count).id]);
        }
    }
}

TEST(Assignment, when_a_daemon_goes_only_what_it_had_moves) {
    for (std::size_t partitions = 1; partitions <= 64; ++partitions) {
        for (int count = 2; count <= 9; ++count) {
            const auto before = assign(daemons(count), Leaders(partitions));
            for (int gone = 0; gone < count; ++gone) {
                auto left = daemons(count);
                left.erase(left.begin() + gone);
                const auto after = assign(left, before);
                expect_balanced(after, left);
                EXPECT_EQ(moved(before, after), loads(before)[daemon(gone).id]);
            }
        }
    }
}

TEST(Assignment, a_daemon_that_comes_back_gets_much_of_what_it_had) {
    const auto before = assign(daemons(4), Leaders(256));
    const auto without = assign(daemons(3), before);
    auto again = daemons(3);
    again.push_back({DaemonId("node3-2"), "node3"});
    const auto after = assign(again, without);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const bool is_its = before[i] == daemon(3).id && after[i] == again[3].id;
        kept += is_its ? 1 : 0;
    }
    EXPECT_GT(kept, 256U / 4 / 4);  // a quarter by chance would be 16
}

TEST(Assignment, every_daemon_stands_in_line_once) {
    for (Partition partition = 0; partition < 20; ++partition) {
        const auto line = line_for(partition, daemons(6));
        EXPECT_EQ(std::set<DaemonId>(line.begin(), line.end()).size(), 6U);
    }
}

TEST(Assignment, lines_begin_with_different_daemons) {
    std::map<DaemonId, int> firsts;
    for (Partition partition = 0; partition < 256; ++partition) {
        ++firsts[line_for(partition, daemons(4)).front()];
    }
    for (const auto& [id, count] : firsts) {
        EXPECT_GT(count, 32) << id.text;
        EXPECT_LT(count, 128) << id.text;
    }
}

}  // namespace
}  // namespace baton::queue::cluster
