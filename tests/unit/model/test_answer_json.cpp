// What the daemon answers is what the client reads back, and the shapes are the documented ones.
#include <string>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "generators.h"
#include "model/codec.h"

namespace baton {
namespace {

namespace json = boost::json;

json::value parsed(const std::string& text) {
    auto value = parse_json(text);
    EXPECT_TRUE(value) << text;
    return value ? *value : json::value();
}

template <class T>
std::string written(const T& value) {
    std::string out;
    append_json(out, value);
    return out;
}

MessageView sample_view() {
    MessageView view;
    view.id = {7, 42};
    view.queue = QueueName("mail");
    view.state = MessageState::leased;
    view.level = Level::high;
    view.posted_at = from_unix_ms(0);
    view.due_at = from_unix_ms(1);
    view.lease_expires_at = from_unix_ms(30'000);
    view.attempts = 2;
    view.failures = 1;
    view.history = {{from_unix_ms(5), 1, "worker \"x\" gave up"}};
    MessageData data;
    data.content = Bytes("hi");
    data.fairness_key = "tenant";
    data.headers = {{"a", "b"}};
    data.metadata = R"({"k":1})";
    view.data = std::make_shared<const MessageData>(data);
    return view;
}

TEST(AnswerJson, of_a_post_lists_ids) {
    const std::vector<PostedMessage> posted{{{1, 2}, false}, {{1, 3}, true}};
    EXPECT_EQ(messages_json(posted),
        R"({"messages":[{"id":"0000000000000G000000000002","seq":2,"duplicate":false},)"
        R"({"id":"0000000000000G000000000003","seq":3,"duplicate":true}]})");
    EXPECT_EQ(messages_json(std::vector<PostedMessage>()), R"({"messages":[]})");
}

TEST(AnswerJson, of_a_pop_has_everything_a_worker_needs) {
    const LeasedMessage message{sample_view(), {{7, 42}, 2}};
    EXPECT_EQ(written(message),
        R"({"receipt":"0000000000003G00000000001A-2","id":"0000000000003G00000000001A","seq":42,)"
        R"("queue":"mail","state":"leased","level":"high","content":"hi","priority":"normal",)"
        R"("fairness_key":"tenant","headers":{"a":"b"},"metadata":{"k":1},)"
        R"("posted_at":"1970-01-01T00:00:00.000Z","due_at":"1970-01-01T00:00:00.001Z",)"
        R"("lease_expires_at":"1970-01-01T00:00:30.000Z","attempts":2,"failures":1,)"
        R"("history":[{"at":"1970-01-01T00:00:00.005Z","attempt":1,)"
        R"("reason":"worker \"x\" gave up"}]})");
}

TEST(AnswerJson, shows_bytes_that_are_no_text_as_base64) {
    auto view = sample_view();
    MessageData data;
    data.content = Bytes("\xff");
    view.data = std::make_shared<const MessageData>(data);
    const auto value = parsed(written(view));
    EXPECT_EQ(value.at("content_base64"), "/w==");
    EXPECT_FALSE(value.as_object().contains("content"));
}

RC_GTEST_PROP(AnswerJson, of_a_message_comes_back, ()) {
    const auto view = test::message_view();
    const auto back = message_view_from_json(parsed(written(view)));
    RC_ASSERT(back.has_value());
    // Views hold pointers: compare what they point to.
    RC_ASSERT((back->data == nullptr) == (view.data == nullptr));
    if (view.data) RC_ASSERT((*back->data == *view.data));
    MessageView same = *back;
    same.data = view.data;
    RC_ASSERT((same == view));
}

RC_GTEST_PROP(AnswerJson, of_a_leased_message_comes_back, (std::uint32_t attempt)) {
    const auto view = test::message_view();
    const LeasedMessage message{view, {view.id, attempt}};
    const auto back = leased_message_from_json(parsed(written(message)));
    RC_ASSERT(back.has_value());
    RC_ASSERT((back->receipt == message.receipt));
    RC_ASSERT((back->message.id == view.id));
}

RC_GTEST_PROP(AnswerJson, of_a_post_comes_back, (bool duplicate)) {
    const PostedMessage message{*test::message_id(), duplicate};
    RC_ASSERT((posted_message_from_json(parsed(written(message))) == message));
}

RC_GTEST_PROP(AnswerJson, of_a_queue_comes_back, (bool paused)) {
    const QueueInfo info{.name = *test::queue_name(),
        .owner = TenantId("acme"),
        .config = test::queue_config(),
        .created_at = *test::time_point(),
        .paused = paused};
    RC_ASSERT((queue_info_from_json(to_json(info)) == info));
    RC_ASSERT((queue_info_from_json(parsed(json::serialize(to_json(info)))) == info));
    RC_ASSERT((queue_config_from_json(to_json(info.config)) == info.config));
}

RC_GTEST_PROP(AnswerJson, of_stats_comes_back, (bool paused)) {
    QueueStats stats;
    stats.name = *test::queue_name();
    for (auto* number : {&stats.message_count, &stats.max_size, &stats.used_storage, &stats.ready,
             &stats.scheduled, &stats.leased, &stats.dead, &stats.posted_total, &stats.acked_total,
             &stats.expired_total, &stats.levels[0].ready, &stats.levels[3].leased}) {
        *number = *test::count();
    }
    stats.created_at = *test::time_point();
    stats.last_accessed = *test::time_point();
    stats.paused = paused;
    const auto back = queue_stats_from_json(parsed(json::serialize(to_json(stats))));
    RC_ASSERT(back.has_value());
    RC_ASSERT((*back == stats));
}

RC_GTEST_PROP(AnswerJson, of_a_reply_comes_back, (const std::string& bytes)) {
    Reply reply{*test::message_id(), Bytes(bytes), "", *test::time_point()};
    if (*rc::gen::arbitrary<bool>()) reply.metadata = R"({"model":"é"})";
    RC_ASSERT((reply_from_json(parsed(json::serialize(to_json(reply)))) == reply));
}

TEST(AnswerJson, of_a_newer_daemon_is_understood) {
    auto info = to_json(QueueInfo{.name = QueueName("mail")});
    info["new_thing"] = 1;
    info["config"].as_object()["newer_thing"] = json::object();
    EXPECT_TRUE(queue_info_from_json(info));
}

TEST(AnswerJson, that_is_broken_is_a_protocol_error_naming_the_field) {
    const auto code_of = [](const auto& result) { return result.error().code; };
    EXPECT_EQ(code_of(posted_message_from_json(parsed(R"({"id":"x"})"))), Errc::protocol_error);
    EXPECT_EQ(posted_message_from_json(parsed("{}")).error().field, "id");
    EXPECT_EQ(code_of(queue_stats_from_json(parsed("[]"))), Errc::protocol_error);
    EXPECT_EQ(code_of(reply_from_json(parsed("7"))), Errc::protocol_error);
    EXPECT_EQ(
        code_of(leased_message_from_json(parsed(written(sample_view())))), Errc::protocol_error);
    const auto info = queue_info_from_json(parsed(R"({"name":"q","config":{"max_size":-1}})"));
    EXPECT_EQ(code_of(info), Errc::protocol_error);
    EXPECT_EQ(info.error().field, "config.max_size");
}

TEST(ConversationJson, has_the_documented_fields) {
    Conversation conversation;
    conversation.id = ConversationId("c1");
    conversation.user_id = UserId("u1");
    conversation.title = "Hello";
    conversation.metadata = R"({"a":1})";
    conversation.message_count = 3;
    const auto object = to_json(conversation);
    for (const std::string_view name :
        {"id", "user_id", "title", "context", "status", "state", "priority", "message_count",
            "created_at", "updated_at", "last_active_at", "expires_at", "metadata"}) {
        EXPECT_TRUE(object.contains(name)) << name;
    }
    EXPECT_EQ(object.at("state"), "active");
    EXPECT_EQ(object.at("metadata"), json::value({{"a", 1}}));
}

TEST(ConversationJson, shows_the_answer_of_a_completed_message) {
    DialogMessage message;
    message.id = {1, 2};
    message.conversation_id = ConversationId("c1");
    message.content = "What?";
    auto object = to_json(message);
    for (const std::string_view name : {"id", "conversation_id", "user_id", "role", "content",
             "priority", "status", "queue_name", "retry_count", "created_at", "updated_at",
             "scheduled_at", "completed_at", "metadata"}) {
        EXPECT_TRUE(object.contains(name)) << name;
    }
    EXPECT_EQ(object.at("role"), "user");
    EXPECT_EQ(object.at("queue_name"), "llm");
    EXPECT_TRUE(object.at("completed_at").is_null());
    EXPECT_FALSE(object.contains("reply"));

    message.status = DialogStatus::completed;
    message.completed_at = from_unix_ms(1'000);
    message.reply = DialogReply{"42", "gpt", {10, 5}, from_unix_ms(1'000)};
    object = to_json(message);
    EXPECT_EQ(
        object.at("reply"), parsed(R"({"message_id":"0000000000000G000000000002","content":"42",
        "model":"gpt","usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15},
        "created_at":"1970-01-01T00:00:01.000Z"})"));

    message.status = DialogStatus::failed;
    message.error = "provider said no";
    EXPECT_EQ(to_json(message).at("error"), "provider said no");
}

}  // namespace
}  // namespace baton
