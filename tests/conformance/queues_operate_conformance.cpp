// Conformance of the Queues port: rescheduling, redriving, explaining.
#include "queues_test.h"

namespace baton::test {
namespace {

using queue::Blame;

class Operate : public QueuesTest {
protected:
    Result<void> reschedule(MessageId id, Duration from_now) {
        return h.run(queues().reschedule(id, h.now() + from_now));
    }
    MessageId bury(const Letter& letter, const std::string& reason = "bad") {
        const auto id = post_one(letter);
        while (true) {
            const auto leased = take();
            const bool is_it = leased.message.id == id;
            must(nack({.receipt = leased.receipt,
                .reason = is_it ? reason : "",
                .blame = is_it ? Blame::fatal : Blame::none}));
            if (is_it) return id;
        }
    }
    Result<std::uint64_t> redrive(RedriveRequest request = {}) {
        request.queue = q;
        return h.run(queues().redrive(std::move(request)));
    }
    Explanation explain(MessageId id) { return must(h.run(queues().explain(id))); }
    Texts hindrances(MessageId id) {
        Texts codes;
        for (const auto& one : explain(id).hindrances) codes.push_back(one.code);
        return codes;
    }
};

INSTANTIATE_TEST_SUITE_P(Stores, Operate, all_stores, store_name);

TEST_P(Operate, a_message_that_waits_comes_when_it_is_rescheduled_to) {
    make();
    const auto later = post_one({.text = "later"});
    const auto sooner = post_one({.text = "sooner", .delay = Duration(10'000)});
    EXPECT_EQ(outcome(reschedule(later, Duration(500))), "ok");
    EXPECT_EQ(outcome(reschedule(sooner, Duration(-5))), "ok");
    h.reopen();
    EXPECT_EQ(pop_texts(), (Texts{"sooner"}));
    EXPECT_EQ(state_of(later), "scheduled");
    EXPECT_EQ(must(get(later)).due_at, h.now() + Duration(500));
    h.advance(Duration(500));
    EXPECT_EQ(pop_texts(), (Texts{"later"}));
    expect_stats_match_peek();
}

TEST_P(Operate, only_what_waits_can_be_rescheduled) {
    make();
    const auto dead = bury({});
    EXPECT_EQ(outcome(reschedule(dead, Duration(1))), "conflict");
    const auto id = post_one();
    const auto leased = take();
    EXPECT_EQ(outcome(reschedule(id, Duration(1))), "conflict");
    must(ack(leased.receipt));
    EXPECT_EQ(outcome(reschedule(id, Duration(1))), "message_not_found");
    const auto waiting = post_one();
    EXPECT_EQ(outcome(reschedule(waiting, MessageLimits::period_max)), "ok");
    EXPECT_EQ(
        outcome(reschedule(waiting, MessageLimits::period_max + Duration(1))), "invalid_argument");
}

TEST_P(Operate, a_rescheduled_message_leaves_its_keys_line_and_joins_it_anew) {
    make();
    const auto first = post_one({.text = "1", .order = "k"});
    const auto second = post_one({.text = "2", .order = "k"});
    post_one({.text = "3", .order = "k"});
    EXPECT_EQ(outcome(reschedule(first, Duration(100))), "ok");
    EXPECT_EQ(outcome(reschedule(second, Duration(200))), "ok");
    h.reopen();
    auto leased = take();
    EXPECT_EQ(text_of(leased.message), "3");
    h.advance(Duration(300));
    EXPECT_EQ(pop_texts(), Texts{});
    must(ack(leased.receipt));
    leased = take();
    EXPECT_EQ(text_of(leased.message), "1");
    must(ack(leased.receipt));
    EXPECT_EQ(pop_texts(), (Texts{"2"}));
}

TEST_P(Operate, one_that_was_delivered_keeps_its_key_while_it_is_rescheduled) {
    make();
    const auto first = post_one({.text = "1", .order = "k"});
    post_one({.text = "2", .order = "k"});
    must(nack({.receipt = take().receipt}));
    EXPECT_EQ(outcome(reschedule(first, Duration(100))), "ok");
    h.reopen();
    EXPECT_EQ(pop_texts(), Texts{});
    h.advance(Duration(100));
    EXPECT_EQ(pop_texts(), (Texts{"1"}));
}

TEST_P(Operate, redriven_letters_start_over_and_keep_their_history) {
    make({.max_failures = 2});
    const auto id = bury({.text = "a", .ttl = Duration(1'000)}, "first");
    h.advance(Duration(2'000));
    EXPECT_EQ(must(redrive()), 1);
    EXPECT_EQ(must(redrive()), 0);
    h.reopen();
    auto view = must(get(id));
    EXPECT_EQ(view.state, MessageState::ready);
    EXPECT_EQ(view.failures, 0);
    EXPECT_EQ(view.attempts, 1);
    EXPECT_EQ(view.dead_reason, "");
    EXPECT_EQ(view.expires_at, std::nullopt);
    ASSERT_EQ(view.history.size(), 1);
    const auto leased = take();
    EXPECT_EQ(leased.receipt.attempt, 2);
    must(nack({.receipt = leased.receipt, .reason = "second"}));
    EXPECT_EQ(must(get(id)).state, MessageState::ready);
    must(nack({.receipt = take().receipt, .reason = "third"}));
    view = must(get(id));
    EXPECT_EQ(view.state, MessageState::dead);
    ASSERT_EQ(view.history.size(), 3);
    EXPECT_EQ(view.history[0].reason, "first");
    EXPECT_EQ(view.history[2].reason, "third");
    expect_stats_match_peek();
}

TEST_P(Operate, a_redrive_takes_what_all_its_conditions_mean) {
    make();
    const auto a = bury({.text = "a"}, "disk full");
    h.advance(Duration(100));
    const auto b = bury({.text = "b"}, "bad input");
    h.advance(Duration(100));
    const auto c = bury({.text = "c"}, "disk gone");
    EXPECT_EQ(
        must(redrive({.ids = {b, post_one({.text = "x"}), {1, 1}}, .reason_contains = "disk"})), 0);
    EXPECT_EQ(must(redrive({.reason_contains = "disk", .dead_from = h.now()})), 1);
    EXPECT_EQ(state_of(c), "ready");
    EXPECT_EQ(must(redrive({.dead_to = h.now() - Duration(100)})), 1);
    EXPECT_EQ(state_of(a), "ready");
    EXPECT_EQ(must(redrive({.ids = {b, b}})), 1);
    EXPECT_EQ(state_of(b), "ready");
}

TEST_P(Operate, a_redrive_stops_at_its_limit_oldest_first) {
    make();
    const auto a = bury({});
    const auto b = bury({});
    EXPECT_EQ(must(redrive({.limit = 1})), 1);
    EXPECT_EQ(state_of(a), "ready");
    EXPECT_EQ(state_of(b), "dead");
}

TEST_P(Operate, with_a_rate_letters_come_one_after_the_other) {
    make();
    for (int i = 0; i < 3; ++i) bury({.text = std::to_string(i)});
    EXPECT_EQ(must(redrive({.rate_per_second = 10})), 3);
    h.reopen();
    EXPECT_EQ(pop_texts(), (Texts{"0"}));
    h.advance(Duration(99));
    EXPECT_EQ(pop_texts(), Texts{});
    h.advance(Duration(1));
    EXPECT_EQ(pop_texts(), (Texts{"1"}));
    h.advance(Duration(100));
    EXPECT_EQ(pop_texts(), (Texts{"2"}));
}

TEST_P(Operate, a_redrive_to_another_queue_moves_letters_with_their_history) {
    make();
    const QueueName other("other");
    must(h.run(queues().put_queue(other, {.max_message_size = 10})));
    bury({.text = "a", .order = "k", .dedup = "d"}, "why");
    EXPECT_EQ(must(redrive({.target = other})), 1);
    EXPECT_EQ(stats().dead, 0);
    h.reopen();
    const auto popped = must(h.run(queues().pop({.queue = other})));
    ASSERT_EQ(popped.size(), 1);
    EXPECT_EQ(text_of(popped[0].message), "a");
    EXPECT_EQ(popped[0].message.data->ordering_key, "k");
    EXPECT_EQ(popped[0].message.attempts, 2);
    EXPECT_EQ(popped[0].message.failures, 0);
    ASSERT_EQ(popped[0].message.history.size(), 1);
    EXPECT_EQ(popped[0].message.history[0].reason, "why");
    bury({.text = "too long for it"});
    EXPECT_EQ(outcome(redrive({.target = other})), "message_too_large");
    EXPECT_EQ(outcome(redrive({.target = QueueName("none")})), "queue_not_found");
    EXPECT_EQ(stats().dead, 1);
}

TEST_P(Operate, a_redrive_to_a_queue_that_is_not_there_says_so_also_without_letters) {
    make();
    const auto result = redrive({.target = QueueName("none")});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::queue_not_found);
    EXPECT_EQ(result.error().field, "target");
}

TEST_P(Operate, letters_from_elsewhere_are_taken_once_also_after_a_restart) {
    make();
    const QueueName other("other");
    must(h.run(queues().put_queue(other, {})));
    const auto first = bury({.text = "a", .order = "k"}, "why");
    const auto second = bury({.text = "b"}, "why");
    const RedriveRequest request{.queue = q, .target = other};
    const auto page = must(h.run(queues().find_letters(request, 0, 1)));
    ASSERT_EQ(page.letters.size(), 1);
    EXPECT_TRUE(page.more);
    EXPECT_EQ(page.last_seq, first.seq);
    queue::LetterDelivery delivery{.target = other,
        .letters = must(h.run(queues().find_letters(request, 0, 1'000))).letters,
        .start = page.now};
    ASSERT_EQ(delivery.letters.size(), 2);
    EXPECT_EQ(must(h.run(queues().take_letters(delivery))), 2);
    EXPECT_EQ(must(h.run(queues().take_letters(delivery))), 0);
    h.reopen();
    EXPECT_EQ(must(h.run(queues().take_letters(delivery))), 0);
    EXPECT_EQ(must(h.run(queues().stats(other))).ready, 2);
    EXPECT_EQ(must(h.run(queues().drop_letters(other, {first, second}))), 0);
    EXPECT_EQ(must(h.run(queues().drop_letters(q, {first, second, post_one()}))), 2);
    h.reopen();
    EXPECT_EQ(stats().dead, 0);
    EXPECT_EQ(stats().ready, 1);
    const auto popped = must(h.run(queues().pop({.queue = other})));
    ASSERT_EQ(popped.size(), 1);
    EXPECT_EQ(text_of(popped[0].message), "a");
    EXPECT_EQ(popped[0].message.history[0].reason, "why");
    h.advance(queue::LetterMover::memory + Duration(2'000));
    h.reopen();
    EXPECT_EQ(must(h.run(queues().take_letters(delivery))), 2) << "so long it is remembered";
}

TEST_P(Operate, a_redrive_has_its_limits) {
    make({.max_size = 1});
    bury({});
    bury({});
    EXPECT_EQ(outcome(redrive()), "queue_full");
    EXPECT_EQ(stats().dead, 2);
    EXPECT_EQ(must(redrive({.limit = 1})), 1);
    const std::vector<MessageId> most(RedriveRequest::ids_max);
    EXPECT_EQ(must(redrive({.ids = most})), 0);
    const std::vector<MessageId> too_many(RedriveRequest::ids_max + 1);
    EXPECT_EQ(outcome(redrive({.ids = too_many})), "invalid_argument");
    EXPECT_EQ(
        outcome(redrive({.rate_per_second = RedriveRequest::rate_max + 1})), "invalid_argument");
}

TEST_P(Operate, a_redriven_letter_stands_behind_those_of_its_key_that_waited) {
    make();
    bury({.text = "a", .order = "k"});
    post({{.text = "b", .order = "k"}});
    h.advance(Duration(1));
    EXPECT_EQ(must(redrive()), 1);
    h.reopen();
    auto leased = take();
    EXPECT_EQ(text_of(leased.message), "b");
    EXPECT_EQ(pop_texts(), Texts{});
    must(ack(leased.receipt));
    leased = take();
    EXPECT_EQ(text_of(leased.message), "a");
}

TEST_P(Operate, an_explanation_says_what_holds_a_message_back) {
    make();
    const auto scheduled = post_one({.delay = Duration(100)});
    EXPECT_EQ(hindrances(scheduled), (Texts{"not_due"}));
    const auto dead = bury({}, "why");
    EXPECT_EQ(explain(dead).hindrances.at(0), (Hindrance{"dead", "why"}));
    const auto first = post_one({.text = "1", .order = "k", .share = "s"});
    const auto second = post_one({.text = "2", .order = "k"});
    EXPECT_EQ(hindrances(first), Texts{});
    EXPECT_EQ(hindrances(second), (Texts{"ordering_key_busy"}));
    EXPECT_TRUE(explain(second).hindrances[0].detail.contains(first.text()));
    EXPECT_EQ(explain(second).ahead, 1);
    must(h.run(queues().set_paused(q, true)));
    must(h.run(queues().pause_key(q, KeyKind::ordering, "k", true)));
    must(h.run(queues().pause_key(q, KeyKind::fairness, "s", true)));
    EXPECT_EQ(hindrances(first), (Texts{"queue_paused", "key_paused", "key_paused"}));
    must(h.run(queues().set_paused(q, false)));
    must(h.run(queues().pause_key(q, KeyKind::ordering, "k", false)));
    must(h.run(queues().pause_key(q, KeyKind::fairness, "s", false)));
    QueueConfig config{.rates = {.pop_per_second = 1}};
    config.levels[static_cast<std::size_t>(Level::normal)].max_concurrent = 1;
    make(config);
    take();
    EXPECT_EQ(hindrances(first), (Texts{"leased"}));
    EXPECT_EQ(hindrances(second), (Texts{"ordering_key_busy", "level_full", "rate_limited"}));
    EXPECT_EQ(outcome(h.run(queues().explain({1, 1}))), "message_not_found");
}

TEST_P(Operate, an_explanation_counts_what_comes_before) {
    make({.fairness_weights = {{"heavy", 3}}});
    std::vector<MessageId> ids;
    for (int i = 0; i < 6; ++i) ids.push_back(post_one({.share = "heavy"}));
    for (int i = 0; i < 3; ++i) ids.push_back(post_one({.share = "light"}));
    ids.push_back(post_one({.level = Level::high}));
    ids.push_back(post_one({.level = Level::low}));
    std::map<MessageId, std::uint64_t> ahead;
    for (const auto& id : ids) ahead[id] = explain(id).ahead;
    std::uint64_t place = 0;
    for (const auto& leased : pop(100)) EXPECT_EQ(ahead.at(leased.message.id), place++);
    EXPECT_EQ(place, ids.size());
}

}  // namespace
}  // namespace baton::test
