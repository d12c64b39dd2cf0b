#include <algorithm>

#include <gtest/gtest.h>

#include "dispatch/capacity.h"
#include "dispatch/intake.h"
#include "world.h"

namespace baton::dispatch {
namespace {

class IntakeTest : public testing::Test, protected World {
protected:
    WorkOrder chat(std::string text, std::string tenant = "acme") {
        ChatWork work{.tenant = TenantId(std::move(tenant))};
        work.request = {.model = "m", .messages = {{.content = std::move(text)}}};
        return {.item = to_work_item(work, Level::normal), .model = "m"};
    }
    Result<PostedMessage> post(WorkOrder order) { return pool.run(intake.post(std::move(order))); }
    MessageId joined(std::string text, std::string tenant = "acme") {
        auto order = chat(std::move(text), std::move(tenant));
        order.coalesce = true;
        return post(std::move(order)).value().id;
    }
    void finish(MessageId id) {
        const auto leased = pool.run(queues.pop({.queue = queue, .max = 100})).value();
        for (const auto& one : leased) {
            if (one.message.id != id) continue;
            ASSERT_TRUE(pool.run(queues.reply(id, Bytes("{}"), "")));
            ASSERT_TRUE(pool.run(queues.ack(one.receipt)));
        }
    }
    void order_by(Strategy strategy) {
        QueueConfig queue_config;
        queue_config.scheduling.strategy = strategy;
        ASSERT_TRUE(pool.run(queues.put_queue(queue, queue_config)));
    }

    Intake intake{queues, &llm_pool, clock,
        {.rules = {{.name = "outage", .keywords = {"outage"}, .score = 40}}}, 2};
};

TEST_F(IntakeTest, rules_give_the_level_and_say_why) {
    auto order = chat("there is an outage");
    order.subject.text = "there is an outage";
    const auto view = queues.view(post(std::move(order)).value().id);
    EXPECT_EQ(view->data->priority, Level::realtime);
    const auto& headers = view->data->headers;
    EXPECT_TRUE(std::ranges::count(headers, Header{"baton-rules", "outage"}) == 1);
    EXPECT_TRUE(std::ranges::count(headers, Header{"baton-score", "90"}) == 1);
}

TEST_F(IntakeTest, level_that_was_asked_for_wins) {
    auto order = chat("outage");
    order.subject.text = "outage";
    order.priority = Level::low;
    EXPECT_EQ(queues.view(post(std::move(order)).value().id)->data->priority, Level::low);
}

TEST_F(IntakeTest, orders_of_the_same_kind_join_the_one_that_is_not_finished) {
    const auto first = joined("hello");
    EXPECT_EQ(joined("hello"), first);
    EXPECT_NE(joined("other"), first);
    EXPECT_NE(joined("hello", "other tenant"), first);
    EXPECT_NE(post(chat("hello")).value().id, first) << "who does not ask for it does not join";
}

TEST_F(IntakeTest, finished_order_is_not_joined) {
    const auto first = joined("hello");
    finish(first);
    const auto second = joined("hello");
    EXPECT_NE(second, first);
    EXPECT_EQ(joined("hello"), second);
    finish(second);
    const auto third = joined("hello");
    EXPECT_NE(third, second);

    Intake fresh(queues, &llm_pool, clock, {}, 2);  // after a restart: what it knew is gone
    auto order = chat("hello");
    order.coalesce = true;
    EXPECT_EQ(pool.run(fresh.post(std::move(order))).value().id, third);
}

TEST_F(IntakeTest, key_of_ones_own_wins_over_joining) {
    auto order = chat("hello");
    order.item.data.dedup_key = "mine";
    order.coalesce = true;
    const auto first = post(order).value();
    EXPECT_FALSE(first.duplicate);
    finish(first.id);
    const auto again = post(order).value();
    EXPECT_EQ(again.id, first.id) << "finished or not";
    EXPECT_TRUE(again.duplicate);
}

TEST_F(IntakeTest, what_cannot_be_done_in_time_is_refused_and_leaves_nothing_behind) {
    order_by(Strategy::deadline);
    llm_pool.expected = Duration(1'000);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(post(chat("before")));
    auto order = chat("urgent");
    order.item.ttl = Duration(5'999);  // ten before it, two at a time, a second each; then its own
    const auto refused = post(order);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    EXPECT_EQ(refused.error().retry_after, Duration(1));
    EXPECT_EQ(pool.run(queues.stats(queue)).value().ready, 10U);
    order.item.ttl = Duration(6'000);
    EXPECT_TRUE(post(order));
}

TEST_F(IntakeTest, only_a_queue_that_goes_by_deadlines_refuses) {
    order_by(Strategy::strict);
    llm_pool.expected = Duration(1'000);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(post(chat("before")));
    auto order = chat("urgent");
    order.item.ttl = Duration(1);
    EXPECT_TRUE(post(order));
}

TEST(Capacity, is_what_was_done_while_there_was_something_to_do) {
    Capacity capacity(4);
    const auto at = [](int ms) { return SteadyTime(Duration(ms)); };
    EXPECT_EQ(capacity.wait_behind(8, Duration(0)), Duration(0)) << "nothing is known";
    EXPECT_EQ(capacity.wait_behind(8, Duration(100)), Duration(200)) << "four at a time";
    EXPECT_TRUE(capacity.is_stale(at(0)));
    capacity.see({.ready = 5, .acked_total = 100}, at(0));
    EXPECT_FALSE(capacity.is_stale(at(999)));
    EXPECT_TRUE(capacity.is_stale(at(1'000)));
    capacity.see({.ready = 5, .acked_total = 110}, at(1'000));
    EXPECT_EQ(capacity.wait_behind(20, Duration(100)), Duration(2'000));
    capacity.see({.ready = 0, .acked_total = 111}, at(2'000));
    EXPECT_EQ(capacity.wait_behind(20, Duration(100)), Duration(2'000)) << "idle says nothing";
    capacity.see({.ready = 5, .acked_total = 0}, at(3'000));
    capacity.see({.ready = 5, .acked_total = 0}, at(4'000));
    EXPECT_GT(capacity.wait_behind(20, Duration(100)), Duration(2'000));
}

}  // namespace
}  // namespace baton::dispatch
