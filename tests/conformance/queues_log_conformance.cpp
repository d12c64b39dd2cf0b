// The Log port on every store: messages stay, and subscriptions read them with cursors of their
// own.
#include "conformance/log_test.h"

namespace baton::test {
namespace {

class LogMode : public LogTest {};
INSTANTIATE_TEST_SUITE_P(Stores, LogMode, all_stores, store_name);

TEST_P(LogMode, every_subscription_reads_everything_at_its_own_pace) {
    make_log();
    post_texts({"a", "b", "c"});
    EXPECT_EQ(must(subscribe()), 0);
    EXPECT_EQ(must(subscribe({}, "other")), 0);
    EXPECT_EQ(fetch(), (Texts{"a", "b", "c"}));
    EXPECT_EQ(fetch(), (Texts{"a", "b", "c"}));  // nothing moves before the commit
    EXPECT_EQ(outcome(commit(2)), "ok");
    EXPECT_EQ(fetch(), (Texts{"c"}));
    EXPECT_EQ(texts_of(must(try_fetch({.subscription = SubscriptionName("other"), .max = 2}))),
        (Texts{"a", "b"}));
    h.reopen();
    EXPECT_EQ(fetch(), (Texts{"c"}));
    const std::vector<Subscription> expected{{SubscriptionName("other"), 0, 3}, {s, 2, 1}};
    EXPECT_EQ(subscriptions(), expected);
    post_texts({"d"});
    EXPECT_EQ(fetch(), (Texts{"c", "d"}));
}

TEST_P(LogMode, fetch_goes_on_after_any_seq) {
    make_log();
    post_texts({"a", "b", "c", "d"});
    must(subscribe());
    EXPECT_EQ(fetch({}, 2), (Texts{"a", "b"}));
    EXPECT_EQ(fetch(2, 1), (Texts{"c"}));
    EXPECT_EQ(fetch(0), (Texts{"a", "b", "c", "d"}));
    EXPECT_EQ(fetch(4), (Texts{}));
    EXPECT_EQ(fetch(UINT64_MAX), (Texts{}));
    EXPECT_EQ(outcome(commit(3)), "ok");
    EXPECT_EQ(fetch(1), (Texts{"b", "c", "d"}));
}

TEST_P(LogMode, messages_come_back_as_they_were_posted) {
    make_log();
    const auto posted_at = h.now();
    const auto id = post_one({.text = "a", .level = Level::low, .order = "o", .share = "f"});
    post_one({.text = "b", .level = Level::realtime, .order = "o"});
    must(subscribe());
    for (const bool reopened : {false, true}) {
        if (reopened) h.reopen();
        const auto views = must(try_fetch({}));
        ASSERT_EQ(
            texts_of(views), (Texts{"a", "b"}));  // in the order of posting, whatever the level
        EXPECT_EQ(views[0].id, id);
        EXPECT_EQ(views[0].queue, q);
        EXPECT_EQ(views[0].state, MessageState::ready);
        EXPECT_EQ(views[0].posted_at, posted_at);
        EXPECT_EQ(views[0].data->priority, Level::low);
        EXPECT_EQ(views[0].data->ordering_key, "o");
        EXPECT_EQ(views[0].data->fairness_key, "f");
        expect_stats_match_peek();
        EXPECT_EQ(stats().ready, 2);
        EXPECT_EQ(text_of(must(get(id))), "a");
    }
}

TEST_P(LogMode, a_subscription_begins_where_it_is_told) {
    make_log();
    post_texts({"a", "b", "c"});
    EXPECT_EQ(must(subscribe(latest(), "latest")), 3);
    EXPECT_EQ(must(subscribe(at(1), "first")), 0);
    EXPECT_EQ(must(subscribe(at(3), "third")), 2);
    EXPECT_EQ(must(subscribe(at(4), "next")), 3);
    EXPECT_EQ(outcome(subscribe(at(5), "beyond")), "invalid_argument");
    EXPECT_EQ(outcome(subscribe(at(0), "zero")), "invalid_argument");
    EXPECT_EQ(must(truncate_before(3)), 2);
    EXPECT_EQ(must(subscribe({}, "earliest")), 2);
    EXPECT_EQ(must(subscribe(at(1), "gone")), 0);
    EXPECT_EQ(texts_of(must(try_fetch({.subscription = SubscriptionName("gone")}))), (Texts{"c"}));
    EXPECT_EQ(subscriptions().size(), 6);
}

TEST_P(LogMode, subscribing_again_keeps_the_place) {
    make_log();
    post_texts({"a", "b", "c"});
    must(subscribe());
    EXPECT_EQ(outcome(commit(2)), "ok");
    EXPECT_EQ(must(subscribe()), 2);
    EXPECT_EQ(must(subscribe(latest())), 2);
    EXPECT_EQ(must(subscribe(at(99))), 2);
    h.reopen();
    EXPECT_EQ(must(subscribe()), 2);
    EXPECT_EQ(outcome(h.run(queues().unsubscribe(q, s))), "ok");
    EXPECT_EQ(must(subscribe()), 0);
}

TEST_P(LogMode, without_a_subscription_nothing_is_read_or_moved) {
    make_log();
    post_texts({"a"});
    EXPECT_EQ(outcome(try_fetch({})), "not_found");
    EXPECT_EQ(outcome(commit(1)), "not_found");
    EXPECT_EQ(outcome(seek(latest())), "not_found");
    EXPECT_EQ(outcome(h.run(queues().unsubscribe(q, s))), "not_found");
    must(subscribe());
    EXPECT_EQ(outcome(h.run(queues().unsubscribe(q, s))), "ok");
    h.reopen();
    EXPECT_EQ(outcome(try_fetch({})), "not_found");
    EXPECT_TRUE(subscriptions().empty());
    for (const auto* name : {"", ".x", "a b", "a/b"}) {
        EXPECT_EQ(outcome(subscribe({}, name)), "invalid_argument") << name;
    }
    EXPECT_EQ(outcome(subscribe({}, std::string(128, 'n'))), "ok");
    EXPECT_EQ(outcome(subscribe({}, std::string(129, 'n'))), "invalid_argument");
}

TEST_P(LogMode, commit_goes_forward_to_what_was_posted_and_never_back) {
    make_log();
    post_texts({"a", "b", "c"});
    must(subscribe());
    EXPECT_EQ(outcome(commit(4)), "invalid_argument");
    EXPECT_EQ(outcome(commit(2)), "ok");
    EXPECT_EQ(outcome(commit(2)), "ok");
    EXPECT_EQ(outcome(commit(1)), "conflict");
    EXPECT_EQ(outcome(commit(0)), "conflict");
    EXPECT_EQ(fetch(), (Texts{"c"}));
    EXPECT_EQ(outcome(commit(3)), "ok");
    EXPECT_EQ(subscriptions().at(0), (Subscription{s, 3, 0}));
}

TEST_P(LogMode, seek_goes_anywhere) {
    make_log();
    post_texts({"a", "b", "c"});
    must(subscribe());
    EXPECT_EQ(must(seek(latest())), 3);
    EXPECT_EQ(fetch(), (Texts{}));
    EXPECT_EQ(must(seek(at(2))), 1);
    h.reopen();
    EXPECT_EQ(fetch(), (Texts{"b", "c"}));
    EXPECT_EQ(must(seek({})), 0);
    EXPECT_EQ(must(seek(at(4))), 3);
    EXPECT_EQ(outcome(seek(at(5))), "invalid_argument");
    EXPECT_EQ(outcome(seek(at(0))), "invalid_argument");
    EXPECT_EQ(subscriptions().at(0).committed, 3);
}

TEST_P(LogMode, truncating_removes_what_is_older_read_or_not) {
    make_log();
    post_texts({"a", "b", "c", "d"});
    must(subscribe());
    EXPECT_EQ(must(truncate_before(1)), 0);
    EXPECT_EQ(must(truncate_before(3)), 2);
    EXPECT_EQ(must(truncate_before(2)), 0);
    for (const bool reopened : {false, true}) {
        if (reopened) h.reopen();
        EXPECT_EQ(fetch(), (Texts{"c", "d"}));
        EXPECT_EQ(subscriptions().at(0), (Subscription{s, 0, 2}));
        EXPECT_EQ(stats().message_count, 2);
        EXPECT_EQ(stats().used_storage, 2);
        expect_stats_match_peek();
    }
    EXPECT_EQ(outcome(truncate_before(6)), "invalid_argument");
    EXPECT_EQ(outcome(truncate_before(0)), "invalid_argument");
    EXPECT_EQ(outcome(commit(1)), "ok");  // what is no longer kept may still be committed
    EXPECT_EQ(must(truncate_before(5)), 2);
    EXPECT_EQ(subscriptions().at(0), (Subscription{s, 1, 0}));
    EXPECT_EQ(must(seek({})), 4);
    post_texts({"e"});
    h.reopen();
    EXPECT_EQ(fetch(), (Texts{"e"}));
    EXPECT_EQ(must(h.run(queues().purge(q))), 1);
    h.reopen();
    EXPECT_EQ(fetch(), (Texts{}));
    post_texts({"f"});
    EXPECT_EQ(must(try_fetch({})).at(0).id.seq, 6);
}

TEST_P(LogMode, a_shorter_retention_set_while_the_log_is_empty_counts_for_what_comes) {
    make_log({.retention_period = std::chrono::seconds(60)});
    must(subscribe());
    post_texts({"a"});
    EXPECT_EQ(must(h.run(queues().purge(q))), 1U);
    make_log({.retention_period = std::chrono::seconds(1)});
    post_texts({"b"});
    h.advance(Duration(2'000));
    EXPECT_EQ(fetch(), (Texts{}));
}

TEST_P(LogMode, messages_leave_when_they_reach_the_retention_period) {
    make_log({.retention_period = std::chrono::seconds(10)});
    must(subscribe());
    post_texts({"a", "b"});
    h.advance(Duration(5'000));
    post_texts({"c"});
    h.advance(Duration(4'999));
    EXPECT_EQ(fetch(), (Texts{"a", "b", "c"}));
    h.advance(Duration(1'001));  // a second late at most
    EXPECT_EQ(fetch(), (Texts{"c"}));
    EXPECT_EQ(stats().expired_total, 2);
    h.reopen();
    EXPECT_EQ(fetch(), (Texts{"c"}));
    make_log({.retention_period = std::chrono::seconds(60)});  // for all that are there
    h.advance(Duration(10'000));
    EXPECT_EQ(fetch(), (Texts{"c"}));
    make_log({.retention_period = std::chrono::seconds(1)});
    h.advance(Duration(0));
    EXPECT_EQ(fetch(), (Texts{}));
    h.reopen();
    post_texts({"d"});
    EXPECT_EQ(fetch(), (Texts{"d"}));
    h.close();
    h.clock().advance(Duration(2'000));
    h.open();
    h.advance(Duration(0));
    EXPECT_EQ(fetch(), (Texts{}));
    make_log();
    post_texts({"e"});
    h.advance(std::chrono::hours(1'000));
    EXPECT_EQ(fetch(), (Texts{"e"}));
}

TEST_P(LogMode, a_full_log_refuses_or_drops_the_oldest) {
    make_log({.max_size = 3});
    must(subscribe());
    post_texts({"a", "b", "c"});
    EXPECT_EQ(outcome(try_post({{}})), "queue_full");
    make_log({.max_size = 3, .overflow = Overflow::drop_oldest});
    post_texts({"d", "e"});
    for (const bool reopened : {false, true}) {
        if (reopened) h.reopen();
        EXPECT_EQ(fetch(), (Texts{"c", "d", "e"}));
        EXPECT_EQ(subscriptions().at(0).lag, 3);
    }
    EXPECT_EQ(outcome(try_post(std::vector<Letter>(4))), "queue_full");
    make_log({.max_bytes = 4, .overflow = Overflow::drop_oldest});
    post_texts({"ff"});
    EXPECT_EQ(fetch(), (Texts{"d", "e", "ff"}));
    EXPECT_EQ(stats().used_storage, 4);
}

TEST_P(LogMode, the_modes_refuse_each_others_calls) {
    make_log();
    const auto id = post_one();
    const auto popped = h.run(queues().pop({.queue = q}));
    EXPECT_EQ(outcome(popped), "unsupported");
    EXPECT_NE(popped.error().detail.find("fetch"), std::string::npos);
    EXPECT_EQ(outcome(h.run(queues().pop({.queue = q, .wait = Deadline::never()}))), "unsupported");
    EXPECT_EQ(outcome(h.run(queues().cancel(id))), "unsupported");
    EXPECT_EQ(outcome(ack({id, 1})), "lease_lost");
    EXPECT_EQ(outcome(h.run(queues().append_output({id, 1}, {Bytes("x")}))), "lease_lost");
    EXPECT_EQ(outcome(try_post({{.delay = Duration(1)}})), "unsupported");
    EXPECT_EQ(outcome(try_post({{.ttl = Duration(1)}})), "unsupported");
    EXPECT_EQ(stats().message_count, 1);

    const QueueName other("other");
    must(h.run(queues().put_queue(other, {})));
    const auto fetched = h.run(queues().fetch({.queue = other, .subscription = s}));
    EXPECT_EQ(outcome(fetched), "unsupported");
    EXPECT_NE(fetched.error().detail.find("pop"), std::string::npos);
    EXPECT_EQ(outcome(h.run(queues().subscribe(other, s, {}))), "unsupported");
    EXPECT_EQ(outcome(h.run(queues().unsubscribe(other, s))), "unsupported");
    EXPECT_EQ(outcome(h.run(queues().subscriptions(other))), "unsupported");
    EXPECT_EQ(outcome(h.run(queues().commit(other, s, 0))), "unsupported");
    EXPECT_EQ(outcome(h.run(queues().seek(other, s, {}))), "unsupported");
    EXPECT_EQ(outcome(h.run(queues().truncate_before(other, 1))), "unsupported");
    EXPECT_EQ(outcome(h.run(queues().fetch({.queue = QueueName("none"), .subscription = s}))),
        "queue_not_found");
}

TEST_P(LogMode, the_mode_changes_only_while_the_queue_is_empty) {
    make();
    const auto old = post_one();
    EXPECT_EQ(outcome(h.run(queues().put_queue(q, {.mode = QueueMode::log}))), "conflict");
    EXPECT_EQ(outcome(ack(take().receipt)), "ok");
    make_log();
    h.reopen();
    const auto id = post_one({.text = "a"});
    EXPECT_NE(id, old);
    must(subscribe());
    EXPECT_EQ(fetch(), (Texts{"a"}));
    EXPECT_EQ(outcome(h.run(queues().put_queue(q, {}))), "conflict");
    must(truncate_before(id.seq + 1));
    make();
    h.reopen();
    EXPECT_EQ(must(h.run(queues().get_queue(q))).config.mode, QueueMode::queue);
    post_one({.text = "b"});
    EXPECT_EQ(pop_texts(), (Texts{"b"}));
}

TEST_P(LogMode, duplicates_are_found_and_replies_kept) {
    make_log();
    must(subscribe());
    const auto id = post_one({.text = "a", .dedup = "k"});
    const auto again = post({{.text = "again", .dedup = "k"}}).front();
    EXPECT_EQ(again, (PostedMessage{.id = id, .duplicate = true}));
    EXPECT_EQ(fetch(), (Texts{"a"}));
    EXPECT_EQ(outcome(reply(id, "r")), "ok");
    EXPECT_EQ(reply_text(id), "r");
}

TEST_P(LogMode, a_log_in_memory_is_empty_after_the_restart) {
    make_log({.durability = Durability::memory});
    post_texts({"a", "b"});
    must(subscribe());
    EXPECT_EQ(outcome(commit(1)), "ok");
    EXPECT_EQ(fetch(), (Texts{"b"}));
    h.reopen();
    EXPECT_EQ(outcome(try_fetch({})), "not_found");
    EXPECT_EQ(must(subscribe()), 0);
    EXPECT_EQ(fetch(), (Texts{}));
    post_texts({"c"});
    EXPECT_EQ(fetch(), (Texts{"c"}));
}

TEST_P(LogMode, a_deleted_log_takes_its_subscriptions_with_it) {
    make_log();
    post_texts({"a"});
    must(subscribe());
    EXPECT_EQ(outcome(h.run(queues().delete_queue(q))), "ok");
    make_log();
    h.reopen();
    EXPECT_TRUE(subscriptions().empty());
    EXPECT_EQ(stats().message_count, 0);
}

TEST_P(LogMode, a_fetch_takes_1_to_1000_messages) {
    make_log();
    must(subscribe());
    post(std::vector<Letter>(1'001));
    EXPECT_EQ(outcome(try_fetch({.max = 0})), "invalid_argument");
    EXPECT_EQ(outcome(try_fetch({.max = 1'001})), "invalid_argument");
    EXPECT_EQ(fetch().size(), 1'000);
    EXPECT_EQ(fetch(1'000).size(), 1);
}

TEST_P(LogMode, has_a_limit_of_subscriptions) {
    make_log({.durability = Durability::memory});
    for (std::size_t i = 0; i < MessageLimits::subscriptions_max; ++i) {
        must(subscribe({}, std::to_string(i)));
    }
    EXPECT_EQ(outcome(subscribe({}, "more")), "queue_full");
    EXPECT_EQ(outcome(subscribe({}, "0")), "ok");
    EXPECT_EQ(outcome(h.run(queues().unsubscribe(q, SubscriptionName("0")))), "ok");
    EXPECT_EQ(outcome(subscribe({}, "more")), "ok");
}

}  // namespace
}  // namespace baton::test
