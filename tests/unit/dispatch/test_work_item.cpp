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

ChatWork a_chat() {
    ChatWork work{.tenant = TenantId("acme"), .session = "s"};
    work.request.model = "m";
    work.request.messages = {{.role = Role::user, .content = "hi"}};
    work.request.options.temperature = 0.5;
    work.request.options.extra = R"({"user":"u"})";
    return work;
}

TEST(WorkItem, chat_is_the_documented_json) {
    const NewMessage item = to_work_item(a_chat(), Level::realtime);
    EXPECT_EQ(item.data.content.view(),
        R"({"v":1,"kind":"chat","tenant":"acme","session":"s","request":{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0.5,"user":"u"}})");
    EXPECT_EQ(item.data.priority, Level::realtime);
    EXPECT_EQ(item.data.fairness_key, "acme");
    EXPECT_EQ(item.data.ordering_key, "") << "chats of one tenant run beside each other";
}

TEST(WorkItem, chat_comes_back_as_it_went) {
    const auto view = view_of(to_work_item(a_chat(), Level::low).data);
    const auto item = parse_work_item(view);
    ASSERT_TRUE(item) << to_string(item.error());
    ASSERT_TRUE(std::holds_alternative<ChatWork>(*item));
    EXPECT_EQ(std::get<ChatWork>(*item), a_chat());
    EXPECT_EQ(from_work_item(view).error().code, Errc::invalid_message) << "no message to an agent";
}

TEST(WorkItem, broken_chat_names_its_field) {
    const auto unknown = parse_work_item(view_of(R"({"v":1,"kind":"song"})"));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, Errc::invalid_message);
    EXPECT_EQ(unknown.error().field, "kind");
    const auto broken = parse_work_item(view_of(
        R"({"v":1,"kind":"chat","tenant":"t","session":"","request":{"model":"m","messages":[7]}})"));
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, Errc::invalid_message);
    EXPECT_EQ(broken.error().field, "request.messages[0]");
    const auto missing =
        parse_work_item(view_of(R"({"v":1,"kind":"chat","tenant":"t","session":""})"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().field, "request");
}

TEST(WorkItem, pieces_of_a_chat_come_back_from_its_events) {
    const ChatDelta said{.text = "he"};
    const ChatDelta called{.tool_calls = {{.index = 1, .id = "i", .name = "f", .arguments = "{"}}};
    const std::vector<ChatDelta> one{said};
    const std::vector<ChatDelta> both{said, called};
    EXPECT_EQ(to_output_event(one).view(), R"({"content":"he"})");
    EXPECT_EQ(deltas_of_event(to_output_event(one)).value(), one);
    EXPECT_EQ(deltas_of_event(to_output_event(both)).value(), both);
    for (const std::string other : {"", "hello", "7", "[7]"}) {
        EXPECT_EQ(deltas_of_event(Bytes(other)).error().code, Errc::invalid_message) << other;
    }
}

TEST(WorkItem, reply_of_a_chat_is_its_answer_or_its_error) {
    const ChatResult result{.content = "hello",
        .model = "m-1",
        .finish_reason = "stop",
        .usage = {.input_tokens = 3, .output_tokens = 2}};
    const auto answered = to_queue_reply(result);
    EXPECT_EQ(answered.metadata,
        R"({"status":"completed","model":"m-1","input_tokens":3,"output_tokens":2})");
    EXPECT_EQ(chat_of_reply(Reply{.result = answered.result}).value(), result);

    const Error error{.code = Errc::provider_rejected,
        .detail = "HTTP 400",
        .field = "messages",
        .retry_after = std::chrono::milliseconds(7)};
    const auto failed = to_queue_reply(error);
    EXPECT_EQ(failed.result.view(),
        R"({"error":{"code":"provider_rejected","message":"HTTP 400","details":{"field":"messages"},"retry_after_ms":7}})");
    EXPECT_TRUE(
        failed.metadata.starts_with(R"({"status":"failed","error":"provider_rejected: HTTP 400)"))
        << failed.metadata;
    EXPECT_EQ(chat_of_reply(Reply{.result = failed.result}).error(), error);
    const auto late = to_queue_reply(Error{.code = Errc::deadline_exceeded, .detail = "30 s"});
    EXPECT_TRUE(late.metadata.contains(R"("status":"timeout")")) << late.metadata;

    for (const std::string other : {"", "hello", "{}", "[]"}) {
        EXPECT_EQ(chat_of_reply(Reply{.result = Bytes(other)}).error().code, Errc::protocol_error);
    }
}

}  // namespace
}  // namespace baton::dispatch
