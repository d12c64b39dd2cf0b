#include <gtest/gtest.h>

#include "llm/answer_builder.h"

namespace baton::llm {
namespace {

Piece text(std::string what) { return {.delta = {.text = std::move(what)}}; }

Piece call(std::size_t index, std::string id, std::string name, std::string arguments) {
    return {.delta = {.tool_calls = {{.index = index,
                          .id = std::move(id),
                          .name = std::move(name),
                          .arguments = std::move(arguments)}}}};
}

TEST(AnswerBuilder, pieces_make_up_the_result) {
    AnswerBuilder builder;
    ASSERT_TRUE(builder.add({.delta = {.reasoning = "hm"}, .model = "m"}));
    EXPECT_EQ(builder.add(text("Hel"))->text, "Hel");
    EXPECT_EQ(builder.add(text("lo"))->text, "lo");
    EXPECT_FALSE(builder.complete());
    ASSERT_TRUE(builder.add(
        {.usage = TokenUsage{.input_tokens = 3, .output_tokens = 1}, .finish_reason = "length"}));
    EXPECT_TRUE(builder.complete());
    EXPECT_FALSE(builder.ended());
    EXPECT_EQ(*builder.finish(), (ChatResult{.content = "Hello",
                                     .model = "m",
                                     .finish_reason = "length",
                                     .usage = {.input_tokens = 3, .output_tokens = 1},
                                     .reasoning = "hm"}));
}

TEST(AnswerBuilder, answer_without_end_was_cut) {
    AnswerBuilder builder;
    ASSERT_TRUE(builder.add(text("half")));
    EXPECT_EQ(builder.finish().error().code, Errc::provider_unavailable);
}

TEST(AnswerBuilder, calls_are_numbered_in_the_order_they_began) {
    AnswerBuilder builder;
    EXPECT_EQ(builder.add(call(4, "a", "f", ""))->tool_calls.front().index, 0U);
    EXPECT_EQ(builder.add(call(7, "b", "g", "{}"))->tool_calls.front().index, 1U);
    EXPECT_EQ(builder.add(call(4, "", "", "{\"x\":"))->tool_calls.front(),
        (ToolCallDelta{.index = 0, .arguments = "{\"x\":"}));
    ASSERT_TRUE(builder.add(call(4, "", "", "1}")));
    ASSERT_TRUE(builder.add({.last = true}));
    const auto result = builder.finish();
    ASSERT_TRUE(result);
    EXPECT_EQ(
        result->tool_calls, (std::vector<ToolCall>{{"a", "f", "{\"x\":1}"}, {"b", "g", "{}"}}));
    EXPECT_EQ(result->finish_reason, "tool_calls") << "whatever the provider said";
}

TEST(AnswerBuilder, repeated_ids_and_names_count_once) {
    AnswerBuilder builder;
    ASSERT_TRUE(builder.add(call(0, "a", "f", "1")));
    const auto again = builder.add(call(0, "a", "f", "2"));
    EXPECT_EQ(again->tool_calls.front(), (ToolCallDelta{.index = 0, .arguments = "2"}));
}

TEST(AnswerBuilder, another_id_at_the_same_index_is_another_call) {
    AnswerBuilder builder;
    ASSERT_TRUE(builder.add(call(0, "a", "f", "1")));
    EXPECT_EQ(builder.add(call(0, "b", "f", "2"))->tool_calls.front().index, 1U);
    EXPECT_EQ(builder.add(call(0, "", "", "3"))->tool_calls.front().index, 1U);
}

TEST(AnswerBuilder, call_without_an_id_gets_one_new_to_the_chat) {
    AnswerBuilder builder(3);
    EXPECT_EQ(builder.add(call(0, "", "f", "{}"))->tool_calls.front().id, "call_3");
    EXPECT_EQ(builder.add(call(1, "", "f", "{}"))->tool_calls.front().id, "call_4");
    EXPECT_EQ(builder.add(call(1, "", "", ""))->tool_calls.size(), 0U) << "adds nothing";
}

TEST(AnswerBuilder, call_without_a_name_makes_no_sense) {
    AnswerBuilder builder;
    ASSERT_TRUE(builder.add(call(0, "a", "", "{}")));
    ASSERT_TRUE(builder.add({.last = true}));
    EXPECT_EQ(builder.finish().error().code, Errc::provider_protocol);
}

TEST(AnswerBuilder, characters_cut_in_two_are_joined_in_every_text) {
    AnswerBuilder builder;
    const std::string first = "\xED\xA0\xBC";   // D83C
    const std::string second = "\xED\xBC\x8D";  // DF0D
    ASSERT_TRUE(
        builder.add({.delta = {.text = "a" + first, .refusal = first, .reasoning = first}}));
    const auto joined =
        builder.add({.delta = {.text = second, .refusal = second, .reasoning = second}});
    EXPECT_EQ(joined->text, "\U0001F30D");
    EXPECT_EQ(joined->refusal, "\U0001F30D");
    EXPECT_EQ(joined->reasoning, "\U0001F30D");
    ASSERT_TRUE(builder.add(call(0, "a", "f", first)));
    EXPECT_EQ(builder.add(call(0, "", "", second))->tool_calls.front().arguments, "\U0001F30D");
}

TEST(AnswerBuilder, half_that_stays_alone_is_handed_out_with_the_end) {
    AnswerBuilder builder;
    EXPECT_TRUE(builder.add(text("\xED\xA0\xBC"))->empty());
    ASSERT_TRUE(builder.add(call(0, "a", "f", "\xED\xA0\xBC")));
    const auto last = builder.add({.last = true});
    ASSERT_TRUE(last);
    EXPECT_EQ(last->text, "\uFFFD");
    ASSERT_EQ(last->tool_calls.size(), 1U);
    EXPECT_EQ(last->tool_calls.front().arguments, "\uFFFD");
    const auto result = builder.finish();
    EXPECT_EQ(result->content, "\uFFFD");
    EXPECT_EQ(result->tool_calls.front().arguments, "\uFFFD");
}

TEST(AnswerBuilder, logprobs_are_joined) {
    AnswerBuilder builder;
    ASSERT_TRUE(
        builder.add({.delta = {.logprobs = R"({"content":[{"token":"a"}],"refusal":null})"}}));
    ASSERT_TRUE(
        builder.add({.delta = {.logprobs = R"({"content":[{"token":"b"}]})"}, .last = true}));
    EXPECT_EQ(
        builder.finish()->logprobs, R"({"content":[{"token":"a"},{"token":"b"}],"refusal":null})");
}

TEST(AnswerBuilder, bytes_that_are_no_text_fail) {
    AnswerBuilder builder;
    EXPECT_EQ(builder.add(text("\xFF")).error().code, Errc::provider_protocol);
}

TEST(AnswerBuilder, answer_over_its_limit_fails) {
    AnswerBuilder builder;
    ASSERT_TRUE(builder.add(text(std::string(answer_max - 1, 'x'))));
    ASSERT_TRUE(builder.add({.delta = {.reasoning = "x"}}));
    EXPECT_EQ(builder.add({.delta = {.refusal = "x"}}).error().code, Errc::provider_protocol);
}

TEST(AnswerBuilder, calls_over_their_limit_fail) {
    AnswerBuilder builder;
    for (std::size_t i = 0; i < 1'024; ++i) {
        ASSERT_TRUE(builder.add(call(i, std::to_string(i), "f", "{}")));
    }
    EXPECT_EQ(builder.add(call(1'024, "x", "f", "{}")).error().code, Errc::provider_protocol);
}

}  // namespace
}  // namespace baton::llm
