// The built-in tools over queues and conversations in memory.
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "agents/tools/built_in.h"
#include "runtime/io_pool.h"
#include "support/fake_clock.h"
#include "support/fake_conversations.h"
#include "support/fake_queues.h"
#include "support/until.h"

namespace baton::agents {
namespace {

NewMessage work_item(const DialogMessage& message) {
    NewMessage item;
    item.data.content = Bytes(message.agent_id.text + ": " + message.content);
    item.data.ordering_key = message.conversation_id.text;
    item.data.fairness_key = message.user_id.text;
    item.data.metadata = message.metadata;
    return item;
}

class BuiltInTools : public testing::Test {
protected:
    BuiltInTools() {
        put("llm");
        put("mail");
        add_built_in_tools(box, {.producer = queues,
                                    .browser = queues,
                                    .conversations = store,
                                    .waker = waker,
                                    .clock = clock,
                                    .agent_queue = QueueName("llm"),
                                    .to_work_item = work_item,
                                    .agents = {AgentId("writer"), AgentId("critic")}});
    }
    ~BuiltInTools() override { pool.run(waker.stop()); }

    void put(const std::string& name) {
        EXPECT_TRUE(pool.run(queues.put_queue(QueueName(name), QueueConfig())));
    }
    static ToolContext context() {
        ToolContext context;
        context.message.id = {.queue_uid = 99, .seq = 50};
        context.message.conversation_id = ConversationId("c_1");
        context.message.user_id = UserId("u");
        context.message.agent_id = AgentId("writer");
        context.effect_key = "run/0/0";
        return context;
    }
    Result<ToolOutcome> call(
        std::string_view tool, std::string_view arguments, ToolContext with = context()) {
        return pool.run(box.find(tool)->call(
            boost::json::parse(arguments), std::move(with), Deadline::never()));
    }
    ToolResult result(
        std::string_view tool, std::string_view arguments, ToolContext with = context()) {
        auto outcome = call(tool, arguments, std::move(with));
        if (!outcome) return {.content = to_string(outcome.error()), .is_error = true};
        return std::get<ToolResult>(*outcome);
    }
    ToolWait wait(std::string_view tool, std::string_view arguments, ToolContext with = context()) {
        return std::get<ToolWait>(call(tool, arguments, std::move(with)).value());
    }
    /// Calls again as a run does that has kept the wait.
    Result<ToolOutcome> look_again(std::string_view tool, ToolWait wait) {
        auto with = context();
        with.waiting = wait;
        return call(tool, "{}", std::move(with));
    }
    MessageView only(const std::string& queue) {
        const auto all = pool.run(queues.peek({.queue = QueueName(queue)})).value().messages;
        EXPECT_EQ(all.size(), 1U);
        return all.front();
    }
    void reply(MessageId id, std::string text, std::string metadata = {}) {
        EXPECT_TRUE(pool.run(queues.reply(id, Bytes(std::move(text)), std::move(metadata))));
    }

    IoPool pool{1};
    test::FakeClock clock;
    test::FakeQueues queues{pool.executor(0), clock};
    test::FakeConversations store;
    Waker waker{pool.executor(0), queues, clock};
    ToolBox box;
};

TEST_F(BuiltInTools, schemas_are_json_and_names_are_names) {
    EXPECT_EQ(box.names(), (std::vector<std::string_view>{"post_to_queue", "read_conversation",
                               "send_to_agent", "wait_for_reply"}));
    for (const auto name : box.names()) {
        EXPECT_TRUE(boost::json::parse(box.find(name)->spec().parameters).is_object()) << name;
    }
}

TEST_F(BuiltInTools, post_goes_into_the_queue_once) {
    const auto first = result("post_to_queue",
        R"({"queue":"mail","content":"hello","priority":"high","ordering_key":"k"})");
    const auto again = result("post_to_queue", R"({"queue":"mail","content":"hello"})");
    EXPECT_EQ(first, again) << "the same effect key is the same post";
    const auto posted = only("mail");
    EXPECT_EQ(first.posted, posted.id);
    EXPECT_EQ(first.content, R"({"message_id":")" + posted.id.text() + R"("})");
    EXPECT_EQ(posted.data->content.view(), "hello");
    EXPECT_EQ(posted.data->priority, Level::high);
    EXPECT_EQ(posted.data->ordering_key, "k");
    auto other = context();
    other.effect_key = "run/0/1";
    EXPECT_NE(result("post_to_queue", R"({"queue":"mail","content":"hello"})", other), first);
}

TEST_F(BuiltInTools, wrong_arguments_name_the_field) {
    const auto error = [&](std::string_view tool, std::string_view arguments) {
        const auto outcome = call(tool, arguments);
        EXPECT_FALSE(outcome) << arguments;
        return outcome ? std::string() : outcome.error().field;
    };
    EXPECT_EQ(error("post_to_queue", R"({"content":"x"})"), "queue");
    EXPECT_EQ(error("post_to_queue", R"({"queue":"mail","content":"x","colour":"red"})"), "colour");
    EXPECT_EQ(error("post_to_queue", R"({"queue":"llm","content":"x"})"), "queue");
    EXPECT_EQ(error("send_to_agent", R"({"agent":"nobody","message":"x"})"), "agent");
    EXPECT_EQ(error("send_to_agent", R"({"agent":"critic"})"), "message");
    EXPECT_EQ(
        error("send_to_agent", R"({"agent":"critic","message":"x","timeout_s":0})"), "timeout_s");
    EXPECT_EQ(error("read_conversation", R"({"limit":51})"), "limit");
    EXPECT_EQ(call("post_to_queue", R"({"queue":"none","content":"x"})").error().code,
        Errc::queue_not_found);
}

TEST_F(BuiltInTools, message_to_an_agent_waits_for_its_answer) {
    const auto waiting = wait("send_to_agent", R"({"agent":"critic","message":"is it good?"})");
    EXPECT_EQ(waiting.until, clock.now() + std::chrono::seconds(300));
    const auto posted = only("llm");
    EXPECT_EQ(waiting.message, posted.id);
    EXPECT_EQ(posted.data->content.view(), "critic: is it good?");
    EXPECT_EQ(posted.data->ordering_key, "c_1~1~critic") << "a conversation of their own";
    EXPECT_EQ(posted.data->fairness_key, "u");
    EXPECT_TRUE(posted.data->metadata.contains(R"("from_agent":"writer")"));
    EXPECT_EQ(std::get<ToolWait>(*look_again("send_to_agent", waiting)), waiting);
    EXPECT_EQ(waker.waits(), 1U);
    reply(posted.id, "it is");
    EXPECT_EQ(std::get<ToolResult>(*look_again("send_to_agent", waiting)).content, "it is");
}

TEST_F(BuiltInTools, message_to_an_agent_need_not_wait) {
    const auto sent =
        result("send_to_agent", R"({"agent":"critic","message":"think","wait":false})");
    EXPECT_EQ(sent.posted, only("llm").id);
    auto later = context();
    later.posted = {*sent.posted};
    const std::string arguments = R"({"message_id":")" + sent.posted->text() + R"("})";
    EXPECT_EQ(wait("wait_for_reply", arguments, later).message, *sent.posted);
    reply(*sent.posted, "thought");
    EXPECT_EQ(result("wait_for_reply", arguments, later).content, "thought");
}

TEST_F(BuiltInTools, replies_to_others_are_not_shown) {
    const auto other =
        pool.run(queues.post(QueueName("mail"), {NewMessage{{.content = Bytes("x")}}}));
    const MessageId id = other->front().id;
    reply(id, "secret");
    const auto refused = call("wait_for_reply", R"({"message_id":")" + id.text() + R"("})");
    EXPECT_EQ(refused.error().field, "message_id");
}

TEST_F(BuiltInTools, wait_ends_when_no_reply_can_come) {
    const auto ended = [&](ToolWait waiting) {
        const auto result = std::get<ToolResult>(look_again("send_to_agent", waiting).value());
        EXPECT_TRUE(result.is_error);
        return result.content;
    };
    const auto ask = [&](std::string key) {
        auto with = context();
        with.effect_key = std::move(key);
        return wait("send_to_agent", R"({"agent":"critic","message":"?"})", with);
    };
    const auto failed = ask("1");
    reply(failed.message, "", R"({"status":"failed","error":"no money"})");
    EXPECT_EQ(ended(failed), "the message ended as failed: no money");
    const auto gone = ask("2");
    queues.forget(gone.message);
    EXPECT_EQ(ended(gone), "the message is gone, and has no reply");
    const auto late = ask("3");
    clock.advance(std::chrono::seconds(300));
    EXPECT_EQ(ended(late),
        "no reply to " + late.message.text() + " yet; wait_for_reply waits for it again");
}

TEST_F(BuiltInTools, resting_message_becomes_ready_with_the_reply) {
    const auto waiting = wait("send_to_agent", R"({"agent":"critic","message":"?"})");
    const auto resting = pool.run(queues.post(QueueName("mail"),
        {NewMessage{.data = {.content = Bytes("x")}, .delay = Duration(60'000)}}));
    const MessageId id = resting->front().id;
    auto with = context();
    with.message.id = id;
    with.waiting = waiting;
    ASSERT_TRUE(call("send_to_agent", "{}", with));
    ASSERT_TRUE(call("send_to_agent", "{}", with));
    EXPECT_EQ(waker.waits(), 1U) << "asking twice is asking once";
    reply(waiting.message, "yes");
    pool.run(test::until("woken", [&] { return queues.view(id)->due_at <= clock.now(); }));
    EXPECT_EQ(waker.waits(), 0U);
}

TEST_F(BuiltInTools, conversation_is_read_back_to_its_beginning) {
    for (std::uint64_t seq = 1; seq <= 60; ++seq) {
        DialogMessage turn;
        turn.id = {.queue_uid = 99, .seq = seq};
        turn.conversation_id = ConversationId("c_1");
        turn.content = "q" + std::to_string(seq);
        ASSERT_TRUE(pool.run(store.add_message(turn)));
        ASSERT_TRUE(pool.run(store.complete(turn.id, {.content = "a" + std::to_string(seq)})));
    }
    const auto turns = [&](const std::string& arguments) {
        return boost::json::parse(result("read_conversation", arguments).content).as_array();
    };
    const auto newest = turns("{}");
    ASSERT_EQ(newest.size(), 10U);
    EXPECT_EQ(newest[9].at("user"), "q49") << "what came after the run's own message is not seen";
    const std::string before(newest[0].at("message_id").as_string());
    const auto older = turns(R"({"limit":50,"before":")" + before + R"("})");
    ASSERT_EQ(older.size(), 39U);
    EXPECT_EQ(older[0].at("user"), "q1");
    EXPECT_EQ(older[38].at("assistant"), "a39");
}

TEST(SideConversation, goes_down_and_ends) {
    ConversationId at("c_1");
    for (unsigned depth = 1; depth <= agent_depth_max; ++depth) {
        const auto next = side_conversation(at, AgentId(depth % 2 == 0 ? "a" : "b"));
        ASSERT_TRUE(next);
        EXPECT_EQ(next->text, "c_1~" + std::to_string(depth) + (depth % 2 == 0 ? "~a" : "~b"));
        at = *next;
    }
    EXPECT_FALSE(side_conversation(at, AgentId("a")));
}

}  // namespace
}  // namespace baton::agents
