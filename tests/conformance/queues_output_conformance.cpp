// The Outputs port on every store: what workers say while they work, and how it is read.
#include "conformance/queues_test.h"

namespace baton::test {
namespace {

using queue::OutputRequest;

class Output : public QueuesTest {
protected:
    Result<std::uint64_t> append(const Receipt& receipt, const Texts& texts) {
        std::vector<Bytes> events;
        for (const auto& text : texts) events.emplace_back(text);
        return h.run(queues().append_output(receipt, events));
    }
    Result<OutputPage> try_read(OutputRequest request) {
        return h.run(queues().read_output(request));
    }
    OutputPage read(MessageId id, std::uint64_t from = 0, std::uint32_t max = 1'000) {
        return must(try_read({.message = id, .from = from, .max = max}));
    }
    static Texts texts_of(const OutputPage& page) {
        Texts texts;
        for (const auto& event : page.events) texts.emplace_back(event.data.view());
        return texts;
    }
    Pending<Result<OutputPage>> start_read(
        MessageId id, std::uint64_t from = 0, Deadline wait = Deadline::never()) {
        return h.start(queues().read_output({.message = id, .from = from, .wait = wait}));
    }
    LeasedMessage post_and_take(QueueConfig config = {}, Duration lease = Duration(30'000)) {
        make(std::move(config));
        post_one();
        return take(lease);
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, Output, all_stores, store_name);

Deadline soon() { return Deadline::after(std::chrono::milliseconds(20)); }

TEST_P(Output, events_come_back_in_order_with_offset_attempt_and_time) {
    const auto leased = post_and_take();
    const auto first_at = h.now();
    EXPECT_EQ(must(append(leased.receipt, {"a", "b"})), 2);
    h.advance(Duration(5));
    EXPECT_EQ(must(append(leased.receipt, {"", std::string("\0\xff", 2)})), 4);
    const auto page = read(leased.message.id);
    const OutputPage expected{
        .events = {{0, 1, first_at, Bytes("a")}, {1, 1, first_at, Bytes("b")},
            {2, 1, h.now(), Bytes()}, {3, 1, h.now(), Bytes(std::string("\0\xff", 2))}},
        .next = 4};
    EXPECT_EQ(page, expected);
    h.reopen();
    EXPECT_EQ(read(leased.message.id), expected);
    EXPECT_EQ(must(append(leased.receipt, {"e"})), 5);
    EXPECT_EQ(texts_of(read(leased.message.id, 3)), (Texts{std::string("\0\xff", 2), "e"}));
}

TEST_P(Output, is_read_in_pages_from_any_offset) {
    const auto leased = post_and_take();
    Texts texts;
    for (int i = 0; i < 250; ++i) texts.push_back(std::to_string(i));
    EXPECT_EQ(must(append(leased.receipt, texts)), 250);
    for (const bool reopened : {false, true}) {
        if (reopened) h.reopen();
        Texts seen;
        std::uint64_t from = 0;
        for (int i = 0; i < 3; ++i) {
            const auto page = read(leased.message.id, from, 100);
            std::ranges::copy(texts_of(page), std::back_inserter(seen));
            from = page.next;
            EXPECT_FALSE(page.ended);
        }
        EXPECT_EQ(seen, texts);
        EXPECT_EQ(from, 250);
        EXPECT_EQ(texts_of(read(leased.message.id, 249)), (Texts{"249"}));
        EXPECT_EQ(read(leased.message.id, 250), (OutputPage{.next = 250}));
        EXPECT_EQ(read(leased.message.id, 1'000'000), (OutputPage{.next = 1'000'000}));
    }
}

TEST_P(Output, ends_when_the_message_is_finished_and_all_was_given) {
    const auto leased = post_and_take();
    const auto id = leased.message.id;
    must(append(leased.receipt, {"a", "b"}));
    EXPECT_FALSE(read(id).ended);
    EXPECT_EQ(outcome(ack(leased.receipt)), "ok");
    for (const bool reopened : {false, true}) {
        if (reopened) h.reopen();
        EXPECT_FALSE(read(id, 0, 1).ended);
        EXPECT_EQ(texts_of(read(id, 0, 2)), (Texts{"a", "b"}));
        EXPECT_TRUE(read(id, 0, 2).ended);
        EXPECT_EQ(read(id, 2), (OutputPage{.next = 2, .ended = true}));
    }
}

TEST_P(Output, ends_in_every_way_a_message_can_finish) {
    make({.max_failures = 1});
    const auto dead = post_one();
    EXPECT_EQ(outcome(nack({.receipt = take().receipt, .reason = "no"})), "ok");
    const auto cancelled = post_one();
    EXPECT_EQ(outcome(h.run(queues().cancel(cancelled))), "ok");
    const auto expired = post_one({.ttl = Duration(10)});
    h.advance(Duration(10));
    const auto purged = post_one();
    EXPECT_EQ(must(h.run(queues().purge(q))), 1);
    const auto waits = post_one();
    for (const auto id : {dead, cancelled, expired, purged}) {
        EXPECT_EQ(read(id), (OutputPage{.ended = true}));
    }
    EXPECT_EQ(read(waits), OutputPage{});
}

TEST_P(Output, only_the_holder_of_the_lease_may_add) {
    const auto first = post_and_take({}, Duration(1'000));
    must(append(first.receipt, {"first"}));
    EXPECT_EQ(outcome(append({first.message.id, 2}, {"x"})), "lease_lost");
    h.advance(Duration(1'000));
    EXPECT_EQ(outcome(append(first.receipt, {"late"})), "lease_lost");
    const auto second = take();
    EXPECT_EQ(outcome(append(first.receipt, {"late"})), "lease_lost");
    EXPECT_EQ(must(append(second.receipt, {"second"})), 2);
    EXPECT_EQ(outcome(ack(second.receipt)), "ok");
    EXPECT_EQ(outcome(append(second.receipt, {"late"})), "lease_lost");
    const auto page = read(first.message.id);
    EXPECT_EQ(texts_of(page), (Texts{"first", "second"}));
    EXPECT_EQ(page.events[0].attempt, 1);
    EXPECT_EQ(page.events[1].attempt, 2);
    EXPECT_EQ(outcome(append({{.queue_uid = 1, .seq = 1}, 1}, {"x"})), "lease_lost");
}

TEST_P(Output, of_a_message_never_posted_is_not_found) {
    make();
    const auto id = post_one();
    EXPECT_EQ(outcome(try_read({.message = {id.queue_uid, id.seq + 1}})), "message_not_found");
    EXPECT_EQ(outcome(try_read({.message = {id.queue_uid, 0}})), "message_not_found");
    EXPECT_EQ(outcome(try_read({.message = {id.queue_uid + 1, 1}})), "message_not_found");
}

TEST_P(Output, is_kept_reply_ttl_after_the_last_append_and_as_long_as_its_message) {
    make({.max_failures = 1, .reply_ttl = std::chrono::seconds(10)});
    post(std::vector<Letter>(3));
    const auto done = take();
    const auto busy = take(std::chrono::hours(1));
    const auto dead = take();
    for (const auto& leased : {done, busy, dead}) must(append(leased.receipt, {"a"}));
    EXPECT_EQ(outcome(nack({.receipt = dead.receipt, .reason = "no"})), "ok");
    h.advance(Duration(5'000));
    EXPECT_EQ(must(append(done.receipt, {"b"})), 2);
    EXPECT_EQ(outcome(ack(done.receipt)), "ok");
    h.advance(Duration(9'999));
    EXPECT_EQ(texts_of(read(done.message.id)), (Texts{"a", "b"}));
    h.advance(Duration(1));
    EXPECT_EQ(read(done.message.id), (OutputPage{.ended = true}));
    h.advance(Duration(2'000));  // what has ended leaves the store too
    h.reopen();
    EXPECT_EQ(read(done.message.id), (OutputPage{.ended = true}));
    EXPECT_EQ(texts_of(read(busy.message.id)), (Texts{"a"}));
    EXPECT_EQ(texts_of(read(dead.message.id)), (Texts{"a"}));
    EXPECT_EQ(must(append(busy.receipt, {"b"})), 2);
}

TEST_P(Output, refuses_what_is_too_much_and_adds_nothing) {
    const auto leased = post_and_take({.max_message_size = 4});
    EXPECT_EQ(outcome(append(leased.receipt, {})), "invalid_argument");
    EXPECT_EQ(outcome(append(leased.receipt, Texts(1'001, "x"))), "invalid_argument");
    const auto big = append(leased.receipt, {"four", "five5"});
    EXPECT_EQ(outcome(big), "message_too_large");
    EXPECT_EQ(big.error().field, "events[1]");
    EXPECT_EQ(must(append(leased.receipt, {"four"})), 1);
    EXPECT_EQ(outcome(try_read({.message = leased.message.id, .max = 0})), "invalid_argument");
    EXPECT_EQ(outcome(try_read({.message = leased.message.id, .max = 1'001})), "invalid_argument");
    EXPECT_EQ(texts_of(read(leased.message.id)), (Texts{"four"}));
}

TEST_P(Output, has_a_limit_of_events_and_of_bytes) {
    make({.durability = Durability::relaxed});
    post(std::vector<Letter>(2));
    const auto many = take();
    for (std::size_t i = 0; i < MessageLimits::output_events_max / 1'000; ++i) {
        must(append(many.receipt, Texts(1'000, "x")));
    }
    EXPECT_EQ(outcome(append(many.receipt, {"x"})), "payload_too_large");
    EXPECT_EQ(read(many.message.id, MessageLimits::output_events_max - 1).events.size(), 1);
    h.reopen();
    EXPECT_EQ(outcome(append(many.receipt, {"x"})), "payload_too_large");
    const auto large = take();
    const Texts quarter(16, std::string(1 << 20, 'x'));
    for (int i = 0; i < 3; ++i) must(append(large.receipt, quarter));
    EXPECT_EQ(outcome(append(large.receipt, Texts(17, quarter[0]))), "payload_too_large");
    EXPECT_EQ(must(append(large.receipt, quarter)), 64);
    EXPECT_EQ(outcome(append(large.receipt, {"x"})), "payload_too_large");
    EXPECT_EQ(must(append(large.receipt, {""})), 65);
}

TEST_P(Output, a_queue_in_memory_has_it_too_until_the_restart) {
    const auto leased = post_and_take({.durability = Durability::memory});
    must(append(leased.receipt, {"a", "b"}));
    EXPECT_EQ(texts_of(read(leased.message.id)), (Texts{"a", "b"}));
    EXPECT_EQ(outcome(ack(leased.receipt)), "ok");
    EXPECT_EQ(texts_of(read(leased.message.id, 1)), (Texts{"b"}));
    h.reopen();
    EXPECT_EQ(outcome(try_read({.message = leased.message.id})), "message_not_found");
}

TEST_P(Output, goes_with_its_queue) {
    const auto leased = post_and_take();
    must(append(leased.receipt, {"a"}));
    auto waiting = start_read(leased.message.id, 1);
    EXPECT_EQ(outcome(h.run(queues().delete_queue(q))), "ok");
    EXPECT_EQ(outcome(waiting.get()), "message_not_found");
    const auto fresh = post_and_take();
    h.reopen();
    EXPECT_EQ(read(fresh.message.id), OutputPage{});
    EXPECT_EQ(must(append(fresh.receipt, {"new"})), 1);
    EXPECT_EQ(texts_of(read(fresh.message.id)), (Texts{"new"}));
}

TEST_P(Output, a_read_waits_for_the_next_event) {
    const auto leased = post_and_take();
    const auto id = leased.message.id;
    auto first = start_read(id);
    auto second = start_read(id);
    auto far = start_read(id, 2);
    must(append(leased.receipt, {"a"}));
    EXPECT_EQ(texts_of(must(first.get())), (Texts{"a"}));
    EXPECT_EQ(texts_of(must(second.get())), (Texts{"a"}));
    must(append(leased.receipt, {"b"}));
    EXPECT_FALSE(far.ended());
    must(append(leased.receipt, {"c", "d"}));
    const auto page = must(far.get());
    EXPECT_EQ(texts_of(page), (Texts{"c", "d"}));
    EXPECT_EQ(page.next, 4);
}

TEST_P(Output, a_read_may_wait_before_the_message_is_popped_and_through_its_retries) {
    make({.max_failures = 2});
    const auto id = post_one();
    auto waiting = start_read(id);
    EXPECT_EQ(outcome(nack({.receipt = take().receipt, .reason = "again"})), "ok");
    must(append(take().receipt, {"second try"}));
    const auto page = must(waiting.get());
    EXPECT_EQ(texts_of(page), (Texts{"second try"}));
    EXPECT_EQ(page.events[0].attempt, 2);
}

TEST_P(Output, a_waiting_read_ends_with_the_message) {
    make({.max_failures = 1});
    post({{.text = "acked"}, {.text = "dead"}, {.text = "cancelled"}});
    const auto expired = post_one({.ttl = Duration(100)});
    const auto popped = pop(3);
    std::vector<Pending<Result<OutputPage>>> waiting;
    for (const auto& leased : popped) waiting.push_back(start_read(leased.message.id));
    waiting.push_back(start_read(expired));
    stats();
    for (const auto& read : waiting) EXPECT_FALSE(read.ended());
    EXPECT_EQ(outcome(ack(popped[0].receipt)), "ok");
    EXPECT_EQ(outcome(nack({.receipt = popped[1].receipt, .reason = "no"})), "ok");
    EXPECT_EQ(outcome(h.run(queues().cancel(popped[2].message.id))), "ok");
    h.advance(Duration(100));
    for (auto& read : waiting) EXPECT_EQ(must(read.get()), (OutputPage{.ended = true}));
}

TEST_P(Output, a_waiting_read_is_empty_at_its_deadline_and_can_be_cancelled) {
    const auto leased = post_and_take();
    const auto id = leased.message.id;
    EXPECT_EQ(must(try_read({.message = id, .from = 3, .wait = soon()})), (OutputPage{.next = 3}));
    auto waiting = start_read(id);
    h.advance(Duration(1));
    waiting.cancel();
    EXPECT_EQ(outcome(waiting.get()), "cancelled");
    must(append(leased.receipt, {"a"}));
    EXPECT_EQ(texts_of(read(id)), (Texts{"a"}));
}

TEST_P(Output, stop_ends_waiting_reads) {
    const auto leased = post_and_take();
    auto waiting = start_read(leased.message.id);
    h.advance(Duration(1));
    queues().stop();
    EXPECT_EQ(outcome(waiting.get()), "shutting_down");
}

}  // namespace
}  // namespace baton::test
