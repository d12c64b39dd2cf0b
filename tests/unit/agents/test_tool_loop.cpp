// The loop of model and tools, and what is left of it after a crash at any place.
#include <gtest/gtest.h>

#include "agents/agent.h"
#include "agents/run.h"
#include "runtime/io_pool.h"
#include "support/fake_clock.h"
#include "support/fake_conversations.h"
#include "support/fake_pool.h"
#include "support/fake_provider.h"
#include "support/fake_tool.h"

namespace baton::agents {
namespace {

using test::FakeProvider;

class ToolLoop : public testing::Test {
protected:
    ToolLoop() {
        tools.add(std::make_unique<test::FakeTool>("look", look));
        tools.add(std::make_unique<test::FakeTool>("write", write));
        make({.id = AgentId("assistant"), .instructions = "sys", .tools = {"look", "write"}});
    }

    void make(AgentSpec agent) {
        const RuntimeDeps deps{.pool = llm,
            .conversations = store,
            .writer = store,
            .steps = store,
            .tools = tools,
            .clock = clock};
        runtime = make_runtime({std::move(agent)}, deps, Log());
    }

    Result<DialogReply> run(std::uint64_t seq = 1, std::string metadata = {}) {
        said.clear();
        DialogMessage message;
        message.id = {.queue_uid = 1, .seq = seq};
        message.conversation_id = ConversationId("c");
        message.user_id = UserId("u");
        message.agent_id = AgentId("assistant");
        message.content = "question";
        message.metadata = std::move(metadata);
        llm::ChatSink sink = [this](const ChatDelta& delta) { said += delta.text; };
        return pool.run(runtime->run(message, std::move(sink), Deadline::after(patience)));
    }

    static ToolCall call(std::string name, std::string arguments = "{}") {
        return {.id = "id_" + name, .name = std::move(name), .arguments = std::move(arguments)};
    }
    /// What the model was told last.
    [[nodiscard]] std::string told() const {
        return provider.requests.back().messages.back().content;
    }
    /// The script of a run of three answers and three calls.
    void script_whole_run() {
        provider.script = {FakeProvider::call({call("look"), call("write")}, "one"),
            FakeProvider::call({call("look")}), FakeProvider::answer("three")};
    }

    Duration patience{10'000};
    std::string said;
    IoPool pool{1};
    test::FakeClock clock;
    FakeProvider provider;
    test::FakePool llm{provider};
    test::FakeConversations store;
    test::ToolScript look;
    test::ToolScript write;
    ToolBox tools;
    std::unique_ptr<Runtime> runtime;
};

TEST_F(ToolLoop, goes_on_until_an_answer_wants_no_tools) {
    script_whole_run();
    const auto reply = run();
    ASSERT_TRUE(reply) << to_string(reply.error());
    EXPECT_EQ(reply->content, "three");
    EXPECT_EQ(reply->usage.input_tokens, 21U) << "of all three answers";
    EXPECT_EQ(said, "one\n\nthree");
    EXPECT_EQ(look.arguments.size(), 2U);
    EXPECT_EQ(write.arguments.size(), 1U);
    ASSERT_EQ(provider.requests.size(), 3U);
    EXPECT_EQ(provider.requests[0].tools.size(), 2U);
    const std::vector<ChatMessage> last{{Role::system, "sys"}, {Role::user, "question"},
        {.role = Role::assistant, .content = "one", .tool_calls = {call("look"), call("write")}},
        {.role = Role::tool, .content = "done", .tool_call_id = "id_look"},
        {.role = Role::tool, .content = "done", .tool_call_id = "id_write"},
        {.role = Role::assistant, .tool_calls = {call("look")}},
        {.role = Role::tool, .content = "done", .tool_call_id = "id_look"}};
    EXPECT_EQ(provider.requests[2].messages, last);
    EXPECT_EQ(llm.askers.front().session, "c");
    EXPECT_EQ(store.kept_steps({1, 1}).size(), 6U);
}

TEST_F(ToolLoop, each_call_has_an_effect_key_of_its_own) {
    script_whole_run();
    ASSERT_TRUE(run());
    const std::string id = MessageId{1, 1}.text();
    EXPECT_EQ(look.contexts[0].effect_key, id + "/0/0");
    EXPECT_EQ(write.contexts[0].effect_key, id + "/0/1");
    EXPECT_EQ(look.contexts[1].effect_key, id + "/3/0");
}

TEST_F(ToolLoop, failing_at_any_store_call_repeats_no_finished_call) {
    for (std::uint64_t failing = 1;; ++failing) {
        SCOPED_TRACE("call " + std::to_string(failing));
        script_whole_run();
        provider.requests.clear();
        look = {};
        write = {};
        std::uint64_t call = 0;
        std::string failed;
        store.fault = [&](std::string_view name) -> std::optional<Error> {
            if (++call != failing) return std::nullopt;
            failed = name;
            return Error{.code = Errc::storage_io, .detail = "disk gone"};
        };
        const auto reply = run(failing);
        store.fault = nullptr;
        if (reply) {
            EXPECT_EQ(call, failing - 1) << "every call was made to fail once";
            EXPECT_GE(failing, 9U);
            break;
        }
        const std::size_t asked = provider.requests.size();
        const std::size_t kept = store.kept_steps({1, failing}).size();
        // What was done and could not be kept is done again; the script must offer it again.
        const bool lost_answer =
            (failed == "add_step" && (kept == 0 || kept == 3)) || failed == "finish";
        if (lost_answer) {
            script_whole_run();
            for (std::size_t i = 1; i < asked; ++i) provider.script.pop_front();
        }
        const auto again = run(failing);
        ASSERT_TRUE(again) << to_string(again.error());
        EXPECT_EQ(again->content, "three");
        EXPECT_EQ(said, "one\n\nthree") << "all of it, each time";
        EXPECT_EQ(provider.requests.size(), 3U + (lost_answer ? 1 : 0));
        EXPECT_EQ(again->usage.input_tokens, 21U) << "nothing is counted twice";
        EXPECT_EQ(store.kept_steps({1, failing}).size(), 6U);
    }
}

TEST_F(ToolLoop, what_the_model_gets_wrong_is_told_to_it) {
    look.outcomes = {fail_field(Errc::invalid_argument, "x", "x is missing")};
    provider.script = {FakeProvider::call({call("look"), call("look", "{"), call("look", "[1]"),
                           call("dance"), call("look", "")}),
        FakeProvider::answer("sorry")};
    ASSERT_TRUE(run());
    const auto& seen = provider.requests.back().messages;
    ASSERT_EQ(seen.size(), 8U);
    EXPECT_EQ(seen[3].content, "invalid_argument: x is missing (field `x`)");
    EXPECT_TRUE(seen[4].content.starts_with("malformed_json: ")) << seen[4].content;
    EXPECT_EQ(seen[5].content, "invalid_argument: the arguments must be a JSON object");
    EXPECT_EQ(seen[6].content, "there is no tool `dance`; there are: look write");
    EXPECT_EQ(seen[7].content, "done") << "no arguments at all are an empty object";
}

TEST_F(ToolLoop, what_the_model_cannot_help_fails_the_run_and_is_tried_again) {
    look.outcomes = {fail(Errc::storage_full, "no space")};
    provider.script = {FakeProvider::call({call("look")}), FakeProvider::answer("fine")};
    EXPECT_EQ(run().error().code, Errc::storage_full);
    EXPECT_EQ(run()->content, "fine");
    EXPECT_EQ(provider.requests.size(), 2U);
    EXPECT_EQ(look.contexts[0].effect_key, look.contexts[1].effect_key);
}

TEST_F(ToolLoop, result_that_is_no_text_is_told_as_such) {
    look.outcomes = {ToolOutcome(ToolResult{.content = "\xff\xfe"})};
    provider.script = {FakeProvider::call({call("look")}), FakeProvider::answer("fine")};
    ASSERT_TRUE(run());
    EXPECT_EQ(told(), "the result is no text; it is 2 bytes long");
}

TEST_F(ToolLoop, focus_leaves_the_tools_it_names) {
    provider.script = {FakeProvider::call({call("write")}), FakeProvider::answer("fine")};
    ASSERT_TRUE(run(1, R"({"focus":["look"]})"));
    ASSERT_EQ(provider.requests[0].tools.size(), 1U);
    EXPECT_EQ(provider.requests[0].tools[0].name, "look");
    EXPECT_TRUE(write.arguments.empty()) << "one that was not offered is not called";
}

TEST_F(ToolLoop, run_that_waits_rests_and_goes_on_when_the_tool_has_a_result) {
    const ToolWait wait{.message = {9, 1}, .until = clock.now() + std::chrono::seconds(60)};
    look.outcomes = {ToolOutcome(wait), ToolOutcome(wait), ToolOutcome(wait),
        ToolOutcome(ToolResult{.content = "the reply"})};
    provider.script = {FakeProvider::call({call("look")}), FakeProvider::answer("fine")};
    const auto resting = run();
    EXPECT_EQ(resting.error().code, Errc::run_waiting);
    EXPECT_EQ(resting.error().retry_after, std::chrono::seconds(10));
    EXPECT_FALSE(look.contexts[0].waiting);
    EXPECT_EQ(look.contexts[1].waiting, wait) << "looks again once the wait is kept";
    clock.advance(std::chrono::seconds(55));
    EXPECT_EQ(run().error().retry_after, std::chrono::seconds(5)) << "not beyond the wait";
    EXPECT_EQ(run()->content, "fine");
    EXPECT_EQ(told(), "the reply");
    EXPECT_EQ(provider.requests.size(), 2U);
}

TEST_F(ToolLoop, long_run_is_no_slow_one) {
    patience = Duration(100);
    provider.script = {FakeProvider::call({call("look")}), provider.hang(), provider.hang(),
        FakeProvider::answer("fine")};
    EXPECT_EQ(run().error().code, Errc::run_waiting) << "it has come further";
    EXPECT_EQ(run().error().code, Errc::deadline_exceeded) << "it has not";
    EXPECT_EQ(run()->content, "fine");
}

TEST_F(ToolLoop, limits_end_a_run_and_its_steps_stay) {
    make({.id = AgentId("assistant"), .tools = {"look"}, .limits = {.max_steps = 2}});
    provider.script = {FakeProvider::call({call("look")}), FakeProvider::call({call("look")})};
    const auto over = run();
    EXPECT_EQ(over.error().code, Errc::run_limit_exceeded);
    EXPECT_EQ(over.error().field, "max_steps");
    EXPECT_EQ(store.kept_steps({1, 1}).size(), 4U);
    // A larger limit goes on from there.
    make({.id = AgentId("assistant"), .tools = {"look"}, .limits = {.max_steps = 3}});
    EXPECT_EQ(run()->content, "fake answer");
    EXPECT_EQ(provider.requests.size(), 3U);
}

TEST_F(ToolLoop, time_limit_counts_the_waits) {
    make({.id = AgentId("assistant"),
        .tools = {"look"},
        .limits = {.max_time = std::chrono::seconds(20)}});
    const ToolWait wait{.message = {9, 1}, .until = clock.now() + std::chrono::seconds(60)};
    look.outcomes = {ToolOutcome(wait), ToolOutcome(wait), ToolOutcome(wait)};
    provider.script = {FakeProvider::call({call("look")})};
    EXPECT_EQ(run().error().code, Errc::run_waiting);
    clock.advance(std::chrono::seconds(20));
    EXPECT_EQ(run().error().field, "max_time");
}

TEST_F(ToolLoop, history_makes_room_for_what_the_run_gathers) {
    for (std::uint64_t seq = 1; seq <= 5; ++seq) ASSERT_TRUE(run(seq));
    make({.id = AgentId("assistant"), .context_tokens = 100, .tools = {"look"}});
    look.outcomes = {ToolOutcome(ToolResult{.content = std::string(200, 'x')})};
    provider.requests.clear();
    provider.script = {FakeProvider::call({call("look")}), FakeProvider::answer("fine")};
    ASSERT_TRUE(run(6));
    const auto earlier = [](const ChatRequest& request) {
        return std::ranges::count(request.messages, Role::user, &ChatMessage::role) - 1;
    };
    EXPECT_GT(earlier(provider.requests[0]), earlier(provider.requests[1]));
}

TEST_F(ToolLoop, tool_that_does_not_exist_is_refused_at_start) {
    EXPECT_TRUE(check_tools({.tools = {"look", "write"}}, tools));
    const auto error = check_tools({.tools = {"look", "wright"}}, tools).error();
    EXPECT_EQ(error.code, Errc::invalid_config);
    EXPECT_EQ(error.detail,
        "agent `assistant` wants a tool `wright`, which does not exist; did you mean `write`?");
}

TEST_F(ToolLoop, steps_of_a_faster_run_are_gone_on_from) {
    provider.script = {
        [this](ChatRequest, llm::ChatSink, Deadline) -> Task<Result<ChatResult>> {
            // Another worker keeps its own first answer while this model still thinks.
            const RunStep faster = agents::Run().answered(
                {.content = "faster", .tool_calls = {call("write")}}, {clock.now(), clock.now()});
            const auto added = co_await store.add_step({1, 1}, faster);
            EXPECT_TRUE(added && *added);
            co_return ChatResult{.content = "slower", .tool_calls = {call("look")}};
        },
        FakeProvider::answer("fine")};
    EXPECT_EQ(run()->content, "fine");
    EXPECT_TRUE(look.arguments.empty());
    EXPECT_EQ(write.arguments.size(), 1U);
}

}  // namespace
}  // namespace baton::agents
