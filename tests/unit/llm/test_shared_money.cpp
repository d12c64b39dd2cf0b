// Money of a day that several daemons share, through a database that loses answers, with daemons
// that pause and die, and clocks that show different days.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "share_world.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;

constexpr ShareFaults all_faults{.lost = 0.05,
    .slow = 0.3,
    .pause = 0.01,
    .cut = 0.01,
    .death = 0.01,
    .rate_spread = 0.01,
    .skew = 30s};

/// Five minutes with midnight in the middle of them; stops when a limit was exceeded.
void live_through(ShareWorld& world) {
    const auto any_load = [&world] {
        const bool is_idle = world.even() < 0.3;
        return ShareLoad{.per_second = is_idle ? 0 : 20 * world.even(),
            .longest = Duration(static_cast<std::int64_t>(10 + 4'000 * world.even())),
            .cost_max = 0.01 + world.even()};
    };
    constexpr std::size_t daemons = 5;
    for (std::size_t i = 0; i < daemons; ++i) world.add(any_load());
    for (int part = 0; part < 30; ++part) {
        world.run_for(10s);
        for (std::size_t i = 0; i < daemons; ++i) world.set_load(i, any_load());
        if (world.overshoot() > 0) return;
    }
}

/// One run, whose number a failure names: BATON_TEST_SEED=N plays it again.
class SharedMoneySim : public testing::TestWithParam<std::uint64_t> {
protected:
    static std::uint64_t seed() {
        const char* given = std::getenv("BATON_TEST_SEED");
        return given == nullptr ? GetParam() : std::stoull(given);
    }
};

TEST_P(SharedMoneySim, no_day_sees_more_than_its_limit_whatever_fails) {
    constexpr double limit = 300;
    ShareWorld world(seed(), {.cost_per_day = limit}, all_faults);
    live_through(world);
    EXPECT_EQ(world.overshoot(), 0U) << "BATON_TEST_SEED=" << seed();
    ASSERT_EQ(world.spent().size(), 2U) << "two days";
    for (const auto& [day, spent] : world.spent()) {
        EXPECT_GT(spent, limit / 2) << "BATON_TEST_SEED=" << seed();
    }
}
INSTANTIATE_TEST_SUITE_P(Seeds, SharedMoneySim, testing::Range<std::uint64_t>(1, 17));

class SharedMoneyMistake : public testing::TestWithParam<ShareMistake> {};

TEST_P(SharedMoneyMistake, is_found) {
    std::uint64_t overshoot = 0;
    for (std::uint64_t number = 1; number <= 16 && overshoot == 0; ++number) {
        ShareWorld world(number, {.cost_per_day = 300}, all_faults, GetParam());
        live_through(world);
        overshoot = world.overshoot();
    }
    EXPECT_GT(overshoot, 0U);
}
INSTANTIATE_TEST_SUITE_P(Each, SharedMoneyMistake,
    testing::Values(ShareMistake::spends_before_it_is_written,
        ShareMistake::takes_back_what_is_in_force, ShareMistake::forgets_what_the_dead_have_spent,
        ShareMistake::reads_in_another_transaction));

TEST(SharedMoney, all_of_a_day_is_spent_by_who_has_work) {
    ShareWorld world(1, {.cost_per_day = 100});
    for (int i = 0; i < 3; ++i) world.add({.per_second = 5, .cost_max = 0.5});
    world.run_for(120s);
    ASSERT_EQ(world.spent().size(), 1U);
    EXPECT_GT(world.spent().begin()->second, 99);
    EXPECT_EQ(world.overshoot(), 0U);
}

TEST(SharedMoney, a_daemon_that_dies_takes_little_of_the_day_with_it) {
    ShareWorld world(2, {.cost_per_day = 100});
    const auto first = world.add({.per_second = 5, .cost_max = 0.5});
    const auto second = world.add({});
    world.run_for(10s);
    world.kill(first);
    world.set_load(second, {.per_second = 5, .cost_max = 0.5});
    world.run_for(120s);
    EXPECT_GT(world.spent().begin()->second, 95);
    EXPECT_EQ(world.overshoot(), 0U);
}

TEST(SharedMoney, is_claimed_ahead_and_written_about_once_a_second) {
    ShareWorld world(3, {.cost_per_day = 100'000});
    for (int i = 0; i < 3; ++i) world.add({.per_second = 100, .cost_max = 0.1});
    world.run_for(5s);
    world.forget_counts();
    world.run_for(60s);
    EXPECT_GT(world.sent(), 17'900U) << "of 18,000: none waits";
    EXPECT_LT(world.claims(), 3U * 60 * 2);
    for (std::size_t i = 0; i < 3; ++i) world.set_load(i, {});
    world.run_for(70s);
    world.forget_counts();
    world.run_for(10s);
    EXPECT_EQ(world.claims(), 0U) << "who spends nothing writes nothing";
}

}  // namespace
}  // namespace baton::llm
