#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "dispatch/adaptive_limit.h"

namespace baton::dispatch {
namespace {

SteadyTime at(int ms) { return SteadyTime(Duration(ms)); }

TEST(AdaptiveLimit, starts_at_the_most) {
    EXPECT_EQ(AdaptiveLimit({.min = 2, .max = 16}).limit(), 16U);
}

TEST(AdaptiveLimit, refusal_takes_three_tenths_and_never_goes_below_the_least) {
    AdaptiveLimit limit({.min = 2, .max = 10});
    EXPECT_TRUE(limit.refused(at(0), at(10)));
    EXPECT_EQ(limit.limit(), 7U);
    EXPECT_TRUE(limit.refused(at(20), at(30)));
    EXPECT_EQ(limit.limit(), 4U);
    for (int i = 2; i < 20; ++i) static_cast<void>(limit.refused(at(20 * i), at(20 * i + 10)));
    EXPECT_EQ(limit.limit(), 2U);
}

TEST(AdaptiveLimit, one_wave_of_refusals_counts_once) {
    AdaptiveLimit limit({.min = 1, .max = 10});
    EXPECT_TRUE(limit.refused(at(0), at(10)));
    for (int i = 0; i < 9; ++i) EXPECT_FALSE(limit.refused(at(5), at(11 + i)));
    EXPECT_EQ(limit.limit(), 7U);
}

TEST(AdaptiveLimit, a_window_of_good_runs_adds_one) {
    AdaptiveLimit limit({.min = 1, .max = 10});
    static_cast<void>(limit.refused(at(0), at(10)));
    for (int i = 0; i < 6; ++i) EXPECT_FALSE(limit.answered(at(20), Duration(1), at(21)));
    EXPECT_TRUE(limit.answered(at(20), Duration(1), at(21)));
    EXPECT_EQ(limit.limit(), 8U);
    for (int i = 0; i < 100; ++i) static_cast<void>(limit.answered(at(20), Duration(1), at(21)));
    EXPECT_EQ(limit.limit(), 10U) << "and stops at the most";
}

TEST(AdaptiveLimit, refusal_begins_the_window_anew) {
    AdaptiveLimit limit({.min = 1, .max = 10});
    static_cast<void>(limit.refused(at(0), at(10)));
    for (int i = 0; i < 6; ++i) static_cast<void>(limit.answered(at(20), Duration(1), at(21)));
    static_cast<void>(limit.refused(at(20), at(30)));
    EXPECT_EQ(limit.limit(), 4U);
    EXPECT_FALSE(limit.answered(at(31), Duration(1), at(32)));
}

TEST(AdaptiveLimit, answer_beyond_the_target_counts_as_refusal) {
    AdaptiveLimit limit({.min = 1, .max = 10, .latency_target = Duration(100)});
    EXPECT_FALSE(limit.answered(at(0), Duration(100), at(100)));
    EXPECT_TRUE(limit.answered(at(0), Duration(101), at(101)));
    EXPECT_EQ(limit.limit(), 7U);
}

RC_GTEST_PROP(AdaptiveLimitProperty, stays_within_its_bounds, ()) {
    const auto min = *rc::gen::inRange<std::uint32_t>(1, 20);
    const auto max = min + *rc::gen::inRange<std::uint32_t>(0, 20);
    AdaptiveLimit limit({.min = min, .max = max, .latency_target = Duration(50)});
    int now = 0;
    for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100))) {
        now += step;
        const auto before = limit.limit();
        const bool changed = step % 7 == 0 ? limit.refused(at(now - step / 2), at(now))
                                           : limit.answered(at(now), Duration(step), at(now));
        RC_ASSERT(limit.limit() >= min);
        RC_ASSERT(limit.limit() <= max);
        RC_ASSERT(changed == (limit.limit() != before));
    }
}

}  // namespace
}  // namespace baton::dispatch
