#include <gtest/gtest.h>

#include "llm/purse.h"
#include "support/fake_clock.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;
using test::FakeClock;

/// A purse of which nothing is spent that was not claimed, and the hand that writes its claims.
class PurseTest : public testing::Test {
protected:
    Now now() const { return {clock.steady_now(), clock.now()}; }
    static Purse bound(double limit) {
        Purse purse(limit);
        purse.claim_first();
        return purse;
    }
    Duration wait(Purse& purse, double cost) {
        return std::chrono::ceil<Duration>(
            purse.admits_at(cost, now(), now().steady + 50ms) - now().steady);
    }
    /// What it claims now is granted as far as others have not claimed it.
    std::optional<PurseClaim> write(Purse& purse, double elsewhere = 0) {
        const auto claim = purse.plan(now());
        if (claim) grant(purse, *claim, elsewhere);
        return claim;
    }
    void grant(Purse& purse, const PurseClaim& claim, double elsewhere = 0) {
        const PurseGrant grant{.claim = grant_of(claim, elsewhere), .elsewhere_claimed = elsewhere};
        purse.granted(claim.day, grant, now().steady);
    }
    /// As a request does that finds its claim after it has asked for it.
    void take(Purse& purse, double cost) {
        purse.want(cost, now().steady);
        write(purse);
        ASSERT_TRUE(purse.has_claim(cost));
        purse.reserve(cost, now());
    }
    void spend(Purse& purse, double cost) {
        take(purse, cost);
        purse.settle(cost, cost, now().steady, now());
    }
    FakeClock clock;
};

TEST_F(PurseTest, nothing_is_spent_before_it_was_claimed) {
    auto purse = bound(100);
    EXPECT_EQ(wait(purse, 2), 0ms) << "it may be asked for";
    EXPECT_FALSE(purse.has_claim(2));
    EXPECT_EQ(purse.plan(now()), std::nullopt) << "nobody wants anything";
    purse.want(2, now().steady);
    const auto claim = purse.plan(now());
    ASSERT_TRUE(claim);
    EXPECT_EQ(*claim, (PurseClaim{.day = FakeClock::start, .limit = 100, .claim = 2, .useful = 2}));
    EXPECT_FALSE(purse.has_claim(2)) << "it is not written yet";
    grant(purse, *claim);
    EXPECT_TRUE(purse.has_claim(2));
    EXPECT_FALSE(purse.has_claim(2.1));
    purse.reserve(2, now());
    EXPECT_FALSE(purse.has_claim(0.1));
}

TEST_F(PurseTest, more_is_claimed_before_the_last_is_used_up) {
    auto purse = bound(1'000);
    take(purse, 10);
    EXPECT_TRUE(purse.runs_short());
    const auto more = write(purse);
    ASSERT_TRUE(more);
    EXPECT_EQ(more->claim, 20) << "as much again as the last second took";
    EXPECT_FALSE(purse.runs_short());
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(purse.plan(now()), std::nullopt) << i;
        purse.reserve(1, now());
    }
    purse.reserve(2, now());
    EXPECT_TRUE(purse.runs_short());
    EXPECT_TRUE(write(purse)) << "less than half is left";
}

TEST_F(PurseTest, what_is_not_spent_for_a_minute_is_given_back) {
    auto purse = bound(1'000);
    spend(purse, 10);
    ASSERT_TRUE(write(purse));
    clock.advance(30s);
    EXPECT_EQ(write(purse), std::nullopt);
    EXPECT_TRUE(purse.has_claim(10));
    EXPECT_FALSE(purse.is_quiet());
    clock.advance(30s);
    const auto last = write(purse);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->claim, 10);
    EXPECT_TRUE(purse.is_quiet());
    EXPECT_EQ(purse.plan(now()), std::nullopt);
}

TEST_F(PurseTest, a_smaller_claim_is_in_force_before_it_is_written) {
    auto purse = bound(1'000);
    spend(purse, 10);
    ASSERT_TRUE(write(purse));
    EXPECT_TRUE(purse.has_claim(10));
    clock.advance(61s);
    ASSERT_TRUE(purse.plan(now()));
    EXPECT_FALSE(purse.has_claim(1));
    purse.failed();
    EXPECT_FALSE(purse.has_claim(1)) << "it may have been written all the same";
    clock.advance(1s);
    EXPECT_TRUE(purse.plan(now())) << "it is written again";
}

TEST_F(PurseTest, a_claim_of_which_nothing_is_known_is_not_used) {
    auto purse = bound(100);
    purse.want(5, now().steady);
    ASSERT_TRUE(purse.plan(now()));
    EXPECT_EQ(purse.plan(now()), std::nullopt) << "one at a time";
    purse.failed();
    EXPECT_FALSE(purse.has_claim(5));
    const auto again = purse.plan(now());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->claim, 5);
}

TEST_F(PurseTest, what_others_have_claimed_is_asked_for_again_after_a_while) {
    auto purse = bound(100);
    purse.want(10, now().steady);
    ASSERT_TRUE(write(purse, 95));
    EXPECT_FALSE(purse.has_claim(10));
    EXPECT_EQ(wait(purse, 10), 2s);
    purse.want(10, now().steady);
    EXPECT_EQ(purse.plan(now()), std::nullopt);
    clock.advance(2s);
    EXPECT_EQ(wait(purse, 10), 0ms);
    purse.want(10, now().steady);
    ASSERT_TRUE(write(purse, 80));
    EXPECT_TRUE(purse.has_claim(10));
}

TEST_F(PurseTest, what_is_too_little_for_who_waits_is_left_to_others) {
    auto purse = bound(10);
    spend(purse, 1);
    ASSERT_TRUE(write(purse, 7.9)) << "ahead";
    EXPECT_TRUE(purse.has_claim(1));
    purse.reserve(0.5, now());
    purse.settle(0.5, 0.5, now().steady, now());
    purse.want(1, now().steady);
    ASSERT_TRUE(write(purse, 7.9));
    EXPECT_FALSE(purse.has_claim(1));
    clock.advance(1s);
    purse.want(1, now().steady);
    const auto left = write(purse, 7.9);
    ASSERT_TRUE(left);
    EXPECT_EQ(left->claim, 1.5) << "another may make something of it";
}

TEST_F(PurseTest, what_all_have_spent_is_gone_for_the_day) {
    auto purse = bound(10);
    clock.advance(10h);
    spend(purse, 1);
    const auto claim = purse.plan(now());
    ASSERT_TRUE(claim);
    purse.granted(
        claim->day, {.claim = 1, .elsewhere_spent = 8.5, .elsewhere_claimed = 9}, now().steady);
    EXPECT_EQ(wait(purse, 1), 14h);
    EXPECT_EQ(wait(purse, 0.5), 2s) << "another has it, and may give it back";
    EXPECT_EQ(purse.spent(clock.now()), 9.5);
}

TEST_F(
    PurseTest, a_day_begins_with_nothing_claimed_and_what_is_under_way_belongs_to_the_one_before) {
    auto purse = bound(100);
    clock.advance(24h - 1s);
    take(purse, 30);
    const auto began = now().steady;
    ASSERT_TRUE(write(purse));
    clock.advance(1s);
    EXPECT_EQ(wait(purse, 100), 0ms);
    EXPECT_FALSE(purse.has_claim(1));
    purse.settle(30, 40, began, now());
    EXPECT_EQ(purse.spent(clock.now()), 0);
    EXPECT_TRUE(purse.is_quiet());
    take(purse, 100);
}

TEST_F(PurseTest, a_grant_that_comes_after_midnight_is_of_a_day_that_is_over) {
    auto purse = bound(100);
    clock.advance(24h - 1s);
    purse.want(5, now().steady);
    const auto claim = purse.plan(now());
    ASSERT_TRUE(claim);
    clock.advance(1s);
    EXPECT_EQ(wait(purse, 5), 0ms);
    grant(purse, *claim);
    EXPECT_FALSE(purse.has_claim(5));
    purse.want(5, now().steady);
    const auto next = purse.plan(now());
    ASSERT_TRUE(next);
    EXPECT_EQ(next->day, FakeClock::start + 24h);
}

TEST_F(PurseTest, a_clock_that_is_set_back_gives_no_money_again) {
    auto purse = bound(10);
    clock.advance(24h);
    spend(purse, 10);
    clock.step(-5h);
    EXPECT_GT(wait(purse, 1), 24h);
    EXPECT_FALSE(purse.has_claim(1));
}

TEST_F(PurseTest, what_cost_more_than_it_seemed_is_claimed_whatever_others_have) {
    auto purse = bound(10);
    take(purse, 2);
    purse.settle(2, 5, now().steady, now());
    const auto claim = write(purse, 8);
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->least, 5);
    EXPECT_FALSE(purse.has_claim(0.1));
    EXPECT_EQ(purse.spent(clock.now()), 5);
}

TEST_F(PurseTest, who_leaves_keeps_what_was_spent) {
    auto purse = bound(1'000);
    spend(purse, 10);
    ASSERT_TRUE(write(purse));
    purse.want(50, now().steady);
    ASSERT_TRUE(purse.plan(now())) << "and its fate is not known";
    const auto last = purse.leave(now());
    ASSERT_TRUE(last);
    EXPECT_EQ(last->spent, 10);
    EXPECT_EQ(last->claim, 10);
    grant(purse, *last, 995);
    EXPECT_EQ(purse.leave(now()), std::nullopt);
}

TEST_F(PurseTest, without_a_limit_it_counts_and_binds_nothing) {
    auto purse = bound(0);
    EXPECT_TRUE(purse.has_claim(1'000));
    purse.reserve(3, now());
    purse.settle(3, 2, now().steady, now());
    EXPECT_EQ(wait(purse, 1'000), 0ms);
    const auto claim = write(purse);
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->spent, 2);
    EXPECT_EQ(claim->claim, 2);
    EXPECT_TRUE(purse.is_quiet());
}

TEST(GrantOf, is_what_others_have_left_and_never_less_than_is_in_force) {
    const PurseClaim claim{.limit = 10, .claim = 6, .useful = 4, .least = 3};
    EXPECT_EQ(grant_of(claim, 0), 6);
    EXPECT_EQ(grant_of(claim, 5), 5);
    EXPECT_EQ(grant_of(claim, 6.5), 3) << "half a request is no use";
    EXPECT_EQ(grant_of(claim, 9), 3);
    EXPECT_EQ(grant_of({.claim = 7}, 1'000), 7) << "no limit";
}

}  // namespace
}  // namespace baton::llm
