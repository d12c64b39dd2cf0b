// Which limit holds: the user's own, its tier's, the general one; the day's apart from the
// minute's.
#include <gtest/gtest.h>

#include "service/user_limits.h"

namespace baton::service {
namespace {

constexpr std::uint32_t any_number = 0;

LimitsInForce of(const User& user) {
    const UserLimits limits{.general = {.messages_per_minute = 5, .messages_per_day = 50},
        .tiers = {{.name = "gold", .messages_per_minute = any_number, .messages_per_day = 1000},
            {.name = "half", .messages_per_day = 20}, {.name = "idle"}}};
    return limits_in_force(limits, user);
}

const LimitsInForce general_ones{{5, LimitSource::general}, {50, LimitSource::general}};

TEST(UserLimits, the_nearest_that_is_given_holds) {
    EXPECT_EQ(of({}), general_ones);
    EXPECT_EQ(of({.tier = "gold"}),
        (LimitsInForce{{any_number, LimitSource::tier}, {1000, LimitSource::tier}}));
    EXPECT_EQ(of({.tier = "gold", .messages_per_minute = 7}),
        (LimitsInForce{{7, LimitSource::user}, {1000, LimitSource::tier}}));
    EXPECT_EQ(of({.tier = "half", .messages_per_day = any_number}),
        (LimitsInForce{{5, LimitSource::general}, {any_number, LimitSource::user}}));
    EXPECT_EQ(
        of({.tier = "half"}), (LimitsInForce{{5, LimitSource::general}, {20, LimitSource::tier}}));
}

TEST(UserLimits, a_tier_that_gives_none_or_is_unknown_leaves_the_general_ones) {
    EXPECT_EQ(of({.tier = "idle"}), general_ones);
    EXPECT_EQ(of({.tier = "golden"}), general_ones);
}

TEST(UserLimits, a_tier_is_the_same_in_any_case) {
    EXPECT_EQ(of({.tier = "GOLD"}), of({.tier = "gold"}));
}

}  // namespace
}  // namespace baton::service
