// The Queues port on every store: making queues, posting, leasing, settling, looking.
#include "base/text.h"
#include "conformance/queues_test.h"

namespace baton::test {
namespace {

using queue::Blame;
using queue::NackOutcome;

class Queues : public QueuesTest {};
INSTANTIATE_TEST_SUITE_P(Stores, Queues, all_stores, store_name);

TEST_P(Queues, put_makes_a_queue_once_and_then_changes_its_configuration) {
    EXPECT_TRUE(make({.max_size = 7}));
    EXPECT_FALSE(make({.max_size = 8}));
    const auto info = must(h.run(queues().get_queue(q)));
    EXPECT_EQ(info.name, q);
    EXPECT_EQ(info.config.max_size, 8);
    EXPECT_EQ(info.created_at, h.now());
    EXPECT_FALSE(info.paused);
}

TEST_P(Queues, list_is_by_name) {
    for (const auto* name : {"b", "c", "a"}) {
        must(h.run(queues().put_queue(QueueName(name), {})));
    }
    Texts names;
    for (const auto& info : must(h.run(queues().list_queues()))) names.push_back(info.name.text);
    EXPECT_EQ(names, (Texts{"a", "b", "c"}));
}

TEST_P(Queues, unknown_queue_and_unknown_message_are_typed_errors) {
    EXPECT_EQ(outcome(h.run(queues().get_queue(q))), "queue_not_found");
    EXPECT_EQ(outcome(h.run(queues().delete_queue(q))), "queue_not_found");
    EXPECT_EQ(outcome(h.run(queues().purge(q))), "queue_not_found");
    EXPECT_EQ(outcome(h.run(queues().set_paused(q, true))), "queue_not_found");
    EXPECT_EQ(outcome(h.run(queues().stats(q))), "queue_not_found");
    EXPECT_EQ(outcome(try_post({{}})), "queue_not_found");
    EXPECT_EQ(
        outcome(h.run(queues().pop({.queue = q, .wait = Deadline::never()}))), "queue_not_found");
    EXPECT_EQ(outcome(h.run(queues().peek({.queue = q}))), "queue_not_found");
    make();
    const MessageId first = post_one();
    const MessageId later{first.queue_uid, first.seq + 1};
    for (const MessageId id :
        {later, MessageId{first.queue_uid + 1, 1}, MessageId{first.queue_uid, 0}}) {
        EXPECT_EQ(outcome(get(id)), "message_not_found");
        EXPECT_EQ(outcome(h.run(queues().cancel(id))), "message_not_found");
        EXPECT_EQ(outcome(h.run(queues().get_reply(id))), "message_not_found");
        EXPECT_EQ(outcome(h.run(queues().wait_reply(id, Deadline::never()))), "message_not_found");
        EXPECT_EQ(outcome(reply(id, "r")), "message_not_found");
        EXPECT_EQ(outcome(ack({id, 1})), "lease_lost");
        EXPECT_EQ(outcome(nack({.receipt = {id, 1}})), "lease_lost");
        EXPECT_EQ(outcome(h.run(queues().extend({id, 1}, Duration(1)))), "lease_lost");
    }
}

TEST_P(Queues, arguments_out_of_range_are_refused) {
    make();
    const auto pop_with = [&](std::uint32_t max, Duration lease) {
        return outcome(h.run(queues().pop({.queue = q, .max = max, .lease = lease})));
    };
    post({{}});
    EXPECT_EQ(pop_with(0, Duration(1)), "invalid_argument");
    EXPECT_EQ(pop_with(1'001, Duration(1)), "invalid_argument");
    EXPECT_EQ(pop_with(1, Duration(0)), "invalid_argument");
    EXPECT_EQ(pop_with(1, std::chrono::hours(12) + Duration(1)), "invalid_argument");
    EXPECT_EQ(stats().ready, 1);
    const Receipt receipt = take(std::chrono::hours(12)).receipt;
    EXPECT_EQ(outcome(h.run(queues().extend(receipt, Duration(0)))), "invalid_argument");
    EXPECT_EQ(outcome(nack({.receipt = receipt, .delay = Duration(-1)})), "invalid_argument");
    EXPECT_EQ(outcome(nack({.receipt = receipt, .delay = Duration::max()})), "invalid_argument");
    EXPECT_EQ(outcome(try_post({})), "invalid_argument");
    EXPECT_EQ(outcome(try_post(std::vector<Letter>(10'001))), "invalid_argument");
    EXPECT_EQ(outcome(h.run(queues().peek({.queue = q, .limit = 0}))), "invalid_argument");
    EXPECT_EQ(outcome(h.run(queues().peek({.queue = q, .limit = 1'001}))), "invalid_argument");
    EXPECT_EQ(stats().message_count, 1);
}

TEST_P(Queues, configuration_that_could_not_be_read_back_is_refused) {
    const auto put = [&](QueueConfig config) {
        return outcome(h.run(queues().put_queue(q, std::move(config))));
    };
    EXPECT_EQ(put({.fairness_weights = {{"a", 0}}}), "invalid_argument");
    EXPECT_EQ(put({.fairness_weights = {{"a", 1'001}}}), "invalid_argument");
    EXPECT_EQ(put({.max_message_size = 0}), "invalid_argument");
    EXPECT_EQ(put({.dedup_window = std::chrono::seconds(-1)}), "invalid_argument");
    EXPECT_EQ(outcome(h.run(queues().put_queue(QueueName(".x"), {}))), "invalid_argument");
    EXPECT_TRUE(must(h.run(queues().list_queues())).empty());
}

TEST_P(Queues, post_gives_ascending_ids_in_the_order_of_the_batch) {
    make();
    const auto posted = post({{.text = "a"}, {.text = "b"}, {.text = "c"}});
    ASSERT_EQ(posted.size(), 3);
    EXPECT_LT(posted[0].id, posted[1].id);
    EXPECT_LT(posted[1].id, posted[2].id);
    EXPECT_LT(posted[2].id, post_one());
    EXPECT_EQ(text_of(must(get(posted[1].id))), "b");
}

TEST_P(Queues, ten_thousand_messages_are_one_post) {
    make();
    EXPECT_EQ(post(std::vector<Letter>(10'000)).size(), 10'000);
    EXPECT_EQ(stats().ready, 10'000);
    EXPECT_EQ(pop(1'000).size(), 1'000);
}

TEST_P(Queues, everything_of_a_message_comes_back) {
    make();
    const NewMessage message{.data = {.content = Bytes(std::string("\0\xff{\"a\":1}", 9)),
                                 .priority = Level::high,
                                 .ordering_key = "order",
                                 .fairness_key = "share",
                                 .dedup_key = "dedup",
                                 .headers = {{"a", "1"}, {"b", "\"two\" ü"}},
                                 .metadata = R"({"m":[1,2]})"},
        .ttl = Duration(5'000)};
    const auto id = must(h.run(queues().post(q, {message}))).front().id;
    const auto leased = take();
    ASSERT_TRUE(leased.message.data);
    EXPECT_EQ(*leased.message.data, message.data);
    EXPECT_EQ(leased.message.id, id);
    EXPECT_EQ(leased.message.queue, q);
    EXPECT_EQ(leased.message.state, MessageState::leased);
    EXPECT_EQ(leased.message.level, Level::high);
    EXPECT_EQ(leased.message.posted_at, h.now());
    EXPECT_EQ(leased.message.due_at, h.now());
    EXPECT_EQ(leased.message.expires_at, h.now() + Duration(5'000));
    EXPECT_EQ(leased.message.lease_expires_at, h.now() + Duration(30'000));
    EXPECT_EQ(leased.message.attempts, 1);
    EXPECT_EQ(leased.receipt, (Receipt{id, 1}));
    EXPECT_EQ(apart({must(get(id))}), apart({leased.message}));
}

TEST_P(Queues, higher_levels_come_first_and_each_is_fifo) {
    make();
    post({{.text = "l1", .level = Level::low}, {.text = "n1"},
        {.text = "r1", .level = Level::realtime}, {.text = "h1", .level = Level::high},
        {.text = "n2"}, {.text = "h2", .level = Level::high},
        {.text = "r2", .level = Level::realtime}, {.text = "l2", .level = Level::low}});
    EXPECT_EQ(pop_texts(3), (Texts{"r1", "r2", "h1"}));
    EXPECT_EQ(pop_texts(), (Texts{"h2", "n1", "n2", "l1", "l2"}));
}

TEST_P(Queues, pop_of_one_level_takes_only_that) {
    make();
    post({{.text = "n"}, {.text = "h", .level = Level::high}, {.text = "l", .level = Level::low}});
    EXPECT_EQ(texts_of(pop(10, Duration(1'000), Level::low)), (Texts{"l"}));
    EXPECT_EQ(texts_of(pop(10, Duration(1'000), Level::low)), (Texts{}));
    EXPECT_EQ(pop_texts(), (Texts{"h", "n"}));
}

TEST_P(Queues, ack_finishes_for_good) {
    make();
    const auto leased = (post_one(), take());
    EXPECT_EQ(outcome(ack(leased.receipt)), "ok");
    EXPECT_EQ(outcome(ack(leased.receipt)), "lease_lost");
    EXPECT_EQ(outcome(nack({.receipt = leased.receipt})), "lease_lost");
    EXPECT_EQ(outcome(get(leased.message.id)), "message_not_found");
    h.advance(std::chrono::hours(1));
    EXPECT_TRUE(pop().empty());
    EXPECT_EQ(stats().acked_total, 1);
    expect_stats_match_peek();
}

TEST_P(Queues, expired_lease_returns_message_once_and_counts_a_failure) {
    make();
    const auto id = post_one();
    const auto first = take(Duration(1'000));
    h.advance(Duration(999));
    EXPECT_TRUE(pop().empty());
    h.advance(Duration(1));
    auto again = pop(10);
    ASSERT_EQ(again.size(), 1);
    EXPECT_EQ(again[0].message.id, id);
    EXPECT_EQ(again[0].message.attempts, 2);
    EXPECT_EQ(again[0].message.failures, 1);
    ASSERT_EQ(again[0].message.history.size(), 1);
    EXPECT_EQ(again[0].message.history[0].attempt, 1);
    EXPECT_EQ(again[0].message.history[0].at, h.now());
    EXPECT_EQ(outcome(ack(first.receipt)), "lease_lost");
    EXPECT_EQ(outcome(nack({.receipt = first.receipt})), "lease_lost");
    EXPECT_EQ(outcome(h.run(queues().extend(first.receipt, Duration(1)))), "lease_lost");
    EXPECT_EQ(outcome(ack(again[0].receipt)), "ok");
}

TEST_P(Queues, extend_moves_the_end_of_the_lease_both_ways) {
    make();
    post_one();
    const auto leased = take(Duration(1'000));
    EXPECT_EQ(
        must(h.run(queues().extend(leased.receipt, Duration(5'000)))), h.now() + Duration(5'000));
    h.advance(Duration(4'999));
    EXPECT_EQ(state_of(leased.message.id), "leased");
    EXPECT_EQ(must(h.run(queues().extend(leased.receipt, Duration(10)))), h.now() + Duration(10));
    h.advance(Duration(10));
    EXPECT_EQ(state_of(leased.message.id), "ready");
}

TEST_P(Queues, nack_returns_at_once_or_after_its_delay) {
    make();
    post_one();
    EXPECT_EQ(must(nack({.receipt = take().receipt})), NackOutcome::returned);
    const auto second = take();
    EXPECT_EQ(
        must(nack({.receipt = second.receipt, .delay = Duration(500)})), NackOutcome::returned);
    EXPECT_EQ(stats().scheduled, 1);
    EXPECT_EQ(must(get(second.message.id)).due_at, h.now() + Duration(500));
    EXPECT_TRUE(pop().empty());
    h.advance(Duration(500));
    const auto third = take();
    EXPECT_EQ(third.message.attempts, 3);
    EXPECT_EQ(third.message.failures, 2);
}

TEST_P(Queues, returned_message_keeps_its_place) {
    make();
    post({{.text = "a"}, {.text = "b"}, {.text = "c"}});
    const auto a = take();
    const auto b = take();
    EXPECT_EQ(outcome(nack({.receipt = b.receipt})), "ok");
    EXPECT_EQ(outcome(nack({.receipt = a.receipt})), "ok");
    EXPECT_EQ(pop_texts(), (Texts{"a", "b", "c"}));
}

TEST_P(Queues, blame_none_does_not_count) {
    make({.max_failures = 1});
    post_one();
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(
            must(nack({.receipt = take().receipt, .blame = Blame::none})), NackOutcome::returned);
    }
    const auto leased = take();
    EXPECT_EQ(leased.message.failures, 0);
    EXPECT_EQ(leased.message.attempts, 6);
    EXPECT_TRUE(leased.message.history.empty());
}

TEST_P(Queues, the_last_allowed_failure_makes_a_dead_letter_with_reason_and_history) {
    make({.max_failures = 3});
    const auto id = post_one({.text = "bad"});
    EXPECT_EQ(must(nack({.receipt = take().receipt, .reason = "one"})), NackOutcome::returned);
    take(Duration(10));
    h.advance(Duration(10));
    EXPECT_EQ(must(nack({.receipt = take().receipt, .reason = "three"})), NackOutcome::dead);
    const auto view = must(get(id));
    EXPECT_EQ(view.state, MessageState::dead);
    EXPECT_EQ(view.dead_reason, "three");
    EXPECT_EQ(view.failures, 3);
    ASSERT_EQ(view.history.size(), 3);
    EXPECT_EQ(view.history[0].reason, "one");
    EXPECT_NE(view.history[1].reason, "");
    EXPECT_EQ(view.history[2].attempt, 3);
    EXPECT_EQ(text_of(view), "bad");
    h.advance(std::chrono::hours(24));
    EXPECT_TRUE(pop().empty());
    EXPECT_EQ(stats().dead, 1);
    EXPECT_EQ(stats().message_count, 0);
    expect_stats_match_peek();
}

TEST_P(Queues, expired_leases_alone_make_a_dead_letter_too) {
    make({.max_failures = 2});
    const auto id = post_one();
    for (int i = 0; i < 2; ++i) {
        take(Duration(10));
        h.advance(Duration(10));
    }
    EXPECT_EQ(state_of(id), "dead");
}

TEST_P(Queues, fatal_makes_a_dead_letter_at_once) {
    make({.max_failures = 0});
    const auto id = post_one();
    EXPECT_EQ(must(nack({.receipt = take().receipt, .reason = "never", .blame = Blame::fatal})),
        NackOutcome::dead);
    EXPECT_EQ(must(get(id)).dead_reason, "never");
}

TEST_P(Queues, max_failures_zero_never_makes_a_dead_letter) {
    make({.max_failures = 0});
    post_one();
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(
            must(nack({.receipt = take().receipt, .reason = "again"})), NackOutcome::returned);
    }
    const auto leased = take();
    EXPECT_EQ(leased.message.failures, 20);
    EXPECT_EQ(leased.message.history.size(), 10);  // the last ten
    EXPECT_EQ(leased.message.history.back().attempt, 20);
}

TEST_P(Queues, a_long_reason_is_cut_between_characters) {
    make();
    const auto id = post_one();
    std::string reason;
    while (reason.size() < 2 * MessageLimits::reason_max) reason += "ü€";
    EXPECT_EQ(
        outcome(nack({.receipt = take().receipt, .reason = reason, .blame = Blame::fatal})), "ok");
    const auto view = must(get(id));
    EXPECT_LE(view.dead_reason.size(), MessageLimits::reason_max);
    EXPECT_GT(view.dead_reason.size(), MessageLimits::reason_max - 4);
    EXPECT_TRUE(is_utf8(view.dead_reason));
    EXPECT_TRUE(reason.starts_with(view.dead_reason));
}

TEST_P(Queues, paused_takes_posts_and_hands_out_nothing) {
    make();
    EXPECT_EQ(outcome(h.run(queues().set_paused(q, true))), "ok");
    post({{.text = "a"}, {.text = "b"}});
    EXPECT_TRUE(pop(10).empty());
    EXPECT_TRUE(stats().paused);
    EXPECT_TRUE(must(h.run(queues().get_queue(q))).paused);
    auto waiting = start_pop();
    EXPECT_EQ(outcome(h.run(queues().set_paused(q, false))), "ok");
    EXPECT_EQ(texts_of(must(waiting.get())), (Texts{"a"}));
}

TEST_P(Queues, peek_shows_pages_by_seq_and_state_without_touching) {
    make({.max_failures = 1});
    post({{.text = "dead"}, {.text = "leased"}, {.text = "r1", .level = Level::low},
        {.text = "s1", .delay = Duration(10)}, {.text = "r2"}});
    EXPECT_EQ(pop_texts(2), (Texts{"dead", "leased"}));
    EXPECT_EQ(outcome(nack({.receipt = {peek()[0].id, 1}})), "ok");
    EXPECT_EQ(peek_texts(), (Texts{"dead", "leased", "r1", "s1", "r2"}));
    EXPECT_EQ(peek_texts(MessageState::dead), (Texts{"dead"}));
    EXPECT_EQ(peek_texts(MessageState::leased), (Texts{"leased"}));
    EXPECT_EQ(peek_texts(MessageState::ready), (Texts{"r1", "r2"}));
    EXPECT_EQ(peek_texts(MessageState::scheduled), (Texts{"s1"}));
    Texts paged;
    std::uint64_t after = 0;
    for (auto page = peek({}, 0, 2); !page.empty(); page = peek({}, after, 2)) {
        EXPECT_LE(page.size(), 2);
        for (const auto& view : page) paged.push_back(text_of(view));
        after = page.back().id.seq;
    }
    EXPECT_EQ(paged, peek_texts());
    EXPECT_TRUE(peek({}, UINT64_MAX).empty());
    EXPECT_EQ(stats().levels[static_cast<std::size_t>(Level::normal)].leased, 1);
    expect_stats_match_peek();
}

TEST_P(Queues, stats_follow_every_move) {
    make({.max_size = 10, .max_failures = 2});
    EXPECT_EQ(stats().max_size, 10);
    post({{.text = "aa"}, {.text = "bbb", .level = Level::high},
        {.text = "c", .delay = Duration(5)}});
    expect_stats_match_peek();
    const auto leased = take();
    expect_stats_match_peek();
    h.advance(Duration(5));
    expect_stats_match_peek();
    EXPECT_EQ(outcome(nack({.receipt = leased.receipt, .delay = Duration(7)})), "ok");
    expect_stats_match_peek();
    EXPECT_EQ(stats().posted_total, 3);
    EXPECT_EQ(stats().used_storage, 6);
    EXPECT_EQ(stats().last_accessed, h.now());
}

}  // namespace
}  // namespace baton::test
