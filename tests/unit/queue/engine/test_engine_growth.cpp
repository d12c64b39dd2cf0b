// What must not grow: the engine's memory of messages, timers and lane entries that have gone. And
// what time does.
#include <malloc.h>

#include <gtest/gtest.h>

#include "queue/engine/effects.h"
#include "queue/engine/engine.h"
#include "support/fake_clock.h"
#include "support/queue_harness.h"

namespace baton::test {
namespace {

using queue::Engine;

class EngineGrowth : public ::testing::Test {
protected:
    void make(QueueConfig config = {}) { must(engine.put_queue(q, std::move(config), 1, now)); }
    MessageId post(const Letter& letter = {}) {
        const auto id = must(engine.post(q, messages_of({letter}), now)).messages.front().id;
        settle();
        return id;
    }
    std::vector<LeasedMessage> pop(Duration lease = Duration(1'000)) {
        return must(engine.pop({.queue = q, .lease = lease}, now));
    }
    void settle() {
        static_cast<void>(engine.take_batch());
        static_cast<void>(engine.take_news());
    }
    void pass(Duration time) {
        now += time;
        while (engine.advance(now)) {
        }
        settle();
    }

    const QueueName q{"q"};
    TimePoint now = FakeClock::start;
    Engine engine{{}};
};

TEST_F(EngineGrowth, a_message_given_back_a_hundred_thousand_times_still_expires_and_ages_in_time) {
    QueueConfig config{.max_failures = 0};
    config.levels[2].max_wait_time = std::chrono::hours(1);
    make(config);
    const auto id = post({.ttl = std::chrono::hours(2)});
    for (int i = 0; i < 100'000; ++i) {
        const auto receipt = pop().at(0).receipt;
        must(engine.extend(receipt, Duration(2'000), now));
        settle();  // sweeps old timers, the first time while it is leased: the expiry must stay
        must(engine.nack({.receipt = receipt, .blame = queue::Blame::none}, now));
        settle();
    }
    pass(std::chrono::hours(1));
    EXPECT_EQ(must(engine.get(id, now)).level, Level::high);
    pass(std::chrono::hours(1) - Duration(1));
    EXPECT_EQ(must(engine.get(id, now)).state, MessageState::ready);
    pass(Duration(1));
    EXPECT_EQ(outcome(engine.get(id, now)), "message_not_found");
    EXPECT_EQ(must(engine.stats(q)).expired_total, 1);
    EXPECT_EQ(engine.next_due(), std::nullopt);
}

TEST_F(EngineGrowth, configuring_often_does_not_multiply_rises) {
    QueueConfig config;
    make(config);
    const auto id = post({.level = Level::low});
    for (int i = 1; i <= 1'000; ++i) {
        config.levels[3].max_wait_time = Duration(1'000 + i);
        make(config);
        settle();
    }
    pass(Duration(1'999));
    EXPECT_EQ(must(engine.get(id, now)).level, Level::low);
    pass(Duration(1));
    EXPECT_EQ(must(engine.get(id, now)).level, Level::normal);
    EXPECT_EQ(pop().size(), 1);
    EXPECT_EQ(pop().size(), 0);
}

TEST_F(EngineGrowth, a_ring_of_the_newest_messages_runs_for_ever_in_the_same_memory) {
    make({.max_size = 10, .overflow = Overflow::drop_oldest});
    MessageId last;
    const auto post_many = [&](int count) {
        for (int i = 0; i < count; ++i) last = post({.order = i % 2 == 0 ? "k" : ""});
        return ::mallinfo2().uordblks;  // 0 under a sanitizer
    };
    const auto before = post_many(50'000);
    EXPECT_LT(post_many(300'000), before + 1'000'000);
    EXPECT_EQ(must(engine.stats(q)).ready, 10);
    const auto views = must(engine.peek({.queue = q})).messages;
    EXPECT_EQ(views.size(), 10);
    EXPECT_EQ(views.back().id, last);
    std::size_t popped = 0;
    while (!pop().empty()) ++popped;
    EXPECT_EQ(popped, 6);  // five without a key, and one of the key
}

TEST_F(EngineGrowth, long_line_of_one_key_is_served_in_order_after_cancelling_most_of_it) {
    make();
    std::vector<MessageId> ids;
    for (int i = 0; i < 1'000; ++i) ids.push_back(post({.order = "k"}));
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i % 100 != 50) must(engine.cancel(ids[i], now));
    }
    EXPECT_EQ(must(engine.stats(q)).ready, 10);
    for (std::size_t i = 50; i < ids.size(); i += 100) {
        const auto popped = pop();
        ASSERT_EQ(popped.size(), 1);
        EXPECT_EQ(popped[0].message.id, ids[i]);
        EXPECT_TRUE(pop().empty());
        must(engine.ack(popped[0].receipt, now));
    }
}

TEST_F(EngineGrowth, content_in_memory_does_not_hold_the_rest_of_its_post) {
    make();
    BytesBlocks blocks;
    std::vector<NewMessage> messages(100);
    for (auto& message : messages) message.data.content = blocks.add("content");
    const auto posted = must(engine.post(q, std::move(messages), now)).messages;
    settle();
    const auto data = must(engine.get(posted[0].id, now)).data;
    EXPECT_EQ(data.use_count(), 2);  // the slot and this
    EXPECT_EQ(data->content.view().data(), data->content.alone().view().data());
}

TEST_F(EngineGrowth, memory_for_contents_is_given_back) {
    // Room for one content of 60 bytes and one reply of 40.
    Engine small({.memory_budget = queue::body_footprint(queue::Slot{.size_bytes = 60}) + 40});
    must(small.put_queue(q, {}, 1, now));
    const auto post_to_small = [&](std::size_t size) {
        return must(small.post(q, messages_of({{.text = std::string(size, 'x')}}), now))
            .messages.front()
            .id;
    };
    for (int round = 0; round < 100; ++round) {
        const auto id = post_to_small(60);
        EXPECT_NE(must(small.get(id, now)).data, nullptr) << round;
        const auto beyond = post_to_small(60);
        EXPECT_EQ(must(small.get(beyond, now)).data, nullptr) << round;
        must(small.reply(id, Bytes(std::string(40, 'r')), "", now));
        EXPECT_NE(must(small.find_reply(id, now))->reply, nullptr) << round;
        must(small.reply(
            id, Bytes(std::string(40, 's')), "", now));  // the first one's room is free only now
        must(small.reply(id, Bytes(std::string(1, 't')), "", now));
        if (round % 3 == 0) {
            must(small.delete_queue(q));
            must(small.put_queue(q, {}, 2, now));
        } else {
            EXPECT_EQ(must(small.purge(q, now)), 2);
            now += std::chrono::hours(round % 3);  // replies end with or without their timer
            if (round % 2 == 0) {
                while (small.advance(now)) {
                }
            }
            must(small.reply(id, Bytes(), "", now));
        }
    }
}

}  // namespace
}  // namespace baton::test
