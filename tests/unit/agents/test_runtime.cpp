#include <gtest/gtest.h>

#include "agents/agent.h"
#include "runtime/io_pool.h"
#include "support/fake_clock.h"
#include "support/fake_conversations.h"
#include "support/fake_pool.h"
#include "support/fake_provider.h"

namespace baton::agents {
namespace {

using test::FakeProvider;

class RuntimeTest : public testing::Test {
protected:
    Result<DialogReply> run(const DialogMessage& message) {
        llm::ChatSink sink = [this](const ChatDelta& delta) { pieces.emplace_back(delta.text); };
        return pool.run(
            runtime->run(message, std::move(sink), Deadline::after(std::chrono::seconds(10))));
    }

    static DialogMessage message(std::uint64_t seq, std::string text) {
        DialogMessage message;
        message.id = {.queue_uid = 1, .seq = seq};
        message.conversation_id = ConversationId("c");
        message.user_id = UserId("u");
        message.agent_id = AgentId("assistant");
        message.content = std::move(text);
        return message;
    }

    std::vector<std::string> pieces;
    IoPool pool{1};
    test::FakeClock clock;
    FakeProvider provider;
    test::FakeConversations store;
    test::FakePool llm{provider};
    ToolBox tools;
    const RuntimeDeps deps{.pool = llm,
        .conversations = store,
        .writer = store,
        .steps = store,
        .tools = tools,
        .clock = clock};
    std::unique_ptr<Runtime> runtime =
        make_runtime({AgentSpec{.model = "gpt-x", .instructions = "sys"}}, deps, Log());
};

TEST_F(RuntimeTest, stores_the_turn_and_its_answer) {
    provider.script.push_back(FakeProvider::answer("hi there"));
    const auto reply = run(message(1, "hello"));
    EXPECT_EQ(pieces, (std::vector<std::string>{"hi t", "here"}));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->content, "hi there");
    EXPECT_EQ(reply->model, "gpt-x");
    EXPECT_EQ(reply->created_at, clock.now());
    const auto stored = store.message({.queue_uid = 1, .seq = 1});
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->status, DialogStatus::completed);
    EXPECT_EQ(stored->reply, *reply);
}

TEST_F(RuntimeTest, turn_that_is_stored_already_is_not_written_again) {
    ASSERT_TRUE(pool.run(store.add_message(message(1, "hello"))));
    ASSERT_TRUE(run(message(1, "hello")));
    EXPECT_EQ(store.calls["add_message"], 1U);
}

TEST_F(RuntimeTest, model_sees_the_conversation_so_far) {
    ASSERT_TRUE(run(message(1, "one")));
    ASSERT_TRUE(run(message(2, "two")));
    ASSERT_EQ(provider.requests.size(), 2U);
    const std::vector<ChatMessage> expected{{Role::system, "sys"}, {Role::user, "one"},
        {Role::assistant, "fake answer"}, {Role::user, "two"}};
    EXPECT_EQ(provider.requests[1].messages, expected);
    EXPECT_EQ(provider.requests[1].model, "gpt-x");
}

TEST_F(RuntimeTest, answered_message_asks_nobody) {
    const auto first = run(message(1, "one"));
    const auto second = run(message(1, "one"));
    EXPECT_EQ(first, second);
    EXPECT_EQ(provider.requests.size(), 1U);
}

TEST_F(RuntimeTest, first_of_two_answers_stands) {
    provider.script.push_back(
        [this](ChatRequest, llm::ChatSink, Deadline) -> Task<Result<ChatResult>> {
            // Another worker answers while this model still thinks.
            const DialogReply other{.content = "faster", .model = "m", .usage = {}};
            const auto done = co_await store.complete({.queue_uid = 1, .seq = 1}, other);
            EXPECT_TRUE(done && *done);
            co_return ChatResult{
                .content = "slower", .model = "m", .finish_reason = "stop", .usage = {}};
        });
    EXPECT_EQ(run(message(1, "one"))->content, "faster");
}

TEST_F(RuntimeTest, unknown_agent_is_not_found) {
    auto lost = message(1, "one");
    lost.agent_id = AgentId("nobody");
    EXPECT_EQ(run(lost).error().code, Errc::not_found);
    EXPECT_FALSE(runtime->knows(AgentId("nobody")));
    EXPECT_TRUE(runtime->knows(AgentId("assistant")));
}

TEST_F(RuntimeTest, provider_error_comes_through_and_stores_no_answer) {
    provider.script.push_back(
        FakeProvider::error(Errc::provider_rate_limited, "slow down", std::chrono::seconds(5)));
    const auto reply = run(message(1, "one"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Errc::provider_rate_limited);
    EXPECT_EQ(reply.error().retry_after, std::chrono::seconds(5));
    EXPECT_EQ(store.message({.queue_uid = 1, .seq = 1})->status, DialogStatus::pending);
}

TEST_F(RuntimeTest, store_failing_at_any_call_is_repaired_by_the_next_run) {
    for (std::uint64_t failing = 1;; ++failing) {
        std::uint64_t call = 0;
        store.fault = [&](std::string_view) -> std::optional<Error> {
            if (++call != failing) return std::nullopt;
            return Error{.code = Errc::storage_io, .detail = "disk gone"};
        };
        const auto id = MessageId{.queue_uid = 1, .seq = failing};
        const auto reply = run(message(failing, "one"));
        store.fault = nullptr;
        if (reply) {
            EXPECT_EQ(call, failing - 1) << "every call was made to fail once";
            EXPECT_GE(failing, 5U);
            break;
        }
        EXPECT_EQ(reply.error().code, Errc::storage_io);
        ASSERT_TRUE(run(message(failing, "one")));
        EXPECT_EQ(store.message(id)->status, DialogStatus::completed);
    }
}

}  // namespace
}  // namespace baton::agents
