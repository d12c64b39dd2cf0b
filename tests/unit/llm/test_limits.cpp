#include <deque>
#include <queue>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "llm/limits.h"
#include "support/fake_clock.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;
using test::FakeClock;

class LimitsTest : public testing::Test {
protected:
    Now now() const { return {clock.steady_now(), clock.now()}; }
    bool fits(LimitBook& book, const Need& need) { return wait(book, need) == Duration(0); }
    Duration wait(LimitBook& book, const Need& need) {
        return std::chrono::ceil<Duration>(
            book.admits_at(need, now(), now().steady + 50ms) - now().steady);
    }
    FakeClock clock;
};

TEST_F(LimitsTest, says_what_is_left_and_when_all_is_again) {
    LimitBook book({.requests_per_minute = 3});
    EXPECT_EQ(book.rooms(now().steady), (Rooms{.requests = {.limit = 3, .left = 3}}));
    book.reserve({}, now());
    clock.advance(10s);
    book.reserve({}, now());
    auto room = book.rooms(now().steady).requests;
    EXPECT_EQ(room.left, 1U);
    EXPECT_GT(room.full_in, 59s);
    EXPECT_LE(room.full_in, 61s);
    clock.advance(room.full_in - 1ms);
    EXPECT_EQ(book.rooms(now().steady).requests.left, 2U);
    clock.advance(1ms);
    EXPECT_EQ(book.rooms(now().steady).requests, (Room{.limit = 3, .left = 3}));
}

TEST_F(LimitsTest, room_for_tokens_is_the_tighter_of_input_and_output) {
    LimitBook book({.input_tokens_per_minute = 100, .output_tokens_per_minute = 1000});
    book.reserve({.input_tokens = 30, .output_tokens = 200}, now());
    EXPECT_EQ(book.rooms(now().steady).tokens.limit, 100U);
    EXPECT_EQ(book.rooms(now().steady).tokens.left, 70U);
    book.reserve({.input_tokens = 1, .output_tokens = 900}, now());
    EXPECT_EQ(book.rooms(now().steady).tokens.limit, 1000U);
    EXPECT_EQ(book.rooms(now().steady).tokens.left, 0U) << "one that surprised: not less than 0";
    EXPECT_EQ(book.rooms(now().steady).requests, Room());
}

TEST_F(LimitsTest, tighter_is_less_left_then_full_later) {
    const Rooms one{.requests = {.limit = 9, .left = 2, .full_in = 5ms}, .tokens = {}};
    const Rooms less{.requests = {.limit = 3, .left = 1}, .tokens = {.limit = 7, .left = 7}};
    const Rooms later{.requests = {.limit = 3, .left = 2, .full_in = 6ms}, .tokens = {}};
    EXPECT_EQ(tighter(one, less), less);
    EXPECT_EQ(tighter(less, one), less);
    EXPECT_EQ(tighter(one, later), later);
    EXPECT_EQ(tighter(later, one), later);
    EXPECT_EQ(tighter(one, {}), one);
}

TEST_F(LimitsTest, requests_of_a_minute_are_counted) {
    LimitBook book({.requests_per_minute = 3});
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(fits(book, {}));
        book.reserve({}, now());
    }
    const Duration left = wait(book, {});
    EXPECT_GE(left, 60s);
    EXPECT_LE(left, 61s);
    clock.advance(left - 1ms);
    EXPECT_FALSE(fits(book, {}));
    clock.advance(1ms);
    EXPECT_TRUE(fits(book, {}));
}

TEST_F(LimitsTest, what_was_estimated_too_high_is_given_back) {
    LimitBook book({.output_tokens_per_minute = 1000});
    const Need estimate{.output_tokens = 900};
    const SteadyTime began = now().steady;
    book.reserve(estimate, now());
    EXPECT_FALSE(fits(book, {.output_tokens = 101}));
    clock.advance(5s);
    book.settle(estimate, {.output_tokens = 100}, began, now());
    EXPECT_TRUE(fits(book, {.output_tokens = 900}));
    EXPECT_FALSE(fits(book, {.output_tokens = 901}));
}

TEST_F(LimitsTest, request_larger_than_the_limit_waits_for_an_empty_window_only) {
    LimitBook book({.input_tokens_per_minute = 100});
    EXPECT_TRUE(fits(book, {.input_tokens = 5000}));
    book.reserve({.input_tokens = 5000}, now());
    EXPECT_FALSE(fits(book, {.input_tokens = 1}));
    clock.advance(61s);
    EXPECT_TRUE(fits(book, {.input_tokens = 100}));
}

TEST_F(LimitsTest, concurrency_is_free_again_when_one_ends) {
    LimitBook book({.concurrency = 2});
    book.reserve({}, now());
    book.reserve({}, now());
    EXPECT_EQ(wait(book, {}), 50ms);
    book.settle({}, {}, now().steady, now());
    EXPECT_TRUE(fits(book, {}));
}

TEST_F(LimitsTest, money_of_a_day_comes_back_at_midnight_utc) {
    LimitBook book({.cost_per_day = 1.0});
    clock.advance(10h);
    book.reserve({.cost = 0.6}, now());
    EXPECT_FALSE(fits(book, {.cost = 0.5})) << "an estimate is held";
    EXPECT_EQ(wait(book, {.cost = 0.5}), 50ms) << "it may turn out to be less";
    book.settle({.cost = 0.6}, {.cost = 0.7}, now().steady, now());
    EXPECT_TRUE(fits(book, {.cost = 0.3}));
    EXPECT_EQ(wait(book, {.cost = 0.4}), 14h);
    clock.advance(14h);
    EXPECT_TRUE(fits(book, {.cost = 0.4}));
    EXPECT_EQ(book.purse().spent(clock.now()), 0);
}

/// 64 workers in a simulation: each takes what it may, is busy for a while, and settles less than
/// or as much as it reserved. No 60 seconds may see more than the limits, counted by when requests
/// began, and what may be used is used.
RC_GTEST_PROP(Limits, sixty_four_workers_stay_within_the_minute, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    std::mt19937 random(seed);
    const auto even = [&](std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
    };
    FakeClock clock;
    const auto now = [&] { return Now{clock.steady_now(), clock.now()}; };
    constexpr std::uint64_t requests_max = 600;
    constexpr std::uint64_t output_max = 60'000;
    LimitBook book({.requests_per_minute = requests_max, .output_tokens_per_minute = output_max});

    struct Busy {
        SteadyTime ends;
        SteadyTime began;
        Need estimate;
        Need fact;
        bool operator<(const Busy& other) const { return ends > other.ends; }
    };
    std::priority_queue<Busy> busy;
    std::deque<std::pair<SteadyTime, std::uint64_t>> minute;
    std::uint64_t output = 0;
    std::uint64_t output_in_all = 0;
    const SteadyTime end = now().steady + 5min;
    while (now().steady < end) {
        while (!busy.empty() && busy.top().ends <= now().steady) {
            const Busy done = busy.top();
            busy.pop();
            book.settle(done.estimate, done.fact, done.began, now());
        }
        while (busy.size() < 64) {
            const std::uint64_t fact = even(1, 400);
            const Need estimate{.output_tokens = fact + even(0, 100)};
            if (book.admits_at(estimate, now(), now().steady + 1ms) > now().steady) break;
            book.reserve(estimate, now());
            busy.push({now().steady + Duration(even(50, 8'000)), now().steady, estimate,
                {.output_tokens = fact}});
            minute.emplace_back(now().steady, fact);
            output += fact;
            output_in_all += fact;
        }
        while (!minute.empty() && minute.front().first <= now().steady - 60s) {
            output -= minute.front().second;
            minute.pop_front();
        }
        RC_ASSERT(minute.size() <= requests_max);
        RC_ASSERT(output <= output_max);
        clock.advance(Duration(even(1, 50)));
    }
    RC_ASSERT(output_in_all > output_max * 5 * 85 / 100);
}

}  // namespace
}  // namespace baton::llm
