// Deterministic simulation of a cluster: daemons that pause, crash, come and go, servers that are
// away, messages that are lost and late, clocks that jump; each run made of one number.
//   BATON_TEST_SEED=N replays the run of that seed (BATON_SIM_TRACE=1 tells it);
//   BATON_SIM_SECONDS=N goes on for that long.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "cluster_sim.h"
#include "sim_environment.h"

namespace baton::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

SimOutcome simulate(std::uint64_t seed, Mistake mistake = Mistake::none) {
    SimCluster cluster(seed, mistake);
    if (given("BATON_SIM_TRACE")) {
        cluster.world().log = [&](const std::string& what) {
            std::cout << cluster.world().agenda.now().time_since_epoch().count() << " " << what
                      << "\n";
        };
    }
    return cluster.run();
}

std::string text(const SimOutcome& outcome) {
    std::string all;
    for (const auto& violation : outcome.violations) all += violation + "\n";
    return all;
}

TEST(ClusterSimulation, nothing_is_lost_doubled_or_out_of_order_and_all_ends_well) {
    const auto replay = given("BATON_TEST_SEED");
    const auto seconds = replay ? 0 : given("BATON_SIM_SECONDS").value_or(20);
    const auto end = SteadyClock::now() + std::chrono::seconds(seconds);
    std::uint64_t seed = replay.value_or(std::random_device{}());
    std::size_t runs = 0;
    std::size_t accepted = 0;
    std::size_t openings = 0;
    do {
        const auto outcome = simulate(seed);
        ASSERT_EQ(text(outcome), "")
            << "after " << runs << " runs; BATON_TEST_SEED=" << seed << " replays this one";
        ++seed;
        ++runs;
        accepted += outcome.accepted;
        openings += outcome.openings;
    } while (SteadyClock::now() < end);
    RecordProperty("runs", std::to_string(runs));
    std::cout << runs << " runs, " << accepted << " messages, " << openings
              << " times a log was taken over\n";
}

TEST(ClusterSimulation, a_seed_tells_the_whole_run) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const auto once = simulate(seed);
        const auto twice = simulate(seed);
        EXPECT_EQ(once.trace, twice.trace);
        EXPECT_EQ(once.accepted, twice.accepted);
        EXPECT_NE(once.trace, simulate(seed + 100).trace);
    }
}

/// What the simulation has to find.
struct Planted {
    Mistake mistake;
    const char* name;
};

class ClusterChecker : public testing::TestWithParam<Planted> {};

TEST_P(ClusterChecker, finds) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const auto outcome = simulate(seed, GetParam().mistake);
        if (outcome.violations.empty()) continue;
        std::cout << "run " << seed << ": " << outcome.violations.front() << "\n";
        return;
    }
    FAIL() << "many runs, and nothing was noticed";
}

INSTANTIATE_TEST_SUITE_P(A, ClusterChecker,
    testing::Values(Planted{Mistake::no_fencing, "a_log_that_takes_entries_of_a_deposed_leader"},
        Planted{Mistake::opens_early, "a_leader_that_does_not_read_the_log_to_its_end"},
        Planted{Mistake::loses_entries, "a_log_that_loses_entries"},
        Planted{Mistake::forgets_lost_answer, "a_lost_answer_taken_for_nothing_written"},
        Planted{Mistake::goes_on_after_close, "a_leader_that_goes_on_after_its_hand_over"},
        Planted{Mistake::no_lease, "a_deposed_leader_that_answers_from_memory"},
        Planted{Mistake::answers_early, "answers_before_the_log_has_the_records"},
        Planted{Mistake::no_dedup, "an_engine_that_forgets_what_was_posted"},
        Planted{Mistake::no_order, "an_engine_that_forgets_keys"},
        Planted{Mistake::loses_acks, "acks_that_are_answered_and_not_done"},
        Planted{Mistake::lends_twice, "leases_that_are_extended_in_words_only"}),
    [](const auto& planted) { return std::string(planted.param.name); });

}  // namespace
}  // namespace baton::test
