// Conformance of the Queues port: calls with many receipts, ack-and-pop, durability by call,
// watches.
#include "queues_test.h"

namespace baton::test {
namespace {

using queue::Blame;
using queue::NackOutcome;

class Settle : public QueuesTest {
protected:
    template <class T>
    static Texts outcomes(const queue::PerReceipt<T>& results) {
        Texts names;
        for (const auto& result : results) names.push_back(outcome(result));
        return names;
    }
    std::vector<Receipt> receipts_of(const std::vector<LeasedMessage>& popped) {
        std::vector<Receipt> receipts;
        for (const auto& leased : popped) receipts.push_back(leased.receipt);
        return receipts;
    }
    Result<queue::Posted> post_as(std::optional<Durability> durability, const Letter& letter) {
        return h.run(queues().post(q, messages_of({letter}), {.durability = durability}));
    }
};

INSTANTIATE_TEST_SUITE_P(Stores, Settle, all_stores, store_name);

TEST_P(Settle, one_bad_receipt_spoils_none_of_the_others) {
    make();
    post({{.text = "a"}, {.text = "b"}, {.text = "c"}});
    auto receipts = receipts_of(pop(3));
    receipts.insert(receipts.begin() + 1, Receipt{.message = {.queue_uid = 1, .seq = 1}});
    receipts.push_back(receipts.front());
    EXPECT_EQ(outcomes(must(h.run(queues().ack(receipts)))),
        (Texts{"ok", "lease_lost", "ok", "ok", "lease_lost"}));
    h.reopen();
    EXPECT_EQ(stats().message_count, 0);
}

TEST_P(Settle, nacks_of_one_call_each_have_their_own_delay_and_blame) {
    make();
    post({{.text = "a"}, {.text = "b"}, {.text = "c"}});
    const auto popped = pop(3);
    std::vector<queue::NackRequest> requests{{.receipt = popped[0].receipt},
        {.receipt = popped[1].receipt, .delay = Duration(100), .blame = Blame::none},
        {.receipt = popped[2].receipt, .reason = "bad", .blame = Blame::fatal},
        {.receipt = popped[2].receipt}};
    const auto results = must(h.run(queues().nack(requests)));
    EXPECT_EQ(outcomes(results), (Texts{"ok", "ok", "ok", "lease_lost"}));
    EXPECT_EQ(*results[0], NackOutcome::returned);
    EXPECT_EQ(*results[2], NackOutcome::dead);
    h.reopen();
    EXPECT_EQ(peek_texts(MessageState::ready), (Texts{"a"}));
    EXPECT_EQ(peek_texts(MessageState::scheduled), (Texts{"b"}));
    EXPECT_EQ(peek_texts(MessageState::dead), (Texts{"c"}));
}

TEST_P(Settle, leases_of_one_call_are_extended_together) {
    make();
    post({{.text = "a"}, {.text = "b"}, {.text = "c"}});
    auto receipts = receipts_of(pop(3, Duration(100)));
    const Receipt left_alone = receipts.back();
    receipts.pop_back();
    const auto results = must(h.run(queues().extend(receipts, Duration(1'000))));
    EXPECT_EQ(*results.at(1), h.now() + Duration(1'000));
    h.advance(Duration(100));
    EXPECT_EQ(outcome(ack(left_alone)), "lease_lost");
    EXPECT_EQ(outcomes(must(h.run(queues().ack(receipts)))), (Texts{"ok", "ok"}));
}

TEST_P(Settle, a_call_takes_one_to_ten_thousand_receipts) {
    make();
    const std::vector<Receipt> most(10'000);
    const std::vector<Receipt> too_many(10'001);
    EXPECT_EQ(outcome(h.run(queues().ack(most))), "ok");
    EXPECT_EQ(outcome(h.run(queues().ack(too_many))), "invalid_argument");
    EXPECT_EQ(outcome(h.run(queues().ack(std::vector<Receipt>()))), "invalid_argument");
    EXPECT_EQ(outcome(h.run(queues().extend(too_many, Duration(1)))), "invalid_argument");
    EXPECT_EQ(outcome(h.run(queues().ack_and_pop(too_many, {.queue = q}))), "invalid_argument");
    const std::vector<queue::NackRequest> nacks(10'001);
    EXPECT_EQ(outcome(h.run(queues().nack(nacks))), "invalid_argument");
}

TEST_P(Settle, ack_and_pop_settles_and_hands_out_in_one_call) {
    make();
    post({{.text = "a"}, {.text = "b"}, {.text = "c"}});
    const auto first = take();
    auto both = must(h.run(queues().ack_and_pop({first.receipt, first.receipt}, {.queue = q})));
    EXPECT_EQ(outcomes(both.acks), (Texts{"ok", "lease_lost"}));
    EXPECT_EQ(texts_of(both.messages), (Texts{"b"}));
    both = must(h.run(queues().ack_and_pop({}, {.queue = q})));
    EXPECT_EQ(texts_of(both.messages), (Texts{"c"}));
}

TEST_P(Settle, ack_and_pop_frees_its_own_ordering_key) {
    make();
    post({{.text = "a", .order = "k"}, {.text = "b", .order = "k"}});
    const auto both = must(h.run(queues().ack_and_pop({take().receipt}, {.queue = q})));
    EXPECT_EQ(texts_of(both.messages), (Texts{"b"}));
}

TEST_P(Settle, ack_and_pop_has_acked_while_it_waits) {
    make();
    post_one({.text = "a"});
    const auto first = take();
    auto waiting =
        h.start(queues().ack_and_pop({first.receipt}, {.queue = q, .wait = Deadline::never()}));
    EXPECT_EQ(stats().acked_total, 1);
    EXPECT_FALSE(waiting.ended());
    post_one({.text = "b"});
    const auto both = must(waiting.get());
    EXPECT_EQ(outcomes(both.acks), (Texts{"ok"}));
    EXPECT_EQ(texts_of(both.messages), (Texts{"b"}));
}

TEST_P(Settle, ack_and_pop_of_an_unknown_queue_acks_nothing) {
    make();
    post_one();
    const auto leased = take();
    EXPECT_EQ(outcome(h.run(queues().ack_and_pop({leased.receipt}, {.queue = QueueName("none")}))),
        "queue_not_found");
    EXPECT_EQ(outcome(ack(leased.receipt)), "ok");
}

TEST_P(Settle, a_post_is_as_durable_as_it_asks_and_says_so) {
    make();
    EXPECT_EQ(must(post_as(std::nullopt, {})).durability, Durability::fsync);
    EXPECT_EQ(must(post_as(Durability::relaxed, {})).durability, Durability::relaxed);
    EXPECT_EQ(outcome(post_as(Durability::memory, {})), "unsupported");
    make({.durability = Durability::relaxed});
    EXPECT_EQ(must(post_as(std::nullopt, {})).durability, Durability::relaxed);
    EXPECT_EQ(must(post_as(Durability::fsync, {})).durability, Durability::fsync);
    EXPECT_EQ(stats().message_count, 4);
}

TEST_P(Settle, a_queue_in_memory_promises_nothing_more) {
    make({.durability = Durability::memory});
    EXPECT_EQ(must(post_as(std::nullopt, {})).durability, Durability::memory);
    EXPECT_EQ(must(post_as(Durability::memory, {})).durability, Durability::memory);
    EXPECT_EQ(outcome(post_as(Durability::fsync, {})), "unsupported");
    EXPECT_EQ(outcome(post_as(Durability::relaxed, {})), "unsupported");
    EXPECT_EQ(stats().message_count, 2);
}

TEST_P(Settle, a_post_by_the_rules_or_none_of_it) {
    make();
    auto messages = messages_of({{.text = "good"}, {.text = "bad"}});
    messages[1].data.ordering_key.assign(MessageLimits::key_max + 1, 'k');
    const auto refused = h.run(queues().post(q, messages));
    EXPECT_EQ(outcome(refused), "invalid_message");
    EXPECT_EQ(refused.error().field, "messages[1].ordering_key");
    messages.erase(messages.begin());
    EXPECT_EQ(h.run(queues().post(q, messages)).error().field, "ordering_key");
    EXPECT_EQ(stats().message_count, 0);
}

TEST_P(Settle, who_watches_hears_of_leased_messages_that_are_cancelled) {
    make();
    const auto waiting = post_one({.level = Level::low});
    post({{.text = "a"}, {.text = "b"}});
    const auto first = take();
    const auto second = take();
    std::vector<MessageId> heard;
    auto watch = queues().watch_cancels([&](const MessageId& id) { heard.push_back(id); });
    EXPECT_EQ(outcome(h.run(queues().cancel(waiting))), "ok");
    EXPECT_EQ(outcome(h.run(queues().cancel(first.message.id))), "ok");
    watch.reset();
    EXPECT_EQ(outcome(h.run(queues().cancel(second.message.id))), "ok");
    EXPECT_EQ(outcome(ack(first.receipt)), "lease_lost");
    EXPECT_EQ(heard, (std::vector<MessageId>{first.message.id}));
}

}  // namespace
}  // namespace baton::test
