#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "share_world.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;

std::uint64_t sum(const std::vector<std::uint64_t>& shares) {
    return std::accumulate(shares.begin(), shares.end(), std::uint64_t{0});
}
std::uint64_t demand(const ShareParty& party) { return party.in_use + party.want; }

std::vector<ShareParty> any_parties(bool some_wait) {
    const auto count = *rc::gen::inRange(1, 9);
    std::vector<ShareParty> parties;
    for (int i = 0; i < count; ++i) {
        ShareParty party{.in_use = *rc::gen::inRange<std::uint64_t>(0, 120),
            .want = *rc::gen::inRange<std::uint64_t>(0, 120)};
        if (some_wait && party.want > 0 && *rc::gen::arbitrary<bool>()) {
            party.unit = *rc::gen::inRange<std::uint64_t>(1, party.want + 1);
            party.waited = Duration(*rc::gen::inRange(0, 1'000));
        }
        parties.push_back(party);
    }
    return parties;
}

RC_GTEST_PROP(SplitLimit, never_gives_more_than_there_is_or_than_anybody_wants, ()) {
    const auto total = *rc::gen::inRange<std::uint64_t>(0, 300);
    const auto parties = any_parties(true);
    const auto shares = split_limit(total, parties);
    RC_ASSERT(shares.size() == parties.size());
    RC_ASSERT(sum(shares) <= total);
    for (std::size_t i = 0; i < parties.size(); ++i) RC_ASSERT(shares[i] <= demand(parties[i]));
}

RC_GTEST_PROP(SplitLimit, leaves_nothing_while_somebody_wants_it, ()) {
    const auto total = *rc::gen::inRange<std::uint64_t>(0, 300);
    const auto parties = any_parties(true);
    std::uint64_t wanted = 0;
    for (const auto& party : parties) {
        wanted += std::min(total, party.in_use) + std::min(total, party.want);
    }
    RC_ASSERT(sum(split_limit(total, parties)) == std::min(total, wanted));
}

RC_GTEST_PROP(SplitLimit, is_max_min_fair, ()) {
    const auto total = *rc::gen::inRange<std::uint64_t>(0, 300);
    const auto parties = any_parties(false);
    const auto shares = split_limit(total, parties);
    for (std::size_t i = 0; i < parties.size(); ++i) {
        const auto most = std::min(total, parties[i].in_use) + std::min(total, parties[i].want);
        if (shares[i] == most) continue;
        RC_ASSERT(shares[i] + 1 >= *std::ranges::max_element(shares));
    }
}

RC_GTEST_PROP(SplitLimit, who_waited_longest_gets_what_it_can_use, ()) {
    const auto total = *rc::gen::inRange<std::uint64_t>(1, 300);
    auto parties = any_parties(true);
    auto& first = parties.front();
    first.in_use = 0;
    first.unit = *rc::gen::inRange<std::uint64_t>(1, std::max<std::uint64_t>(2, total / 2));
    first.want = first.unit;
    first.waited = 2s;
    RC_ASSERT(split_limit(total, parties).front() >= first.unit);
}

// ---- Many daemons ----

/// One run, whose number a failure names: BATON_TEST_SEED=N plays it again.
class SharedLimitsSim : public testing::TestWithParam<std::uint64_t> {
protected:
    static std::uint64_t seed() {
        const char* given = std::getenv("BATON_TEST_SEED");
        return given == nullptr ? GetParam() : std::stoull(given);
    }
};

/// Five minutes in which everything fails; stops when a limit was exceeded.
void live_through(ShareWorld& world) {
    const auto any_load = [&world] {
        const bool is_idle = world.even() < 0.3;
        return ShareLoad{.per_second = is_idle ? 0 : 20 * world.even(),
            .longest = Duration(static_cast<std::int64_t>(10 + 4'000 * world.even())),
            .tokens_max = static_cast<std::uint64_t>(1 + 400 * world.even())};
    };
    constexpr std::size_t daemons = 5;
    for (std::size_t i = 0; i < daemons; ++i) world.add(any_load());
    for (int part = 0; part < 30; ++part) {
        world.run_for(10s);
        for (std::size_t i = 0; i < daemons; ++i) world.set_load(i, any_load());
        if (world.overshoot() > 0) return;
    }
}

constexpr ShareFaults all_faults{
    .lost = 0.05, .stall = 0.01, .pause = 0.01, .cut = 0.01, .death = 0.01, .rate_spread = 0.01};
constexpr Limits all_limits{
    .concurrency = 20, .requests_per_minute = 400, .output_tokens_per_minute = 30'000};

TEST_P(SharedLimitsSim, no_minute_sees_more_than_the_limit_whatever_fails) {
    ShareWorld world(seed(), all_limits, all_faults);
    live_through(world);
    EXPECT_EQ(world.overshoot(), 0U) << "BATON_TEST_SEED=" << seed();
    EXPECT_GT(world.sent(), 300U) << "BATON_TEST_SEED=" << seed();
}
INSTANTIATE_TEST_SUITE_P(Seeds, SharedLimitsSim, testing::Range<std::uint64_t>(1, 17));

class SharedLimitsMistake : public testing::TestWithParam<ShareMistake> {};

TEST_P(SharedLimitsMistake, is_found) {
    std::uint64_t overshoot = 0;
    for (std::uint64_t number = 1; number <= 16 && overshoot == 0; ++number) {
        ShareWorld world(number, all_limits, all_faults, GetParam());
        live_through(world);
        overshoot = world.overshoot();
    }
    EXPECT_GT(overshoot, 0U);
}
INSTANTIATE_TEST_SUITE_P(Each, SharedLimitsMistake,
    testing::Values(ShareMistake::uses_before_the_log_shows, ShareMistake::lowers_after_telling,
        ShareMistake::holds_too_long, ShareMistake::forgets_who_died,
        ShareMistake::claims_too_little));

TEST(SharedLimits, one_that_has_work_gets_all_and_quickly) {
    ShareWorld world(1, {.requests_per_minute = 600});
    world.add({.per_second = 100});
    world.add({});
    world.add({});
    world.run_for(10s);
    EXPECT_EQ(world.sent(), 600U);
    world.run_for(60s);
    EXPECT_GE(world.sent(0), 1'150U);
    EXPECT_EQ(world.overshoot(), 0U);
}

TEST(SharedLimits, what_is_free_comes_to_who_wants_it_within_a_second) {
    ShareWorld world(2, {.concurrency = 12});
    world.add({.per_second = 300, .longest = 100ms});
    world.add({});
    world.run_for(5s);
    const auto alone = world.sent(0);
    EXPECT_GT(alone, 800U) << "12 slots, 50 ms a request";
    world.set_load(1, {.per_second = 300, .longest = 100ms});
    world.run_for(1s);
    world.forget_counts();
    world.run_for(5s);
    EXPECT_GT(world.sent(0), 300U);
    EXPECT_GT(world.sent(1), 300U);
    EXPECT_GT(world.sent(), alone * 8 / 10) << "sharing wastes little";
    world.set_load(0, {});
    world.run_for(1s);
    world.forget_counts();
    world.run_for(5s);
    EXPECT_GT(world.sent(1), alone * 9 / 10);
    EXPECT_EQ(world.overshoot(), 0U);
}

TEST(SharedLimits, a_minute_is_shared_fairly_as_it_drains) {
    ShareWorld world(3, {.requests_per_minute = 600});
    world.add({.per_second = 100});
    world.add({});
    world.add({});
    world.run_for(10s);
    for (std::size_t i = 1; i < 3; ++i) world.set_load(i, {.per_second = 100});
    world.run_for(180s);
    world.forget_counts();
    world.run_for(240s);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_GT(world.sent(i), 600U) << i;
        EXPECT_LT(world.sent(i), 1'000U) << i;
    }
    EXPECT_GT(world.sent(), 2'100U) << "of 2400, in windows of up to 61 s";
    EXPECT_EQ(world.overshoot(), 0U);
}

TEST(SharedLimits, a_single_slot_goes_from_daemon_to_daemon) {
    ShareWorld world(4, {.concurrency = 1});
    for (int i = 0; i < 4; ++i) world.add({.per_second = 50, .longest = 100ms});
    world.run_for(60s);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_GT(world.sent(i), 20U) << i;
    EXPECT_GT(world.sent(), 300U);
    EXPECT_EQ(world.overshoot(), 0U);
}

TEST(SharedLimits, requests_larger_than_anybodys_part_are_sent_all_the_same) {
    ShareWorld world(5, {.output_tokens_per_minute = 10'000});
    for (int i = 0; i < 4; ++i) world.add({.per_second = 20, .tokens_max = 4'000});
    world.run_for(120s);
    world.forget_counts();
    world.run_for(600s);
    std::uint64_t tokens = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        tokens += world.sent_tokens(i);
        EXPECT_GT(world.sent(i), 3U) << i;
    }
    EXPECT_GT(tokens, 50'000U) << "of 100,000";
    EXPECT_EQ(world.overshoot(), 0U);
}

TEST(SharedLimits, what_a_dead_daemon_used_counts_until_its_minute_is_over) {
    ShareWorld world(6, {.concurrency = 10, .requests_per_minute = 600});
    const auto first = world.add({.per_second = 100});
    const auto second = world.add({.per_second = 5});
    world.run_for(20s);
    world.kill(first);
    world.set_load(second, {.per_second = 100});
    world.run_for(70s);
    world.forget_counts();
    world.run_for(60s);
    EXPECT_GT(world.sent(second), 570U);
    EXPECT_EQ(world.overshoot(), 0U);
}

TEST(SharedLimits, who_has_nothing_to_do_tells_nothing) {
    ShareWorld world(7, {.concurrency = 10, .requests_per_minute = 600});
    for (int i = 0; i < 3; ++i) world.add({.per_second = 2});
    world.run_for(10s);
    EXPECT_LT(world.tellings(), 3U * 10 * 5);
    for (std::size_t i = 0; i < 3; ++i) world.set_load(i, {});
    world.run_for(5s);
    world.forget_counts();
    world.run_for(60s);
    EXPECT_EQ(world.tellings(), 0U);
}

}  // namespace
}  // namespace baton::llm
