#include <gtest/gtest.h>

#include "llm/breaker.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;

class BreakerTest : public testing::Test {
protected:
    void open() {
        for (int i = 0; i < 3; ++i) breaker.failed(false, now);
    }
    SteadyTime now{1h};
    Breaker breaker{{.max_failures = 3, .open_min = 500ms, .open_max = 2s}};
};

TEST_F(BreakerTest, opens_after_failures_in_a_row_only) {
    breaker.failed(false, now);
    breaker.failed(false, now);
    breaker.succeeded();
    breaker.failed(false, now);
    breaker.failed(false, now);
    EXPECT_EQ(breaker.state(now), BreakerState::closed);
    breaker.failed(false, now);
    EXPECT_EQ(breaker.state(now), BreakerState::open);
    EXPECT_FALSE(breaker.admits(now));
    EXPECT_EQ(breaker.admits_at(now), now + 500ms);
}

TEST_F(BreakerTest, lets_one_trial_through_when_half_open) {
    open();
    now += 500ms;
    EXPECT_EQ(breaker.state(now), BreakerState::half_open);
    ASSERT_TRUE(breaker.admits(now));
    EXPECT_TRUE(breaker.take(now));
    EXPECT_FALSE(breaker.admits(now));
    breaker.succeeded();
    EXPECT_TRUE(breaker.admits(now));
    EXPECT_FALSE(breaker.take(now)) << "no trial any more";
}

TEST_F(BreakerTest, each_trial_that_fails_doubles_the_wait_up_to_its_maximum) {
    open();
    for (const Duration wait : {500ms, 1000ms, 2000ms, 2000ms}) {
        EXPECT_EQ(breaker.admits_at(now), now + wait);
        now += wait;
        const bool on_trial = breaker.take(now);
        breaker.failed(on_trial, now);
    }
}

TEST_F(BreakerTest, trial_without_a_verdict_makes_room_for_another) {
    open();
    now += 500ms;
    breaker.ended(breaker.take(now));
    EXPECT_TRUE(breaker.admits(now));
}

TEST_F(BreakerTest, request_from_before_it_opened_is_no_trial) {
    open();
    breaker.failed(false, now);
    EXPECT_EQ(breaker.admits_at(now), now + 500ms);
}

TEST_F(BreakerTest, probe_that_fails_keeps_it_open_and_one_that_is_answered_half_opens_it) {
    open();
    for (int i = 0; i < 20; ++i) {
        now += 500ms;
        breaker.probe_failed(now, now + 500ms);
        EXPECT_EQ(breaker.state(now), BreakerState::open);
    }
    breaker.probe_succeeded(now);
    EXPECT_EQ(breaker.state(now), BreakerState::half_open);
}

TEST_F(BreakerTest, probe_does_not_shorten_the_wait_after_a_trial_that_failed) {
    open();
    now += 500ms;
    const bool on_trial = breaker.take(now);
    breaker.failed(on_trial, now);
    breaker.probe_succeeded(now);
    EXPECT_EQ(breaker.admits_at(now), now + 1000ms);
}

TEST_F(BreakerTest, probes_alone_open_it_too) {
    for (int i = 0; i < 3; ++i) breaker.probe_failed(now, now + 500ms);
    EXPECT_EQ(breaker.state(now), BreakerState::open);
}

}  // namespace
}  // namespace baton::llm
