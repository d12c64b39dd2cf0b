#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "llm/anthropic/message_request.h"
#include "model/json_text.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

json::object encode(const ChatRequest& request) {
    const auto body = encode_message_request(request, 4'096);
    EXPECT_TRUE(body) << to_string(body.error());
    return body ? json::parse(body->json).get_object() : json::object();
}

std::string text(const json::object& body, std::string_view name) {
    return body.contains(name) ? json_text(body.at(name)) : "";
}

ChatRequest asking(std::vector<ChatMessage> messages) {
    return {.model = "claude", .messages = std::move(messages)};
}

TEST(MessageRequest, chat_has_the_shape_of_the_api) {
    const auto body = encode(asking({{Role::system, "be kind"}, {Role::user, "hi"},
        {Role::assistant, "hello"}, {Role::user, "and?"}, {Role::developer, "be short"}}));
    EXPECT_EQ(text(body, "model"), "\"claude\"");
    EXPECT_EQ(text(body, "max_tokens"), "4096") << "the API wants one";
    EXPECT_EQ(text(body, "stream"), "true");
    EXPECT_EQ(text(body, "system"), R"("be kind\n\nbe short")");
    EXPECT_EQ(text(body, "messages"),
        R"([{"role":"user","content":[{"type":"text","text":"hi"}]},)"
        R"({"role":"assistant","content":[{"type":"text","text":"hello"}]},)"
        R"({"role":"user","content":[{"type":"text","text":"and?"}]}])");
    EXPECT_FALSE(body.contains("tools"));
    EXPECT_FALSE(body.contains("tool_choice"));
}

TEST(MessageRequest, messages_of_one_side_are_one_turn_and_empty_ones_none) {
    const auto body = encode(asking({{Role::user, "a"}, {Role::user, ""}, {Role::user, "b"},
        {Role::assistant, ""}, {Role::system, ""}, {Role::user, "c"}}));
    EXPECT_EQ(text(body, "messages"),
        R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"},)"
        R"({"type":"text","text":"c"}]}])");
    EXPECT_FALSE(body.contains("system"));
}

TEST(MessageRequest, calls_and_their_answers_are_blocks) {
    const auto body = encode(asking({{Role::user, "weather?"},
        {.role = Role::assistant,
            .content = "Let me see.",
            .tool_calls = {{"c1", "f", R"({"city":"Rome"})"}, {"c2", "g", ""}, {"c3", "h", "{oh"}}},
        {.role = Role::tool, .content = "sunny", .tool_call_id = "c1"},
        {.role = Role::tool, .content = "", .tool_call_id = "c2"}, {Role::user, "so?"},
        {.role = Role::tool, .content = "late", .tool_call_id = "c3"}}));
    EXPECT_EQ(json::serialize(body.at("messages").at(1)),
        R"({"role":"assistant","content":[{"type":"text","text":"Let me see."},)"
        R"({"type":"tool_use","id":"c1","name":"f","input":{"city":"Rome"}},)"
        R"({"type":"tool_use","id":"c2","name":"g","input":{}},)"
        R"({"type":"tool_use","id":"c3","name":"h","input":{"arguments":"{oh"}}]})");
    EXPECT_EQ(json::serialize(body.at("messages").at(2)),
        R"({"role":"user","content":[)"
        R"({"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"sunny"}]},)"
        R"({"type":"tool_result","tool_use_id":"c2"},)"
        R"({"type":"tool_result","tool_use_id":"c3","content":[{"type":"text","text":"late"}]},)"
        R"({"type":"text","text":"so?"}]})")
        << "answers of tools come first";
}

TEST(MessageRequest, images_and_files_are_blocks) {
    const auto body = encode(asking({{.role = Role::user, .parts = R"([
        {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
        {"type":"image_url","image_url":{"url":"https://example.org/a.png"}},
        {"type":"file","file":{"file_data":"data:application/pdf;base64,BBBB"}}])"}}));
    EXPECT_EQ(json::serialize(body.at("messages").at(0).at("content")),
        R"([{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},)"
        R"({"type":"image","source":{"type":"url","url":"https://example.org/a.png"}},)"
        R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"BBBB"}}])");
}

TEST(MessageRequest, sound_is_unsupported_by_name) {
    const auto error = encode_message_request(
        asking({{Role::user, "x"},
            {.role = Role::user,
                .parts = R"([{"type":"text","text":"y"},{"type":"input_audio"}])"}}),
        1)
                           .error();
    EXPECT_EQ(error.code, Errc::unsupported);
    EXPECT_EQ(error.field, "messages[1].content[1]");
}

TEST(MessageRequest, tools_and_their_choice_are_mapped) {
    ChatRequest request = asking({{Role::user, "x"}});
    request.tools = {{.name = "f",
                         .description = "does",
                         .parameters = R"({"type":"object","properties":{"a":{}}})"},
        {.name = "g"}};
    const auto mapped = [&](std::string choice, std::optional<bool> parallel = {}) {
        request.options.tool_choice = std::move(choice);
        request.options.parallel_tool_calls = parallel;
        return text(encode(request), "tool_choice");
    };
    EXPECT_EQ(text(encode(request), "tools"),
        R"([{"name":"f","description":"does","input_schema":{"type":"object","properties":{"a":{}}}},)"
        R"({"name":"g","input_schema":{"type":"object","properties":{}}}])");
    EXPECT_EQ(mapped(""), R"({"type":"auto"})");
    EXPECT_EQ(mapped("\"none\"", false), R"({"type":"none"})");
    EXPECT_EQ(mapped("\"required\""), R"({"type":"any"})");
    EXPECT_EQ(
        mapped(R"({"type":"function","function":{"name":"f"}})"), R"({"type":"tool","name":"f"})");
    EXPECT_EQ(mapped("", false), R"({"type":"auto","disable_parallel_tool_use":true})");
    EXPECT_EQ(mapped("", true), R"({"type":"auto"})");
    request.options.tool_choice = R"({"type":"allowed_tools"})";
    EXPECT_EQ(encode_message_request(request, 1).error().field, "tool_choice");
}

TEST(MessageRequest, options_are_mapped_within_the_apis_ranges) {
    ChatRequest request = asking({{Role::user, "x"}});
    request.options = {.temperature = 1.7,
        .top_p = 0.5,
        .max_output_tokens = 9,
        .seed = 1,
        .stop = {"a", "b"},
        .extra = R"({"logit_bias":{}})"};
    const auto body = encode(request);
    EXPECT_EQ(text(body, "temperature"), "1");
    EXPECT_EQ(text(body, "top_p"), "0.5");
    EXPECT_EQ(text(body, "max_tokens"), "9");
    EXPECT_EQ(text(body, "stop_sequences"), R"(["a","b"])");
    EXPECT_FALSE(body.contains("seed"));
    EXPECT_FALSE(body.contains("logit_bias"));
}

TEST(MessageRequest, json_is_asked_for_through_a_tool) {
    ChatRequest request = asking({{Role::user, "x"}});
    request.options.response_format =
        R"({"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"a":{}}}}})";
    const auto encoded = encode_message_request(request, 1);
    ASSERT_TRUE(encoded);
    EXPECT_TRUE(encoded->answers_by_tool);
    const auto body = encode(request);
    EXPECT_EQ(json::serialize(body.at("tools").at(0).at("input_schema")),
        R"({"type":"object","properties":{"a":{}}})");
    EXPECT_EQ(text(body, "tool_choice"), R"({"type":"tool","name":"answer_in_json"})");
    request.options.response_format = R"({"type":"json_object"})";
    EXPECT_TRUE(encode_message_request(request, 1)->answers_by_tool);
    request.options.response_format = R"({"type":"text"})";
    EXPECT_FALSE(encode_message_request(request, 1)->answers_by_tool);
}

TEST(MessageRequest, json_beside_tools_is_asked_for_in_words) {
    ChatRequest request = asking({{Role::system, "be kind"}, {Role::user, "x"}});
    request.tools = {{.name = "f"}};
    request.options.response_format = R"({"type":"json_object"})";
    const auto encoded = encode_message_request(request, 1);
    ASSERT_TRUE(encoded);
    EXPECT_FALSE(encoded->answers_by_tool);
    const auto system = text(encode(request), "system");
    EXPECT_TRUE(system.starts_with(R"("be kind\n\n)")) << system;
    EXPECT_TRUE(system.contains("JSON")) << system;
}

}  // namespace
}  // namespace baton::llm
