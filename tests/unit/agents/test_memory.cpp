// What an agent remembers: windows by tokens, summaries that are made once, gathered calls that
// stay with their results.
#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "agents/memory.h"
#include "runtime/io_pool.h"
#include "support/fake_clock.h"
#include "support/fake_conversations.h"
#include "support/fake_pool.h"
#include "support/fake_provider.h"

namespace baton::agents {
namespace {

using test::FakeProvider;

DialogMessage turn(std::uint64_t seq, std::size_t bytes) {
    DialogMessage turn;
    turn.id = {1, seq};
    turn.conversation_id = ConversationId("c");
    turn.user_id = UserId("u");
    turn.agent_id = AgentId("assistant");
    turn.content = "q" + std::to_string(seq) + std::string(bytes, ' ');
    turn.status = DialogStatus::completed;
    turn.reply = DialogReply{.content = "a" + std::to_string(seq)};
    return turn;
}

AgentSpec small_agent(std::uint32_t tokens) {
    AgentSpec agent;
    agent.instructions = "sys";
    agent.context_tokens = tokens;
    agent.context_policy = ContextPolicy::summarise;
    return agent;
}

TEST(Window, has_context_and_summary_before_the_turns) {
    Memory memory{.context = "Be kind.", .summary = "They met.", .history = {turn(1, 0)}};
    const auto window = build_window(small_agent(1'000), memory, turn(2, 0));
    ASSERT_EQ(window.size(), 6u);
    EXPECT_EQ(window[0].content, "sys");
    EXPECT_EQ(window[1].content, "Be kind.");
    EXPECT_EQ(window[1].role, Role::system);
    EXPECT_TRUE(window[2].content.ends_with("They met."));
    EXPECT_EQ(window[3].content, "q1");
    EXPECT_EQ(window[5].content, "q2");
}

TEST(Window, trims_the_oldest_turns_and_keeps_the_system_messages) {
    Memory memory{.context = "ctx", .summary = "sum", .history = {turn(1, 400), turn(2, 400)}};
    const auto window = build_window(small_agent(160), memory, turn(3, 0));
    ASSERT_EQ(window.size(), 6u);
    EXPECT_TRUE(window[3].content.starts_with("q2"));
    const auto none = build_window(small_agent(64), memory, turn(3, 0));
    EXPECT_EQ(none.size(), 4u);
    EXPECT_EQ(none.front().role, Role::system);
}

TEST(Window, summarises_nothing_while_all_fits_and_then_down_to_half) {
    Memory memory;
    for (std::uint64_t seq = 1; seq <= 6; ++seq) memory.history.push_back(turn(seq, 400));
    EXPECT_EQ(summarised_count(small_agent(10'000), memory, turn(7, 0)), 0u);
    const auto count = summarised_count(small_agent(600), memory, turn(7, 0));
    EXPECT_GE(count, 3u);
    EXPECT_LT(count, 6u);
    const auto request = summary_request(small_agent(600), memory, count);
    ASSERT_EQ(request.messages.size(), 2u);
    EXPECT_TRUE(request.messages[1].content.contains("q1"));
    EXPECT_FALSE(request.messages[1].content.contains("q6"));
}

TEST(Window, a_call_and_its_results_go_together) {
    const auto call = [](std::string id) {
        ChatMessage message{Role::assistant, std::string(40, 'x')};
        message.tool_calls.push_back({.id = std::move(id), .name = "t", .arguments = "{}"});
        return message;
    };
    const auto result = [](std::string id) {
        ChatMessage message{Role::tool, std::string(40, 'y')};
        message.tool_call_id = std::move(id);
        return message;
    };
    const std::vector<ChatMessage> gathered{
        call("1"), result("1"), result("1b"), call("2"), result("2"), call("3"), result("3")};
    EXPECT_EQ(fit_gathered(gathered, 10'000), gathered);
    for (std::uint64_t room = 0; room < 200; ++room) {
        const auto kept = fit_gathered(gathered, room);
        ASSERT_FALSE(kept.empty());
        EXPECT_EQ(kept.front().role, Role::assistant) << room;
        EXPECT_EQ(kept.back(), gathered.back()) << room;
    }
    EXPECT_EQ(fit_gathered(gathered, 0).size(), 2u) << "the last group stays";
    EXPECT_TRUE(fit_gathered({}, 0).empty());
}

class Recall : public testing::Test {
protected:
    Recall() {
        for (std::uint64_t seq = 1; seq <= 6; ++seq) {
            auto each = turn(seq, 400);
            const auto answer = *std::exchange(each.reply, std::nullopt);
            each.status = DialogStatus::pending;
            EXPECT_TRUE(io.run(store.add_message(each)));
            EXPECT_TRUE(io.run(store.complete(each.id, answer)));
        }
    }
    Result<Memory> recall_for(std::uint64_t seq, AgentSpec agent = small_agent(600)) {
        return io.run(
            recall(deps, agent, turn(seq, 0), Log(), Deadline::after(std::chrono::seconds(10))));
    }

    IoPool io{1};
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
        .clock = clock,
        .summaries = &store};
};

TEST_F(Recall, a_summary_is_made_once_and_used_again) {
    provider.script.push_back(FakeProvider::answer("they talked"));
    const auto first = recall_for(7).value();
    EXPECT_EQ(first.summary, "they talked");
    ASSERT_FALSE(first.history.empty());
    const auto second = recall_for(7).value();
    EXPECT_EQ(second.summary, "they talked");
    EXPECT_EQ(second.history, first.history);
    EXPECT_EQ(provider.requests.size(), 1u);
}

TEST_F(Recall, without_a_summary_the_oldest_are_trimmed) {
    provider.script.push_back(FakeProvider::error(Errc::provider_unavailable, "down"));
    const auto memory = recall_for(7).value();
    EXPECT_EQ(memory.summary, "");
    EXPECT_EQ(memory.history.size(), 6u);
    EXPECT_EQ(store.calls["keep_summary"], 0u);
    auto agent = small_agent(600);
    agent.context_policy = ContextPolicy::trim;
    EXPECT_TRUE(recall_for(7, agent));
    EXPECT_EQ(provider.requests.size(), 1u) << "who trims asks nobody";
}

TEST_F(Recall, a_summary_that_was_not_kept_is_made_again) {
    provider.script.push_back(FakeProvider::answer("first"));
    provider.script.push_back(FakeProvider::answer("second"));
    store.fault = [](std::string_view call) -> std::optional<Error> {
        if (call != "keep_summary") return std::nullopt;
        return Error{.code = Errc::storage_io, .detail = "disk"};
    };
    EXPECT_EQ(recall_for(7).error().code, Errc::storage_io);
    store.fault = {};
    EXPECT_EQ(recall_for(7)->summary, "second");
    EXPECT_EQ(recall_for(7)->summary, "second");
    EXPECT_EQ(provider.requests.size(), 2u);
}

TEST_F(Recall, a_long_summary_is_cut_between_characters) {
    std::string text;
    for (int i = 0; i < 2'000; ++i) text += "é";
    provider.script.push_back(FakeProvider::answer(text));
    const auto memory = recall_for(7).value();
    EXPECT_LE(memory.summary.size(), 600u);
    EXPECT_EQ(memory.summary.size() % 2, 0u);
}

}  // namespace
}  // namespace baton::agents
