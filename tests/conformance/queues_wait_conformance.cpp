// The Queues port on every store: calls that wait, and their cancellation.
#include "conformance/queues_test.h"

namespace baton::test {
namespace {

class Waiting : public QueuesTest {};
INSTANTIATE_TEST_SUITE_P(Stores, Waiting, all_stores, store_name);

Deadline soon() { return Deadline::after(std::chrono::milliseconds(20)); }

TEST_P(Waiting, pop_is_served_by_a_later_post) {
    make();
    auto waiting = start_pop();
    post_one({.text = "a"});
    EXPECT_EQ(texts_of(must(waiting.get())), (Texts{"a"}));
}

TEST_P(Waiting, pops_are_served_in_the_order_they_came) {
    make();
    std::vector<Pending<Result<std::vector<LeasedMessage>>>> waiting;
    for (int i = 0; i < 10; ++i) waiting.push_back(start_pop());
    std::vector<Letter> letters;
    for (int i = 0; i < 10; ++i) letters.push_back({.text = std::to_string(i)});
    post(letters);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(
            texts_of(must(waiting[static_cast<std::size_t>(i)].get())), (Texts{std::to_string(i)}));
    }
}

TEST_P(Waiting, pop_of_one_level_waits_for_that_level) {
    make();
    auto low = start_pop(Deadline::never(), Level::low);
    post_one({.text = "n"});
    EXPECT_FALSE(low.ended());
    post_one({.text = "l", .level = Level::low});
    EXPECT_EQ(texts_of(must(low.get())), (Texts{"l"}));
    EXPECT_EQ(pop_texts(), (Texts{"n"}));
}

TEST_P(Waiting, pop_is_empty_at_its_deadline) {
    make();
    EXPECT_TRUE(must(h.run(queues().pop({.queue = q, .wait = soon()}))).empty());
}

TEST_P(Waiting, everything_that_makes_a_message_ready_serves_a_pop) {
    make({.max_failures = 10});
    post_one({.text = "scheduled", .delay = Duration(100)});
    auto first = start_pop();
    h.advance(Duration(100));
    const auto scheduled = must(first.get());
    EXPECT_EQ(texts_of(scheduled), (Texts{"scheduled"}));
    auto second = start_pop();
    EXPECT_EQ(outcome(nack({.receipt = scheduled[0].receipt})), "ok");
    EXPECT_EQ(must(second.get()).at(0).message.attempts, 2);
    auto third = start_pop();
    h.advance(Duration(30'000));
    EXPECT_EQ(must(third.get()).at(0).message.attempts, 3);
}

TEST_P(Waiting, the_next_of_an_ordering_key_serves_a_pop) {
    make();
    post({{.text = "a", .order = "k"}, {.text = "b", .order = "k"}, {.text = "c", .order = "k"}});
    const auto a = take();
    auto waiting = start_pop();
    EXPECT_EQ(outcome(ack(a.receipt)), "ok");
    const auto b = must(waiting.get());
    EXPECT_EQ(texts_of(b), (Texts{"b"}));
    auto last = start_pop();
    EXPECT_EQ(outcome(h.run(queues().cancel(b[0].message.id))), "ok");
    EXPECT_EQ(texts_of(must(last.get())), (Texts{"c"}));
}

TEST_P(Waiting, more_concurrency_by_configuration_serves_a_pop) {
    QueueConfig config;
    config.levels[static_cast<std::size_t>(Level::normal)].max_concurrent = 1;
    make(config);
    post({{.text = "a"}, {.text = "b"}});
    take();
    auto waiting = start_pop();
    config.levels[static_cast<std::size_t>(Level::normal)].max_concurrent = 2;
    make(config);
    EXPECT_EQ(texts_of(must(waiting.get())), (Texts{"b"}));
}

TEST_P(Waiting, cancelled_pop_leases_nothing) {
    make();
    auto waiting = start_pop();
    h.advance(Duration(1));  // it is parked by now
    waiting.cancel();
    EXPECT_EQ(outcome(waiting.get()), "cancelled");
    post_one();
    EXPECT_EQ(stats().ready, 1);
    EXPECT_EQ(take().message.attempts, 1);
}

TEST_P(Waiting, cancellation_racing_a_post_loses_nothing) {
    make({.max_failures = 1});
    for (int round = 0; round < 100; ++round) {
        auto waiting = start_pop();
        auto posting = h.start(queues().post(q, messages_of({{}})));
        waiting.cancel();
        const auto popped = waiting.get();
        EXPECT_EQ(outcome(posting.get()), "ok");
        if (popped) {
            ASSERT_EQ(popped->size(), 1);
            EXPECT_EQ(outcome(ack(popped->front().receipt)), "ok");
            continue;
        }
        EXPECT_EQ(outcome(popped), "cancelled");
        // What the cancelled pop gave back may be on its way from another daemon still.
        const auto again = start_pop(Deadline::after(std::chrono::seconds(10))).get();
        ASSERT_EQ(outcome(again), "ok");
        ASSERT_EQ(again->size(), 1);
        EXPECT_EQ(again->front().message.failures, 0);
        EXPECT_EQ(outcome(ack(again->front().receipt)), "ok");
    }
    EXPECT_EQ(stats().message_count, 0);
}

TEST_P(Waiting, deleting_the_queue_ends_waits) {
    make();
    const auto id = post_one();
    take();
    auto popping = start_pop();
    auto replying = h.start(queues().wait_reply(id, Deadline::never()));
    EXPECT_EQ(outcome(h.run(queues().delete_queue(q))), "ok");
    EXPECT_EQ(outcome(popping.get()), "queue_not_found");
    EXPECT_EQ(outcome(replying.get()), "message_not_found");
}

TEST_P(Waiting, a_pop_does_not_hang_on_a_queue_made_anew) {
    make();
    auto waiting = start_pop();
    auto deleting = h.start(queues().delete_queue(q));
    auto making = h.start(queues().put_queue(q, {}));
    EXPECT_EQ(outcome(deleting.get()), "ok");
    EXPECT_EQ(outcome(making.get()), "ok");
    auto posting = h.start(queues().post(q, messages_of({{.text = "new"}})));
    const auto popped = waiting.get();  // of the old queue or the new one, as it came
    EXPECT_TRUE(outcome(popped) == "queue_not_found" || texts_of(*popped) == Texts{"new"});
    EXPECT_EQ(outcome(posting.get()), "ok");
}

TEST_P(Waiting, reply_ends_the_waits_for_it) {
    make();
    const auto id = post_one();
    auto first = h.start(queues().wait_reply(id, Deadline::never()));
    auto second = h.start(queues().wait_reply(id, Deadline::never()));
    EXPECT_EQ(outcome(reply(id, "answer")), "ok");
    EXPECT_EQ(must(first.get())->result.view(), "answer");
    EXPECT_EQ(must(second.get())->result.view(), "answer");
}

TEST_P(Waiting, a_refused_reply_leaves_the_wait_in_place) {
    make({.max_message_size = 4});
    const auto id = post_one();
    auto waiting = h.start(queues().wait_reply(id, Deadline::never()));
    EXPECT_EQ(outcome(reply(id, "too long")), "message_too_large");
    EXPECT_EQ(outcome(reply(id, "good")), "ok");
    EXPECT_EQ(must(waiting.get())->result.view(), "good");
}

TEST_P(Waiting, wait_reply_gives_nothing_at_its_deadline_and_can_be_cancelled) {
    make();
    const auto id = post_one();
    EXPECT_EQ(must(h.run(queues().wait_reply(id, soon()))), std::nullopt);
    auto waiting = h.start(queues().wait_reply(id, Deadline::never()));
    h.advance(Duration(1));
    waiting.cancel();
    EXPECT_EQ(outcome(waiting.get()), "cancelled");
    EXPECT_EQ(outcome(reply(id, "late")), "ok");
    EXPECT_EQ(reply_text(id), "late");
}

TEST_P(Waiting, stop_ends_waits_and_refuses_new_calls) {
    make();
    const auto id = post_one();
    take();
    auto popping = start_pop();
    auto replying = h.start(queues().wait_reply(id, Deadline::never()));
    h.advance(Duration(1));
    queues().stop();
    EXPECT_EQ(outcome(popping.get()), "shutting_down");
    EXPECT_EQ(outcome(replying.get()), "shutting_down");
    EXPECT_EQ(outcome(try_post({{}})), "shutting_down");
    EXPECT_EQ(outcome(h.run(queues().stats(q))), "shutting_down");
    h.reopen();
    EXPECT_EQ(stats().leased, 1);
}

}  // namespace
}  // namespace baton::test
