// What is sent again, after which failure.
#include <gtest/gtest.h>

#include "queue/remote/retry.h"

namespace baton::queue::remote {
namespace {

using enum Repeat;
using enum NextStep;

Result<Bytes> lost(Errc code) { return fail(code, "by the transport"); }
Result<Bytes> refused(Errc code) { return encode_refusal({.code = code, .detail = "refused"}); }
Result<Bytes> answered(Errc code) { return encode_answer<Purge>(fail(code, "by the queues")); }

TEST(Retry, an_answer_with_a_value_is_taken) {
    for (const auto repeat : {harmless, unexecuted, unsent}) {
        EXPECT_EQ(judge(repeat, encode_answer<Purge>(1)).step, take);
    }
}

TEST(Retry, what_was_not_executed_is_sent_again) {
    for (const auto repeat : {harmless, unexecuted, unsent}) {
        EXPECT_EQ(judge(repeat, lost(Errc::unavailable)).step, again);
        EXPECT_EQ(judge(repeat, refused(Errc::unavailable)).step, again);
        EXPECT_EQ(judge(repeat, refused(Errc::shutting_down)).step, again);
        EXPECT_FALSE(judge(repeat, lost(Errc::unavailable)).is_unknown);
        EXPECT_FALSE(judge(repeat, lost(Errc::queue_unavailable)).is_unknown);
    }
    EXPECT_EQ(judge(unexecuted, answered(Errc::unavailable)).step, again);
    EXPECT_EQ(judge(unexecuted, answered(Errc::shutting_down)).step, again);
}

TEST(Retry, a_redrive_that_was_begun_is_not) {
    EXPECT_EQ(judge(unsent, answered(Errc::unavailable)).step, give_up);
    EXPECT_EQ(judge(unsent, answered(Errc::shutting_down)).step, give_up);
}

TEST(Retry, what_may_have_been_executed_is_sent_again_only_if_that_does_no_harm) {
    const auto lost_codes = {Errc::deadline_exceeded, Errc::connection_failed, Errc::internal};
    for (const auto code : lost_codes) {
        EXPECT_EQ(judge(harmless, lost(code)).step, again);
        EXPECT_EQ(judge(unexecuted, lost(code)).step, give_up);
        EXPECT_EQ(judge(unsent, lost(code)).step, give_up);
        EXPECT_EQ(judge(unexecuted, lost(code)).error.code, Errc::deadline_exceeded);
        EXPECT_TRUE(judge(unexecuted, lost(code)).is_unknown);
    }
    EXPECT_EQ(judge(harmless, answered(Errc::storage_io)).step, again);
    EXPECT_EQ(judge(unexecuted, answered(Errc::storage_io)).error.code, Errc::deadline_exceeded);
}

TEST(Retry, what_the_queues_say_is_final) {
    for (const auto code : {Errc::queue_not_found, Errc::queue_full, Errc::storage_full,
             Errc::overloaded, Errc::lease_lost, Errc::protocol_error, Errc::cancelled}) {
        for (const auto repeat : {harmless, unexecuted, unsent}) {
            const auto verdict = judge(repeat, answered(code));
            EXPECT_EQ(verdict.step, give_up);
            EXPECT_EQ(verdict.error.code, code);
            EXPECT_FALSE(verdict.is_unknown);
        }
    }
}

TEST(Retry, an_answer_that_makes_no_sense_is_an_error) {
    EXPECT_EQ(judge(harmless, Bytes(std::string("x"))).error.code, Errc::protocol_error);
    EXPECT_EQ(judge(harmless, Bytes()).error.code, Errc::protocol_error);
}

}  // namespace
}  // namespace baton::queue::remote
