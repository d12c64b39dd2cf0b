#include <string>
#include <string_view>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "model/chat_json.h"
#include "model/codec.h"

namespace baton {
namespace {

Result<ChatRequest> read(std::string_view text) {
    const auto value = parse_json(text);
    EXPECT_TRUE(value) << text;
    return chat_request_from_json(*value);
}

Error refused(std::string_view text) {
    const auto request = read(text);
    EXPECT_FALSE(request) << text;
    return request ? Error{} : request.error();
}

constexpr std::string_view full_request = R"({"model":"m","messages":[
    {"role":"developer","content":"be brief"},
    {"role":"user","content":[{"type":"text","text":"what is "},{"type":"text","text":"this?"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}],"name":"ann"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
        "function":{"name":"look","arguments":"{\"at\":1"}}]},
    {"role":"tool","tool_call_id":"c1","content":"a cat"}],
    "tools":[{"type":"function","function":{"name":"look","description":"looks",
        "parameters":{"type":"object"},"strict":true}}],
    "temperature":0.5,"top_p":1,"max_completion_tokens":10,"seed":-3,"stop":["a","b"],
    "response_format":{"type":"json_object"},"tool_choice":"auto","parallel_tool_calls":false,
    "reasoning_effort":"low","stream":true,"stream_options":{"include_usage":true},"user":null})";

TEST(ChatJson, reads_all_of_a_request) {
    const auto request = read(full_request);
    ASSERT_TRUE(request) << to_string(request.error());
    ASSERT_EQ(request->messages.size(), 4U);
    EXPECT_EQ(request->messages[0].role, Role::developer);
    EXPECT_EQ(request->messages[1].content, "what is this?");
    EXPECT_NE(request->messages[1].parts.find("image_url"), std::string::npos);
    EXPECT_EQ(request->messages[1].name, "ann");
    ASSERT_EQ(request->messages[2].tool_calls.size(), 1U);
    EXPECT_EQ(request->messages[2].tool_calls[0],
        (ToolCall{.id = "c1", .name = "look", .arguments = R"({"at":1)"}));
    EXPECT_EQ(request->messages[3].tool_call_id, "c1");
    ASSERT_EQ(request->tools.size(), 1U);
    EXPECT_TRUE(request->tools[0].strict);
    EXPECT_EQ(request->tools[0].parameters, R"({"type":"object"})");
    EXPECT_EQ(request->options.temperature, 0.5);
    EXPECT_EQ(request->options.max_output_tokens, 10U);
    EXPECT_EQ(request->options.seed, -3);
    EXPECT_EQ(request->options.stop, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(request->options.response_format, R"({"type":"json_object"})");
    EXPECT_EQ(request->options.tool_choice, R"("auto")");
    EXPECT_EQ(request->options.parallel_tool_calls, false);
    EXPECT_EQ(request->options.extra, R"({"reasoning_effort":"low"})");
}

TEST(ChatJson, a_request_comes_back_as_it_was) {
    const auto request = read(full_request);
    ASSERT_TRUE(request);
    const auto again = chat_request_from_json(to_json(*request));
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(*again, *request);
}

TEST(ChatJson, says_which_field_is_wrong) {
    EXPECT_EQ(refused(R"({"messages":[{"role":"user","content":"a"}]})").field, "model");
    EXPECT_EQ(refused(R"({"model":"m"})").field, "messages");
    EXPECT_EQ(refused(R"({"model":"m","messages":[{"role":"user","content":"a"},
        {"role":"nobody","content":"b"}]})")
                  .field,
        "messages[1].role");
    EXPECT_EQ(refused(R"({"model":"m","messages":[{"role":"user","content":5}]})").field,
        "messages[0].content");
    EXPECT_EQ(refused(R"({"model":"m","messages":[{"role":"user","content":[{"a":1}]}]})").field,
        "messages[0].content[0]");
    const std::string head = R"({"model":"m","messages":[{"role":"user","content":"a"}],)";
    EXPECT_EQ(refused(head + R"("temperature":2.5})").field, "temperature");
    EXPECT_EQ(refused(head + R"("temperature":"hot"})").field, "temperature");
    EXPECT_EQ(refused(head + R"("max_tokens":0})").field, "max_tokens");
    EXPECT_EQ(refused(head + R"("stop":["a",1]})").field, "stop[1]");
    EXPECT_EQ(refused(head + R"("tools":[{"type":"function","function":{}}]})").field,
        "tools[0].function.name");
    EXPECT_EQ(refused(head + R"("n":2})").code, Errc::unsupported);
}

TEST(ChatJson, deltas_and_results_come_back_as_they_were) {
    const ChatDelta delta{.text = "a",
        .reasoning = "why",
        .tool_calls = {{.index = 1, .id = "c", .name = "n", .arguments = "{"}},
        .logprobs = R"({"content":[]})"};
    const auto read_delta = chat_delta_from_json(to_json(delta));
    ASSERT_TRUE(read_delta);
    EXPECT_EQ(*read_delta, delta);

    const ChatResult result{.content = "hi",
        .model = "m-1",
        .finish_reason = "tool_calls",
        .usage = {.input_tokens = 5,
            .output_tokens = 7,
            .cached_input_tokens = 2,
            .reasoning_tokens = 3},
        .reasoning = "because",
        .tool_calls = {{.id = "c", .name = "n", .arguments = "{}"}},
        .logprobs = "{}"};
    const auto read_result = chat_result_from_json(to_json(result));
    ASSERT_TRUE(read_result) << to_string(read_result.error());
    EXPECT_EQ(*read_result, result);
}

}  // namespace
}  // namespace baton
