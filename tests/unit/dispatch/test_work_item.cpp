#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "dispatch/work_item.h"

namespace baton::dispatch {
namespace {

MessageView view_of(MessageData data) {
    MessageView view;
    view.id = {.queue_uid = 1, .seq = 2};
    view.posted_at = from_unix_ms(1000);
    view.failures = 3;
    view.data = std::make_shared<const MessageData>(std::move(data));
    return view;
}

MessageView view_of(std::string content) {
    return view_of(MessageData{.content = Bytes(std::move(content))});
}

TEST(WorkItem, content_is_the_documented_json) {
    DialogMessage message;
    message.conversation_id = ConversationId("c");
    message.user_id = UserId("u");
    message.agent_id = AgentId("a");
    message.content = "hi";
    message.priority = Level::high;
    message.metadata = R"({"k":1.0})";
    const NewMessage item = to_work_item(message);
    EXPECT_EQ(item.data.content.view(),
        R"({"v":1,"conversation_id":"c","user_id":"u","agent_id":"a","content":"hi","metadata":"{\"k\":1.0}"})");
    EXPECT_EQ(item.data.ordering_key, "c");
    EXPECT_EQ(item.data.fairness_key, "u");
    EXPECT_EQ(item.data.priority, Level::high);
}

RC_GTEST_PROP(WorkItemProperty, comes_back_as_it_went, ()) {
    const auto text = rc::gen::container<std::string>(rc::gen::inRange<char>(0x01, 0x7F));
    DialogMessage message;
    message.conversation_id = ConversationId(*text);
    message.user_id = UserId(*text);
    message.agent_id = AgentId(*text);
    message.content = *text;
    message.metadata = *text;
    const auto back = from_work_item(view_of(to_work_item(message).data));
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->conversation_id == message.conversation_id);
    RC_ASSERT(back->user_id == message.user_id);
    RC_ASSERT(back->agent_id == message.agent_id);
    RC_ASSERT(back->content == message.content);
    RC_ASSERT(back->metadata == message.metadata);
    RC_ASSERT(back->id == (MessageId{.queue_uid = 1, .seq = 2}));
    RC_ASSERT(back->created_at == from_unix_ms(1000));
    RC_ASSERT(back->retry_count == 3U);
}

TEST(WorkItem, metadata_may_be_an_object_when_written_by_hand) {
    const auto item = from_work_item(view_of(
        R"({"v":1,"conversation_id":"c","user_id":"u","agent_id":"a","content":"x","metadata":{"k":1}})"));
    ASSERT_TRUE(item);
    EXPECT_EQ(item->metadata, R"({"k":1})");
}

TEST(WorkItem, anything_else_is_an_invalid_message) {
    for (const std::string content : {"", "hello", "[]", "{}", R"({"v":2})",
             R"({"v":1,"conversation_id":"c","user_id":"u","agent_id":"a"})",
             R"({"v":1,"conversation_id":7,"user_id":"u","agent_id":"a","content":"x"})"}) {
        const auto item = from_work_item(view_of(content));
        ASSERT_FALSE(item) << content;
        EXPECT_EQ(item.error().code, Errc::invalid_message);
    }
    MessageView without_data;
    EXPECT_EQ(from_work_item(without_data).error().code, Errc::invalid_message);
}

}  // namespace
}  // namespace baton::dispatch
