#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "dispatch/dispatcher.h"

namespace baton::dispatch {
namespace {

using Action = Verdict::Action;
using namespace std::chrono_literals;

const DispatchConfig config{.max_retries = 3,
    .retry = {.initial = Duration(1000), .max = Duration(60'000), .multiplier = 2, .jitter = 0.2}};

Error error_of(Errc code, std::chrono::milliseconds retry_after = {}) {
    return {.code = code, .detail = "x", .retry_after = retry_after};
}

Action action_of(Errc code, std::uint32_t failures = 1) {
    return judge(error_of(code), {.attempts = failures, .failures = failures}, config, 0.5).action;
}

TEST(Judge, what_may_pass_by_itself_is_tried_again_and_counted) {
    for (const auto code : {Errc::provider_unavailable, Errc::provider_protocol,
             Errc::deadline_exceeded, Errc::connection_failed}) {
        EXPECT_EQ(action_of(code), Action::retry) << to_string(code);
    }
}

TEST(Judge, what_every_message_would_meet_is_not_this_messages_fault) {
    for (const auto code : {Errc::provider_rate_limited, Errc::storage_full, Errc::storage_io,
             Errc::storage_corrupt, Errc::unavailable, Errc::database_unavailable,
             Errc::queue_unavailable, Errc::overloaded, Errc::shutting_down, Errc::cancelled}) {
        EXPECT_EQ(action_of(code), Action::retry_without_blame) << to_string(code);
        EXPECT_EQ(action_of(code, 1000), Action::retry_without_blame) << to_string(code);
    }
}

TEST(Judge, what_fails_again_unchanged_is_buried_at_once) {
    for (const auto code : {Errc::provider_rejected, Errc::invalid_message, Errc::not_found,
             Errc::internal, Errc::unsupported}) {
        EXPECT_EQ(action_of(code), Action::bury) << to_string(code);
    }
}

TEST(Judge, max_retries_are_retries_after_the_first_run) {
    EXPECT_EQ(action_of(Errc::provider_unavailable, 3), Action::retry);
    EXPECT_EQ(action_of(Errc::provider_unavailable, 4), Action::bury);
    DispatchConfig none = config;
    none.max_retries = 0;
    EXPECT_EQ(judge(error_of(Errc::provider_unavailable), {}, none, 0).action, Action::bury);
}

TEST(Judge, delays_double) {
    const auto delay = [](std::uint32_t failures) {
        return judge(error_of(Errc::provider_unavailable), {.attempts = 9, .failures = failures},
            config, 0.5)
            .delay;
    };
    EXPECT_EQ(delay(1), 1s);
    EXPECT_EQ(delay(2), 2s);
    EXPECT_EQ(delay(3), 4s);
}

TEST(Judge, unblamed_delays_grow_with_the_deliveries) {
    const auto delay = [](std::uint32_t attempts) {
        return judge(error_of(Errc::storage_io), {.attempts = attempts, .failures = 1}, config, 0.5)
            .delay;
    };
    EXPECT_EQ(delay(1), 1s);
    EXPECT_EQ(delay(4), 8s);
    EXPECT_EQ(delay(1'000'000), 60s);
}

TEST(Judge, retry_after_is_honoured_and_spread) {
    const Error limited = error_of(Errc::provider_rate_limited, 10s);
    EXPECT_EQ(judge(limited, {}, config, 0).delay, 10s);
    EXPECT_EQ(judge(limited, {}, config, 0.5).delay, 11s);
    const Error forever = error_of(Errc::provider_rate_limited, std::chrono::days(300));
    EXPECT_EQ(judge(forever, {}, config, 0).delay, retry_after_max);
}

RC_GTEST_PROP(JudgeProperty, delays_are_bounded_and_never_under_retry_after, ()) {
    const auto& row =
        *rc::gen::elementOf(std::vector<ErrcInfo>(errc_table().begin(), errc_table().end()));
    const auto asked = std::chrono::milliseconds(*rc::gen::arbitrary<std::uint32_t>());
    const RunCount count{.attempts = *rc::gen::arbitrary<std::uint32_t>(),
        .failures = *rc::gen::arbitrary<std::uint32_t>()};
    const double random = *rc::gen::inRange(0, 1000) / 1000.0;
    DispatchConfig any = config;
    any.max_retries = *rc::gen::inRange<std::uint32_t>(0, 1001);
    any.retry.jitter = *rc::gen::inRange(0, 101) / 100.0;
    any.retry.initial = Duration(*rc::gen::inRange(1, 60'000));

    const Error error = error_of(row.code, asked);
    const Verdict verdict = judge(error, count, any, random);
    RC_ASSERT(verdict.delay >= Duration(0));
    const auto top = std::max<double>(any.retry.max.count(),
        static_cast<double>(std::min<Duration>(asked, retry_after_max).count()) *
            (1 + any.retry.jitter));
    RC_ASSERT(static_cast<double>(verdict.delay.count()) <= top + 1);
    if (verdict.action != Action::bury) {
        RC_ASSERT(verdict.delay >= std::min<Duration>(asked, retry_after_max));
    }
    if (verdict.action == Action::retry) {
        RC_ASSERT(row.retryable);
        RC_ASSERT(count.failures <= any.max_retries);
        const double own = any.retry.initial.count() * (1 - any.retry.jitter);
        RC_ASSERT(static_cast<double>(verdict.delay.count()) >= own - 1);
    }
}

}  // namespace
}  // namespace baton::dispatch
