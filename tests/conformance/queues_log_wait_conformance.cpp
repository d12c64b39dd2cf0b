// The Log port on every store: fetches that wait, and their cancellation.
#include "conformance/log_test.h"

namespace baton::test {
namespace {

class LogWaiting : public LogTest {};
INSTANTIATE_TEST_SUITE_P(Stores, LogWaiting, all_stores, store_name);

Deadline soon() { return Deadline::after(std::chrono::milliseconds(20)); }

TEST_P(LogWaiting, a_fetch_waits_for_the_next_message) {
    make_log();
    must(subscribe());
    auto first = start_fetch();
    auto second = start_fetch();
    auto far = start_fetch(1);
    post_texts({"a"});
    EXPECT_EQ(texts_of(must(first.get())), (Texts{"a"}));
    EXPECT_EQ(texts_of(must(second.get())), (Texts{"a"}));
    EXPECT_FALSE(far.ended());
    post_texts({"b", "c"});
    EXPECT_EQ(texts_of(must(far.get())), (Texts{"b", "c"}));
}

TEST_P(LogWaiting, seek_and_unsubscribe_reach_those_who_wait) {
    make_log();
    post_texts({"a"});
    must(subscribe(latest()));
    auto waiting = start_fetch();
    stats();
    EXPECT_FALSE(waiting.ended());
    must(seek({}));
    EXPECT_EQ(texts_of(must(waiting.get())), (Texts{"a"}));
    auto second = start_fetch(1);
    auto deleted = start_fetch(1);
    EXPECT_EQ(outcome(h.run(queues().unsubscribe(q, s))), "ok");
    EXPECT_EQ(outcome(second.get()), "not_found");
    EXPECT_EQ(outcome(deleted.get()), "not_found");
    must(subscribe(latest()));
    auto last = start_fetch();
    EXPECT_EQ(outcome(h.run(queues().delete_queue(q))), "ok");
    EXPECT_EQ(outcome(last.get()), "queue_not_found");
}

TEST_P(LogWaiting, a_paused_log_hands_out_nothing) {
    make_log();
    must(subscribe());
    EXPECT_EQ(outcome(h.run(queues().set_paused(q, true))), "ok");
    post_texts({"a"});
    EXPECT_EQ(fetch(), (Texts{}));
    auto waiting = start_fetch();
    h.advance(Duration(1));
    EXPECT_FALSE(waiting.ended());
    EXPECT_EQ(outcome(h.run(queues().set_paused(q, false))), "ok");
    EXPECT_EQ(texts_of(must(waiting.get())), (Texts{"a"}));
}

TEST_P(LogWaiting, fetches_beyond_the_rate_wait_for_their_turn) {
    make_log({.rates = {.pop_per_second = 2}});
    must(subscribe());
    post_texts({"a", "b", "c", "d", "e", "f"});
    EXPECT_EQ(fetch(), (Texts{"a", "b"}));
    EXPECT_EQ(fetch(2), (Texts{}));
    auto waiting = start_fetch(2);
    h.advance(Duration(499));
    EXPECT_FALSE(waiting.ended());
    h.advance(Duration(1));
    EXPECT_EQ(texts_of(must(waiting.get())), (Texts{"c"}));
    // All subscriptions share it, and what has nothing to give takes nothing of it.
    must(subscribe({}, "t"));
    h.advance(Duration(1'000));
    EXPECT_EQ(fetch(6), (Texts{}));
    EXPECT_EQ(
        texts_of(must(try_fetch({.subscription = SubscriptionName("t"), .max = 1}))), (Texts{"a"}));
    EXPECT_EQ(fetch(3), (Texts{"d"}));
    EXPECT_EQ(fetch(3), (Texts{}));
    auto freed = start_fetch(3);
    h.advance(Duration(1));
    EXPECT_FALSE(freed.ended());
    make_log({.rates = {}});
    EXPECT_EQ(texts_of(must(freed.get())), (Texts{"d", "e", "f"}));
}

TEST_P(LogWaiting, a_waiting_fetch_is_empty_at_its_deadline_and_can_be_cancelled) {
    make_log();
    must(subscribe());
    EXPECT_TRUE(must(try_fetch({.wait = soon()})).empty());
    auto waiting = start_fetch();
    h.advance(Duration(1));
    waiting.cancel();
    EXPECT_EQ(outcome(waiting.get()), "cancelled");
    post_texts({"a"});
    EXPECT_EQ(fetch(), (Texts{"a"}));
    auto stopped = start_fetch(1);
    h.advance(Duration(1));
    queues().stop();
    EXPECT_EQ(outcome(stopped.get()), "shutting_down");
}

}  // namespace
}  // namespace baton::test
