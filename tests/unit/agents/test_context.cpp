#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "agents/agent.h"

namespace baton::agents {
namespace {

DialogMessage turn(std::string question, std::string answer) {
    DialogMessage message;
    message.content = std::move(question);
    message.reply = DialogReply{.content = std::move(answer), .model = {}, .usage = {}};
    return message;
}

DialogMessage question(std::string text) {
    DialogMessage message;
    message.content = std::move(text);
    return message;
}

std::uint64_t tokens_of(const std::vector<ChatMessage>& context) {
    std::uint64_t tokens = 0;
    for (const auto& message : context) tokens += estimate_tokens(message.content);
    return tokens;
}

TEST(EstimateTokens, four_ascii_bytes_or_one_and_a_half_characters_make_one) {
    EXPECT_EQ(estimate_tokens(""), 4U);
    EXPECT_EQ(estimate_tokens("abcd"), 5U);
    EXPECT_EQ(estimate_tokens("abcde"), 6U);
    EXPECT_EQ(estimate_tokens("你好世"), 6U);
    EXPECT_EQ(estimate_tokens(std::string(400, '\x80')), 71U)
        << "bytes that are no UTF-8 count too";
}

TEST(BuildContext, instructions_history_and_message_in_order) {
    const AgentSpec agent{.instructions = "be brief"};
    const auto context = build_context(agent, {turn("a", "b"), turn("c", "d")}, question("e"));
    const std::vector<ChatMessage> expected{{Role::system, "be brief"}, {Role::user, "a"},
        {Role::assistant, "b"}, {Role::user, "c"}, {Role::assistant, "d"}, {Role::user, "e"}};
    EXPECT_EQ(context, expected);
}

TEST(BuildContext, no_instructions_means_no_system_message) {
    const AgentSpec agent{.instructions = ""};
    EXPECT_EQ(
        build_context(agent, {}, question("e")), (std::vector<ChatMessage>{{Role::user, "e"}}));
}

TEST(BuildContext, newest_exchanges_stay_when_the_window_is_small) {
    // Each of these messages is 5 tokens: instructions, the question, and one exchange make 20.
    const AgentSpec agent{.instructions = "aaaa", .context_tokens = 20};
    const auto context =
        build_context(agent, {turn("old1", "old2"), turn("new1", "new2")}, question("quest"));
    EXPECT_EQ(context.size(), 2U) << "the question is 6 tokens, one too many";
    const auto fits =
        build_context(agent, {turn("old1", "old2"), turn("new1", "new2")}, question("ques"));
    ASSERT_EQ(fits.size(), 4U);
    EXPECT_EQ(fits[1].content, "new1");
}

TEST(BuildContext, instructions_and_message_are_in_whatever_the_window) {
    const AgentSpec agent{.instructions = "long instructions", .context_tokens = 1};
    EXPECT_EQ(build_context(agent, {turn("a", "b")}, question("c")).size(), 2U);
}

RC_GTEST_PROP(BuildContextProperty, what_fits_is_a_gapless_newest_part_within_the_window, ()) {
    const auto texts =
        *rc::gen::container<std::vector<std::string>>(rc::gen::string<std::string>());
    std::vector<DialogMessage> history;
    for (const auto& text : texts) history.push_back(turn(text, text));
    const AgentSpec agent{
        .instructions = "i", .context_tokens = *rc::gen::inRange<std::uint32_t>(0, 200)};
    const auto context = build_context(agent, history, question("q"));
    RC_ASSERT(context.size() % 2 == 0);
    const std::size_t kept = (context.size() - 2) / 2;
    RC_ASSERT(kept <= history.size());
    RC_ASSERT(kept == 0 || tokens_of(context) <= agent.context_tokens);
    for (std::size_t i = 0; i < kept; ++i) {
        RC_ASSERT(context[1 + 2 * i].content == texts[texts.size() - kept + i]);
    }
    if (kept < history.size()) {
        const auto& next = texts[texts.size() - kept - 1];
        RC_ASSERT(tokens_of(context) + 2 * estimate_tokens(next) > agent.context_tokens);
    }
}

}  // namespace
}  // namespace baton::agents
