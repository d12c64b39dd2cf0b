#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "llm/ollama/ollama_codec.h"

namespace baton::llm {
namespace {

const Secret no_key;

std::string encode(const ChatRequest& request, const OllamaOptions& options = {}) {
    const auto body = encode_ollama_chat(request, options);
    EXPECT_TRUE(body) << to_string(body.error());
    return body.value_or("");
}

Result<ChatResult> read(const std::vector<std::string>& lines, std::size_t calls_before = 0) {
    OllamaReader reader(no_key);
    AnswerBuilder builder(calls_before);
    for (const auto& line : lines) {
        BATON_TRY(Piece piece, reader.read_event({.type = {}, .data = line}));
        BATON_TRY_VOID(builder.add(std::move(piece)));
    }
    return builder.finish();
}

TEST(OllamaRequest, chat_has_the_shape_of_the_api) {
    ChatRequest request{.model = "m",
        .messages = {{Role::developer, "be kind"}, {Role::user, "hi"},
            {.role = Role::assistant, .tool_calls = {{"c1", "f", R"({"a":1})"}}},
            {.role = Role::tool, .content = "42", .tool_call_id = "c1"}},
        .tools = {{.name = "f", .description = "does"}}};
    EXPECT_EQ(encode(request),
        R"({"model":"m","stream":true,"messages":[{"role":"system","content":"be kind"},)"
        R"({"role":"user","content":"hi"},)"
        R"({"role":"assistant","content":"","tool_calls":[{"id":"c1","function":{"name":"f","arguments":{"a":1}}}]},)"
        R"({"role":"tool","content":"42","tool_call_id":"c1","tool_name":"f"}],)"
        R"("tools":[{"type":"function","function":{"name":"f","description":"does",)"
        R"("parameters":{"type":"object","properties":{}}}}]})");
}

TEST(OllamaRequest, options_stand_where_ollama_looks_for_them) {
    ChatRequest request{.model = "m",
        .messages = {{Role::user, "hi"}},
        .options = {.temperature = 0.5,
            .top_p = 0.25,
            .max_output_tokens = 7,
            .seed = 3,
            .stop = {"."},
            .extra = R"({"x":1})"}};
    const auto json = encode(request, {.context_tokens = 16'384, .keep_alive = "10m"});
    EXPECT_TRUE(json.contains(R"("options":{"temperature":0.5,"top_p":0.25,"seed":3,"stop":["."],)"
                              R"("num_predict":7,"num_ctx":16384})"))
        << json;
    EXPECT_TRUE(json.contains(R"("keep_alive":"10m")")) << json;
    EXPECT_FALSE(json.contains("\"x\"")) << json;
}

TEST(OllamaRequest, json_is_asked_for_with_and_without_a_schema) {
    ChatRequest request{.model = "m", .messages = {{Role::user, "hi"}}};
    request.options.response_format = R"({"type":"json_object"})";
    EXPECT_TRUE(encode(request).contains(R"("format":"json")"));
    request.options.response_format =
        R"({"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}})";
    EXPECT_TRUE(encode(request).contains(R"("format":{"type":"object"})"));
    request.options.response_format = R"({"type":"text"})";
    EXPECT_FALSE(encode(request).contains("format"));
}

TEST(OllamaRequest, images_are_base64_beside_the_text) {
    ChatRequest request{
        .model = "m", .messages = {{.role = Role::user, .parts = R"([{"type":"text","text":"what?"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}])"}}};
    EXPECT_TRUE(encode(request).contains(R"({"role":"user","content":"what?","images":["AAAA"]})"));
    request.messages[0].parts =
        R"([{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}])";
    const auto error = encode_ollama_chat(request, {}).error();
    EXPECT_EQ(error.code, Errc::unsupported);
    EXPECT_EQ(error.field, "messages[0].content[0]");
}

TEST(OllamaRequest, choice_that_forces_a_call_is_unsupported) {
    ChatRequest request{.model = "m", .messages = {{Role::user, "hi"}}, .tools = {{.name = "f"}}};
    request.options.tool_choice = "\"none\"";
    EXPECT_FALSE(encode(request).contains("tools"));
    request.options.tool_choice = "\"required\"";
    EXPECT_EQ(encode_ollama_chat(request, {}).error().field, "tool_choice");
}

TEST(OllamaReader, text_thoughts_and_usage_are_read) {
    const auto result = read(
        {R"({"model":"m","message":{"role":"assistant","content":"","thinking":"hm"},"done":false})",
            R"({"model":"m","message":{"role":"assistant","content":"Hel"},"done":false})",
            R"({"model":"m","message":{"role":"assistant","content":"lo"},"done":false})",
            R"({"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",)"
            R"("prompt_eval_count":7,"eval_count":2,"total_duration":1})"});
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(*result, (ChatResult{.content = "Hello",
                           .model = "m",
                           .finish_reason = "stop",
                           .usage = {.input_tokens = 7, .output_tokens = 2},
                           .reasoning = "hm"}));
}

TEST(OllamaReader, calls_come_whole_and_may_lack_an_id) {
    const auto result = read(
        {R"({"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]},"done":false})",
            R"({"message":{"content":"","tool_calls":[{"id":"own","function":{"name":"g","arguments":{}}}]},"done":false})",
            R"({"message":{"content":""},"done":true,"done_reason":"stop"})"},
        2);
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->tool_calls,
        (std::vector<ToolCall>{{"call_2", "f", R"({"x":1})"}, {"own", "g", "{}"}}));
    EXPECT_EQ(result->finish_reason, "tool_calls");
}

TEST(OllamaReader, length_is_told_from_stop) {
    EXPECT_EQ(
        read({R"({"message":{"content":"x"},"done":true,"done_reason":"length"})"})->finish_reason,
        "length");
    EXPECT_EQ(read({R"({"message":{"content":"x"},"done":true})"})->finish_reason, "stop");
}

TEST(OllamaReader, stream_without_done_was_cut) {
    EXPECT_EQ(read({R"({"message":{"content":"half"},"done":false})"}).error().code,
        Errc::provider_unavailable);
}

TEST(OllamaReader, error_line_fails_the_answer) {
    const auto error = read({R"({"error":"an error was encountered"})"}).error();
    EXPECT_EQ(error.code, Errc::provider_unavailable);
    EXPECT_TRUE(error.detail.contains("an error was encountered"));
}

TEST(OllamaReader, fields_of_the_wrong_type_are_not_fatal) {
    EXPECT_TRUE(read({R"({"message":7,"done":"x"})", R"({"message":{"content":7,"tool_calls":{}}})",
        R"({"message":{"tool_calls":[7,{"x":7}]},"model":7})",
        R"({"done":true,"prompt_eval_count":-1,"eval_count":"x"})"}));
    EXPECT_EQ(read({R"({"message":{"tool_calls":[{"function":7}]},"done":true})"}).error().code,
        Errc::provider_protocol)
        << "a call without a name";
    EXPECT_EQ(read({"[]"}).error().code, Errc::provider_protocol);
}

TEST(OllamaEmbed, vectors_are_read) {
    EXPECT_EQ(encode_ollama_embed({.model = "m", .input = {"a", "b"}, .dimensions = 2}),
        R"({"model":"m","input":["a","b"],"dimensions":2})");
    const auto decode = [](std::string_view json) {
        return decode_ollama_embed(boost::json::parse(json), 2);
    };
    const auto result =
        decode(R"({"model":"m","embeddings":[[0.5,1],[2,-3]],"prompt_eval_count":4})");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(
        *result, (EmbeddingResult{
                     .model = "m", .vectors = {{0.5F, 1.0F}, {2.0F, -3.0F}}, .input_tokens = 4}));
    for (const std::string_view bad : {R"({})", R"({"embeddings":[[1]]})",
             R"({"embeddings":[[1],[]]})", R"({"embeddings":[[1],[1,2]]})",
             R"({"embeddings":[[1],["x"]]})", R"({"embeddings":[1,2]})"}) {
        EXPECT_EQ(decode(bad).error().code, Errc::provider_protocol) << bad;
    }
}

TEST(OllamaTags, names_are_read) {
    EXPECT_EQ(
        *decode_ollama_tags(boost::json::parse(R"({"models":[{"name":"a:7b"},{"name":"b"}]})")),
        (std::vector<std::string>{"a:7b", "b"}));
    EXPECT_EQ(decode_ollama_tags(boost::json::parse("{}")).error().code, Errc::provider_protocol);
}

}  // namespace
}  // namespace baton::llm
