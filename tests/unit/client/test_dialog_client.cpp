// Messages to agents: sending, and waiting through a daemon that comes and goes.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "client/dialog_client.h"
#include "client/operator_client.h"
#include "model/codec.h"
#include "runtime/io_pool.h"
#include "support/scripted_client.h"

namespace baton::client {
namespace {

const MessageId id{.queue_uid = 7, .seq = 1};

DialogMessage message(DialogStatus status) {
    DialogMessage result{.id = id,
        .conversation_id = ConversationId("c_1"),
        .user_id = UserId("u"),
        .agent_id = AgentId("assistant"),
        .content = "hi",
        .status = status,
        .retry_count = 2};
    result.created_at = from_unix_ms(1'000);
    result.updated_at = from_unix_ms(2'000);
    if (status == DialogStatus::completed) {
        result.completed_at = from_unix_ms(2'000);
        result.reply = DialogReply{.content = "hello",
            .model = "m",
            .usage = {.input_tokens = 3, .output_tokens = 4},
            .created_at = from_unix_ms(2'000)};
    }
    return result;
}

std::string envelope(boost::json::object data) {
    return boost::json::serialize(boost::json::object{
        {"code", 200}, {"message", "success"}, {"data", std::move(data)}, {"timestamp", "x"}});
}

class DialogClientTest : public testing::Test {
protected:
    test::ScriptedClient http;
    IoPool pool{1};
    Connection connection{http, {.url = "http://h"}};
    DialogClient dialogs{connection};
};

TEST_F(DialogClientTest, send_leaves_out_what_is_empty) {
    http.answer(201, envelope(to_json(message(DialogStatus::pending))));
    const auto sent = pool.run(dialogs.send({.content = "hi", .priority = Level::high}));
    ASSERT_TRUE(sent) << to_string(sent.error());
    EXPECT_EQ(sent->id, id);
    EXPECT_EQ(boost::json::parse(http.last().body),
        boost::json::parse(R"({"content":"hi","priority":"high"})"));
}

TEST_F(DialogClientTest, steps_come_back_whole_and_page_by_page) {
    const TimePoint began = from_unix_ms(1'000);
    const std::vector<TracedStep> steps{
        {.number = 3,
            .began_at = began,
            .ended_at = began + Duration(7),
            .answer = {.content = "c",
                .model = "m",
                .finish_reason = "tool_calls",
                .usage = {.input_tokens = 3, .output_tokens = 4, .cached_input_tokens = 1},
                .reasoning = "hm",
                .tool_calls = {{"1", "look", "{}"}},
                .cost = 0.5}},
        {.number = 4,
            .kind = StepKind::wait,
            .began_at = began,
            .ended_at = began,
            .call = {"1", "look", "{}"},
            .message = id,
            .until = began},
        {.number = 5,
            .kind = StepKind::tool,
            .began_at = began,
            .ended_at = began,
            .call = {"1", "look", "{}"},
            .result = "no",
            .is_error = true}};
    boost::json::array list;
    for (const auto& step : steps) list.push_back(to_json(step));
    http.answer(200, envelope({{"steps", list}, {"next", 5}}));
    const auto page = pool.run(dialogs.steps(id, 2, 3));
    ASSERT_TRUE(page) << to_string(page.error());
    EXPECT_EQ(page->steps, steps);
    EXPECT_EQ(page->next, 5U);
    EXPECT_TRUE(http.last().url.ends_with("/steps?page_size=3&after=2")) << http.last().url;
    http.answer(
        200, envelope({{"steps", boost::json::array{boost::json::object{{"kind", "dream"}}}}}));
    EXPECT_EQ(pool.run(dialogs.steps(id, std::nullopt, 3)).error().code, Errc::protocol_error);
}

TEST_F(DialogClientTest, message_comes_back_whole) {
    http.answer(200, envelope(to_json(message(DialogStatus::completed))));
    const auto got = pool.run(dialogs.get(id));
    ASSERT_TRUE(got) << to_string(got.error());
    EXPECT_EQ(got->conversation_id.text, "c_1");
    EXPECT_EQ(got->status, DialogStatus::completed);
    EXPECT_EQ(got->retry_count, 2U);
    EXPECT_EQ(got->reply, message(DialogStatus::completed).reply);
    EXPECT_EQ(got->completed_at, from_unix_ms(2'000));
}

TEST_F(DialogClientTest, wait_asks_until_the_end_and_tells_progress) {
    http.answer(200, envelope(to_json(message(DialogStatus::pending))));
    http.answer(Error{.code = Errc::connection_failed, .detail = "restarting"});
    http.answer(200, envelope(to_json(message(DialogStatus::processing))));
    http.answer(200, envelope(to_json(message(DialogStatus::completed))));
    std::vector<DialogStatus> seen;
    const auto note = [&](const DialogMessage& now) { seen.push_back(now.status); };
    const auto got = pool.run(dialogs.wait(id, Deadline::after(std::chrono::minutes(1)), note));
    ASSERT_TRUE(got) << to_string(got.error());
    EXPECT_EQ(got->status, DialogStatus::completed);
    EXPECT_EQ(seen, (std::vector{DialogStatus::pending, DialogStatus::processing}));
}

TEST_F(DialogClientTest, wait_ends_with_its_deadline_and_with_real_errors) {
    http.answer(200, envelope(to_json(message(DialogStatus::pending))));
    const auto late = pool.run(dialogs.wait(id, Deadline::after(std::chrono::milliseconds(0))));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Errc::deadline_exceeded);
    http.answer(404, R"({"code":404,"message":"no","details":{"error_code":1004}})");
    const auto missing = pool.run(dialogs.wait(id, Deadline::after(std::chrono::minutes(1))));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::message_not_found);
}

TEST_F(DialogClientTest, history_is_oldest_first) {
    auto older = message(DialogStatus::completed);
    auto newer = older;
    newer.id.seq = 2;
    http.answer(200, envelope({{"messages", boost::json::array{to_json(newer), to_json(older)}}}));
    const auto history = pool.run(dialogs.history(ConversationId("c 1"), 10));
    ASSERT_TRUE(history) << to_string(history.error());
    ASSERT_EQ(history->size(), 2U);
    EXPECT_EQ((*history)[0].id.seq, 1U);
    EXPECT_THAT(http.last().url, testing::HasSubstr("conversation_id=c%201"));
}

TEST_F(DialogClientTest, strange_answers_are_protocol_errors) {
    http.answer(200, R"({"data":{"id":"x","status":"pending"}})");
    EXPECT_EQ(pool.run(dialogs.get(id)).error().code, Errc::protocol_error);
    http.answer(200, R"([1])");
    EXPECT_EQ(pool.run(dialogs.get(id)).error().code, Errc::protocol_error);
}

TEST_F(DialogClientTest, health_and_keys_are_read) {
    OperatorClient operators(connection);
    http.answer(200,
        envelope({{"status", "unhealthy"}, {"phase", "draining"}, {"version", "1"}, {"uptime", 60},
            {"components", {{"queue", {{"status", "unhealthy"}, {"detail", "disk"}}}}}}));
    const auto health = pool.run(operators.health());
    ASSERT_TRUE(health);
    EXPECT_FALSE(health->ready);
    EXPECT_EQ(health->uptime, std::chrono::seconds(60));
    ASSERT_EQ(health->components.size(), 1U);
    EXPECT_EQ(health->components[0].detail, "disk");

    http.answer(201,
        R"({"id":"k1","name":"ci","role":"member","created_at":"2026-01-01T00:00:00Z",)"
        R"("revoked_at":null,"key":"bt_k1_s"})");
    const auto created = pool.run(operators.create_key({.name = "ci"}));
    ASSERT_TRUE(created);
    EXPECT_EQ(created->text.reveal(), "bt_k1_s");
    EXPECT_EQ(created->key.id.text, "k1");
    EXPECT_FALSE(created->key.revoked_at);
}

}  // namespace
}  // namespace baton::client
