#include <gtest/gtest.h>

#include "dispatch/reconciler.h"
#include "world.h"

namespace baton::dispatch {
namespace {

class ReconcilerTest : public testing::Test, protected World {
protected:
    Result<Reconciled> check() {
        Reconciler reconciler(queues, store, store, clock);
        return pool.run(reconciler.run());
    }
    void bury(MessageId id, const std::string& reason) {
        const auto popped = pool.run(queues.pop({.queue = queue}));
        ASSERT_EQ(popped->front().message.id, id);
        ASSERT_TRUE(pool.run(queues.nack(
            {.receipt = popped->front().receipt, .reason = reason, .blame = queue::Blame::fatal})));
    }
};

TEST_F(ReconcilerTest, turn_that_is_only_in_the_queue_is_added) {
    const auto id = post(dialog("c", "hello"), false);
    const auto done = check();
    ASSERT_TRUE(done);
    EXPECT_EQ(done->added, 1U);
    EXPECT_EQ(done->waiting, 1U);
    EXPECT_EQ(store.message(id)->content, "hello");
    EXPECT_EQ(status(id), DialogStatus::pending);
}

TEST_F(ReconcilerTest, turn_whose_queue_message_is_gone_is_cancelled) {
    const auto id = post("c", "hello");
    queues.forget(id);
    EXPECT_EQ(check()->finished, 1U);
    EXPECT_EQ(status(id), DialogStatus::cancelled);
}

TEST_F(ReconcilerTest, turn_whose_queue_message_is_dead_is_failed) {
    const auto id = post("c", "hello");
    bury(id, "provider_rejected: no");
    EXPECT_EQ(check()->finished, 1U);
    EXPECT_EQ(status(id), DialogStatus::failed);
    EXPECT_EQ(store.message(id)->error, "provider_rejected: no");
}

TEST_F(ReconcilerTest, dead_turn_that_is_only_in_the_queue_is_added_and_failed) {
    const auto id = post(dialog("c", "hello"), false);
    bury(id, "deadline_exceeded: too slow");
    const auto done = check();
    EXPECT_EQ(done->added, 1U);
    EXPECT_EQ(done->finished, 1U);
    EXPECT_EQ(status(id), DialogStatus::timeout);
}

TEST_F(ReconcilerTest, turn_of_a_removed_conversation_leaves_the_queue) {
    const auto kept = post("c", "hello");
    ASSERT_TRUE(pool.run(store.remove(ConversationId("c"), clock.now())));
    const auto late = post(dialog("c", "again"), false);
    const auto other = post(dialog("d", "hello"), false);
    EXPECT_EQ(check()->added, 1U);
    EXPECT_TRUE(store.message(kept));
    EXPECT_FALSE(store.message(late));
    EXPECT_TRUE(store.message(other));
    EXPECT_FALSE(queues.view(late)) << "it would make the conversation anew once the stone is gone";
    EXPECT_EQ(state(other), MessageState::ready);
}

TEST_F(ReconcilerTest, dead_letter_of_a_removed_conversation_leaves_the_queue) {
    ASSERT_TRUE(pool.run(store.create({.id = ConversationId("c")})));
    const auto id = post(dialog("c", "hello"), false);
    bury(id, "internal: broken");
    ASSERT_TRUE(pool.run(store.remove(ConversationId("c"), clock.now())));
    EXPECT_EQ(check()->added, 0U);
    EXPECT_FALSE(queues.view(id));
}

TEST_F(ReconcilerTest, run_in_a_removed_conversation_leaves_no_dead_letter) {
    ASSERT_TRUE(pool.run(store.create({.id = ConversationId("c")})));
    ASSERT_TRUE(pool.run(store.remove(ConversationId("c"), clock.now())));
    const auto late = post(dialog("c", "again"), false);
    config.is_only_one = false;
    queues.fault = [](std::string_view call) -> std::optional<Error> {
        if (call != "peek") return std::nullopt;  // so that the check does not come first
        return Error{.code = Errc::unavailable, .detail = "later"};
    };
    serve("end", [&] {
        const auto found = queues.view(late);
        return !found || found->state == MessageState::dead;
    });
    EXPECT_FALSE(queues.view(late));
    EXPECT_FALSE(store.message(late));
    EXPECT_TRUE(provider.requests.empty());
}

TEST_F(ReconcilerTest, what_is_answered_stays_answered) {
    const auto id = post("c", "hello");
    const DialogReply reply{.content = "hi", .model = "m", .usage = {}};
    ASSERT_TRUE(pool.run(store.complete(id, reply)));
    queues.forget(id);
    EXPECT_EQ(check()->finished, 0U);
    EXPECT_EQ(status(id), DialogStatus::completed);
}

TEST_F(ReconcilerTest, goes_through_many_pages) {
    const std::size_t count = 2 * Reconciler::page_size + 1;
    std::vector<NewMessage> items;
    for (std::size_t i = 0; i < count; ++i) items.push_back(to_work_item(dialog("c", "x")));
    ASSERT_TRUE(pool.run(queues.post(queue, std::move(items))));
    const auto done = check();
    EXPECT_EQ(done->added, count);
    EXPECT_EQ(done->waiting, count);
    EXPECT_EQ(store.message_count(), count);
    EXPECT_EQ(check()->added, 0U) << "a second check changes nothing";
}

TEST_F(ReconcilerTest, foreign_content_in_the_queue_is_left_to_its_run) {
    NewMessage junk;
    junk.data.content = Bytes("hello?");
    ASSERT_TRUE(pool.run(queues.post(queue, {junk})));
    EXPECT_EQ(check()->added, 0U);
}

TEST_F(ReconcilerTest, store_that_fails_leaves_the_rest_for_later) {
    const auto id = post(dialog("c", "hello"), false);
    store.fault = [](std::string_view) {
        return Error{.code = Errc::unavailable, .detail = "later"};
    };
    EXPECT_EQ(check().error().code, Errc::unavailable);
    store.fault = nullptr;
    EXPECT_EQ(check()->added, 1U);
    EXPECT_TRUE(store.message(id));
}

TEST_F(ReconcilerTest, dispatcher_checks_at_its_start) {
    const auto id = post("c", "hello");
    queues.forget(id);
    serve("cancelled", [&] { return status(id) == DialogStatus::cancelled; });
}

}  // namespace
}  // namespace baton::dispatch
