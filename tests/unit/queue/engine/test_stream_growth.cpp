// What logs and outputs cost in memory, and that it is given back.
#include <malloc.h>

#include <gtest/gtest.h>

#include "queue/engine/engine.h"
#include "support/fake_clock.h"
#include "support/queue_harness.h"

namespace baton::test {
namespace {

using queue::Engine;

class StreamGrowth : public ::testing::Test {
protected:
    void settle() {
        static_cast<void>(engine.take_batch());
        static_cast<void>(engine.take_news());
    }
    void make_log() {
        must(engine.put_queue(
            log, {.mode = QueueMode::log, .retention_period = std::chrono::hours(1)}, 1, now));
        must(engine.subscribe(log, SubscriptionName("s"), {}));
    }
    void post_to_log(std::size_t count, std::size_t size) {
        const std::vector<Letter> letters(count, Letter{.text = std::string(size, 'x')});
        must(engine.post(log, messages_of(letters), now, {}));
        settle();
    }
    /// How many of the log's messages have their content in memory; they must be the newest.
    std::size_t held() {
        const auto views = must(engine.fetch(
            {.queue = log, .subscription = SubscriptionName("s"), .max = 1'000'000}, now));
        std::size_t count = 0;
        for (const auto& view : views) {
            if (view.data) ++count;
            EXPECT_TRUE(view.data || count == 0);
        }
        return count;
    }
    Receipt lease_one(Duration lease = std::chrono::hours(1)) {
        must(engine.post(work, messages_of({{}}), now, {}));
        const auto popped = must(engine.pop({.queue = work, .lease = lease}, now));
        settle();
        return popped.at(0).receipt;
    }
    /// Whether an event of this size is held in memory.
    bool holds_event(const Receipt& receipt, std::size_t size) {
        const auto next = must(engine.append_output(receipt, {Bytes(std::string(size, 'x'))}, now));
        settle();
        return must(engine.read_output({.message = receipt.message, .from = next - 1}, now))
                   .stored == 0;
    }

    static constexpr std::uint64_t budget = 640'000;  // a log or an output gets 10,000 of it
    const QueueName log{"log"};
    const QueueName work{"work"};
    TimePoint now = FakeClock::start;
    Engine engine{{.memory_budget = budget}};
};

TEST_F(StreamGrowth, a_message_of_a_log_costs_100_bytes_at_most) {
    make_log();
    constexpr std::size_t count = 100'000;
    post_to_log(1'000, 10);                      // fills the part that is in memory
    const auto before = ::mallinfo2().uordblks;  // 0 under a sanitizer
    for (std::size_t i = 0; i < count / 1'000; ++i) post_to_log(1'000, 10);
    EXPECT_LE(::mallinfo2().uordblks - before, 100 * count);
    EXPECT_EQ(must(engine.stats(log)).ready, count + 1'000);
    must(engine.truncate_before(log, count, now));
    settle();
    EXPECT_LE(::mallinfo2().uordblks, before + 100'000);
}

TEST_F(StreamGrowth, a_log_that_drops_its_oldest_message_sets_no_timer_with_each) {
    must(engine.put_queue(log,
        {.mode = QueueMode::log,
            .max_size = 10,
            .retention_period = std::chrono::hours(1),
            .overflow = Overflow::drop_oldest},
        1, now));
    std::size_t fired = 0;
    for (int i = 0; i < 20'000; ++i) {
        now += Duration(1);
        must(engine.post(log, messages_of({{}}), now, {}));
        settle();
    }
    while (engine.next_due()) {
        now = *engine.next_due();
        while (engine.advance(now, 1)) ++fired;
        ++fired;
        settle();
    }
    EXPECT_LE(fired, 3);
    EXPECT_EQ(must(engine.stats(log)).ready, 0);
}

TEST_F(StreamGrowth, a_log_holds_its_newest_contents) {
    make_log();
    post_to_log(3, 1'000);
    EXPECT_EQ(held(), 3);
    post_to_log(10, 1'000);
    const auto newest = held();
    EXPECT_GT(newest, 3);
    EXPECT_LT(newest, 10);
    post_to_log(1, 100'000);  // too large to be held, and nothing before it is the newest any more
    EXPECT_EQ(held(), 0);
    post_to_log(2, 1'000);
    EXPECT_EQ(held(), 2);
    for (int i = 0; i < 1'000; ++i) {
        post_to_log(3, 1'000);
        must(engine.truncate_before(log, 1 + must(engine.purge(log, now)), now));
        settle();
    }
    post_to_log(newest, 1'000);
    EXPECT_EQ(held(), newest);  // nothing was lost on the way
    for (int i = 0; i < 100; ++i) {
        must(engine.delete_queue(log));
        make_log();
        post_to_log(newest, 1'000);
        ASSERT_EQ(held(), newest) << i;
    }
}

TEST_F(StreamGrowth, an_output_holds_its_newest_events_while_its_message_is_worked_on) {
    must(engine.put_queue(work, {}, 1, now));
    for (int i = 0; i < 1'000; ++i) {
        const auto receipt = lease_one();
        ASSERT_TRUE(holds_event(receipt, 9'000)) << i;
        ASSERT_TRUE(holds_event(receipt, 8'000)) << i;
        ASSERT_EQ(must(engine.read_output({.message = receipt.message}, now)).stored, 2) << i;
        ASSERT_FALSE(holds_event(receipt, 20'000)) << i;
        if (i % 2 == 0) {
            must(engine.ack(receipt, now));
            settle();
            ASSERT_EQ(must(engine.read_output({.message = receipt.message}, now)).stored, 3) << i;
        } else {
            ASSERT_TRUE(holds_event(receipt, 9'000)) << i;
            must(engine.delete_queue(work));
            must(engine.put_queue(work, {}, 2 + static_cast<std::uint64_t>(i), now));
        }
    }
}

TEST_F(StreamGrowth, outputs_and_logs_leave_half_of_the_budget_to_messages) {
    must(engine.put_queue(work, {.max_message_size = budget}, 1, now));
    int holding = 0;
    for (int i = 0; i < 100; ++i) {
        if (holds_event(lease_one(), 9'500)) ++holding;
    }
    EXPECT_GT(holding, 30);
    EXPECT_LT(holding, 35);  // 32 x 10,000 are half of it; the 100 leased contents take 29,000
    const auto id = must(
        engine.post(work, messages_of({{.text = std::string(budget / 2 - 40'000, 'x')}}), now, {}))
                        .messages.front()
                        .id;
    EXPECT_NE(must(engine.get(id, now)).data, nullptr);
}

TEST_F(StreamGrowth, what_is_over_is_forgotten) {
    must(engine.put_queue(work, {.reply_ttl = std::chrono::seconds(1)}, 1, now));
    const auto one_round = [&](int count) {
        for (int i = 0; i < count; ++i) {
            const auto receipt = lease_one(Duration(5));
            must(engine.append_output(receipt, {Bytes("x")}, now));
            static_cast<void>(engine.read_output({.message = receipt.message, .from = 1}, now));
            must(engine.ack(receipt, now));
            now += Duration(10);
            while (engine.advance(now)) {
            }
            settle();
        }
        return ::mallinfo2().uordblks;
    };
    const auto before = one_round(10'000);
    EXPECT_LT(one_round(50'000), before + 100'000);
}

}  // namespace
}  // namespace baton::test
