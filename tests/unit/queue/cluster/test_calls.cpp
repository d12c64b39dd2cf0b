// Calls to a daemon that leads no longer, or never answers.
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "queue/cluster/calls.h"
#include "support/eventually.h"

namespace baton::test {
namespace {

using namespace std::chrono_literals;
using queue::cluster::Calls;
using queue::cluster::DaemonId;
using queue::cluster::Directory;

const DaemonId old_leader{"old"};
const DaemonId new_leader{"new"};

class CallsTest : public ::testing::Test {
protected:
    CallsTest() { know(old_leader); }

    void know(const DaemonId& leader) { directory.set({{leader, true}}, {}); }
    void start(Deadline deadline = Deadline::after(10s)) {
        calls.add(calls.next_number(), 0, old_leader, deadline,
            [this](Calls::Answer it) { answer = std::move(it); });
    }
    bool ends_within(std::chrono::milliseconds time) {
        return eventually(
            [this] {
                calls.sweep(directory);
                return answer.has_value();
            },
            time);
    }

    Directory directory{1};
    Calls calls;
    std::optional<Calls::Answer> answer;
};

TEST_F(CallsTest, an_answer_ends_its_call_once) {
    start();
    calls.finish(1, Bytes("it"));
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ((*answer)->view(), "it");
    calls.finish(1, fail(Errc::internal, "again"));
    EXPECT_TRUE(*answer);
}

TEST_F(CallsTest, what_a_lost_connection_may_have_lost_ends_at_once) {
    start();
    calls.lose([](const DaemonId& to) { return to == new_leader; }, "it was away");
    EXPECT_FALSE(answer) << "it went to another daemon";
    calls.lose([](const DaemonId& to) { return to == old_leader; }, "it was away");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error().code, Errc::deadline_exceeded) << "it may have been executed";
    EXPECT_EQ(answer->error().detail, "partition 0: it was away");
}

TEST_F(CallsTest, when_another_daemon_leads_nobody_waits_long_for_the_old_one) {
    start();
    EXPECT_FALSE(ends_within(400ms)) << "it leads";
    know(new_leader);
    calls.sweep(directory);
    EXPECT_FALSE(answer) << "its answer may be on the way";
    ASSERT_TRUE(ends_within(1'000ms));
    EXPECT_EQ(answer->error().code, Errc::deadline_exceeded);
}

TEST_F(CallsTest, a_leader_that_is_not_known_for_a_moment_may_still_answer) {
    start();
    know({});
    EXPECT_FALSE(ends_within(700ms));
    know(old_leader);
    calls.sweep(directory);
    calls.finish(1, Bytes("late"));
    EXPECT_TRUE(answer && *answer);
}

TEST_F(CallsTest, who_was_not_known_at_first_is_given_up_soon_when_another_one_leads) {
    start();
    know({});
    calls.sweep(directory);
    know(new_leader);
    EXPECT_TRUE(ends_within(1'000ms));
}

TEST_F(CallsTest, when_this_daemon_is_cut_off_no_call_waits) {
    start();
    directory.set_cut_off(true);
    calls.sweep(directory);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error().code, Errc::deadline_exceeded);
}

TEST_F(CallsTest, a_deadline_ends_its_call) {
    start(Deadline::after(0s));
    ASSERT_TRUE(ends_within(1'000ms));
    EXPECT_EQ(answer->error().code, Errc::deadline_exceeded);
}

TEST_F(CallsTest, after_the_end_every_call_is_refused) {
    start();
    calls.close();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error().code, Errc::shutting_down);
    answer.reset();
    start();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error().code, Errc::shutting_down);
}

}  // namespace
}  // namespace baton::test
