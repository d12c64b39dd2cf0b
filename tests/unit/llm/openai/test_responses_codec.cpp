#include <gtest/gtest.h>

#include "llm/openai/responses_codec.h"

namespace baton::llm {
namespace {

const Secret no_key;

Result<ChatResult> read(const std::vector<std::string>& events) {
    ResponsesReader reader(no_key);
    AnswerBuilder builder;
    for (const auto& event : events) {
        BATON_TRY(Piece piece, reader.read_event({.type = {}, .data = event}));
        BATON_TRY_VOID(builder.add(std::move(piece)));
    }
    return builder.finish();
}

TEST(ResponsesRequest, chat_becomes_items) {
    const ChatRequest request{.model = "m",
        .messages = {{Role::system, "be kind"}, {Role::user, "hi"},
            {.role = Role::assistant, .content = "wait", .tool_calls = {{"c1", "f", "{}"}}},
            {.role = Role::tool, .content = "42", .tool_call_id = "c1"},
            {.role = Role::user,
                .parts =
                    R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}])"}},
        .tools = {{.name = "f", .strict = true}},
        .options = {.max_output_tokens = 7,
            .response_format =
                R"({"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}})",
            .tool_choice = R"({"type":"function","function":{"name":"f"}})",
            .parallel_tool_calls = false}};
    const auto body = encode_responses_request(request);
    ASSERT_TRUE(body) << to_string(body.error());
    EXPECT_EQ(*body,
        R"({"model":"m","stream":true,"store":false,"input":[)"
        R"({"role":"system","content":[{"type":"input_text","text":"be kind"}]},)"
        R"({"role":"user","content":[{"type":"input_text","text":"hi"}]},)"
        R"({"role":"assistant","content":[{"type":"output_text","text":"wait"}]},)"
        R"({"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},)"
        R"({"type":"function_call_output","call_id":"c1","output":"42"},)"
        R"({"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AA=="}]}],)"
        R"("tools":[{"type":"function","name":"f","strict":true,"parameters":{"type":"object","properties":{}}}],)"
        R"("tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false,)"
        R"("max_output_tokens":7,)"
        R"("text":{"format":{"name":"n","schema":{"type":"object"},"type":"json_schema"}}})");
}

TEST(ResponsesRequest, parameters_become_what_they_are_called_here) {
    ChatRequest request{.model = "m", .messages = {{Role::user, "hi"}}};
    request.options.extra =
        R"({"metadata":{"a":"b"},"service_tier":"flex","reasoning_effort":"low","verbosity":"low",)"
        R"("logprobs":false,"presence_penalty":0,"modalities":["text"]})";
    const auto body = encode_responses_request(request);
    ASSERT_TRUE(body) << to_string(body.error());
    EXPECT_EQ(*body,
        R"({"model":"m","stream":true,"store":false,)"
        R"("input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}],)"
        R"("metadata":{"a":"b"},"service_tier":"flex","reasoning":{"effort":"low"},"text":{"verbosity":"low"}})");
}

TEST(ResponsesRequest, parameters_that_are_not_known_here_are_refused_by_name) {
    const auto refused = [](ChatOptions options) {
        const auto error = encode_responses_request(
            {.model = "m", .messages = {{Role::user, "hi"}}, .options = std::move(options)})
                               .error();
        EXPECT_EQ(error.code, Errc::unsupported);
        return error.field;
    };
    EXPECT_EQ(refused({.seed = 0}), "seed");
    EXPECT_EQ(refused({.stop = {"END"}}), "stop");
    for (const std::string name : {"logprobs", "presence_penalty", "logit_bias", "new_one"}) {
        EXPECT_EQ(refused({.extra = "{\"" + name + "\":1}"}), name);
    }
    EXPECT_EQ(refused({.extra = R"({"modalities":["text","audio"]})"}), "modalities");
}

TEST(ResponsesRequest, sound_is_unsupported_by_name) {
    const auto error = encode_responses_request(
        {.model = "m", .messages = {{.role = Role::user, .parts = R"([{"type":"input_audio"}])"}}})
                           .error();
    EXPECT_EQ(error.code, Errc::unsupported);
    EXPECT_EQ(error.field, "messages[0].content[0]");
}

TEST(ResponsesReader, text_thoughts_calls_and_usage_are_read) {
    const auto result = read({R"({"type":"response.created","response":{"model":"m"}})",
        R"({"type":"response.reasoning_summary_text.delta","output_index":0,"delta":"hm"})",
        R"({"type":"response.output_item.added","output_index":1,"item":{"type":"message"}})",
        R"({"type":"response.output_text.delta","output_index":1,"delta":"Hel"})",
        R"({"type":"response.output_text.delta","output_index":1,"delta":"lo"})",
        R"({"type":"response.output_text.done","output_index":1,"text":"Hello"})",
        R"({"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc","call_id":"c1","name":"f","arguments":""}})",
        R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"x\":"})",
        R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"1}"})",
        R"({"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","call_id":"c1","name":"f","arguments":"{\"x\":1}"}})",
        R"({"type":"response.completed","response":{"model":"m-1","status":"completed","usage":{"input_tokens":9,"output_tokens":4,)"
        R"("input_tokens_details":{"cached_tokens":5},"output_tokens_details":{"reasoning_tokens":2}}}})"});
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(*result, (ChatResult{.content = "Hello",
                           .model = "m-1",
                           .finish_reason = "tool_calls",
                           .usage = {.input_tokens = 9,
                               .output_tokens = 4,
                               .cached_input_tokens = 5,
                               .reasoning_tokens = 2},
                           .reasoning = "hm",
                           .tool_calls = {{"c1", "f", R"({"x":1})"}}}));
}

TEST(ResponsesReader, incomplete_answers_say_why) {
    const auto reason_of = [](std::string details) {
        return read({R"({"type":"response.incomplete","response":{"status":"incomplete",)"
                     R"("incomplete_details":)" +
                        details + "}}"})
            ->finish_reason;
    };
    EXPECT_EQ(reason_of(R"({"reason":"max_output_tokens"})"), "length");
    EXPECT_EQ(reason_of(R"({"reason":"content_filter"})"), "content_filter");
}

TEST(ResponsesReader, failures_keep_their_meaning) {
    const auto failed = [](std::string code) {
        return read(
            {R"({"type":"response.failed","response":{"status":"failed","error":{"code":")" + code +
                R"(","message":"no"}}})"})
            .error();
    };
    EXPECT_EQ(failed("server_error").code, Errc::provider_unavailable);
    EXPECT_EQ(failed("server_error").detail, "the provider broke off its answer: no");
    EXPECT_EQ(failed("rate_limit_exceeded").code, Errc::provider_rate_limited);
    EXPECT_EQ(
        read({R"({"type":"error","code":"rate_limit_exceeded","message":"slow"})"}).error().code,
        Errc::provider_rate_limited);
    EXPECT_EQ(read({R"({"type":"response.failed","response":{"status":"failed"}})"}).error().code,
        Errc::provider_unavailable);
}

TEST(ResponsesReader, stream_without_end_was_cut) {
    EXPECT_EQ(read({R"({"type":"response.output_text.delta","delta":"half"})"}).error().code,
        Errc::provider_unavailable);
}

TEST(ResponsesReader, whole_answer_is_read) {
    ResponsesReader reader(no_key);
    AnswerBuilder builder;
    auto piece = reader.read_whole(
        R"({"model":"m","status":"completed","error":null,"output":[)"
        R"({"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},)"
        R"({"type":"message","content":[{"type":"output_text","text":"hi"},{"type":"refusal","refusal":"no"}]},)"
        R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]})");
    ASSERT_TRUE(piece) << to_string(piece.error());
    ASSERT_TRUE(builder.add(*std::move(piece)));
    EXPECT_EQ(*builder.finish(), (ChatResult{.content = "hi",
                                     .model = "m",
                                     .finish_reason = "tool_calls",
                                     .refusal = "no",
                                     .reasoning = "hm",
                                     .tool_calls = {{"c", "f", "{}"}}}));
    EXPECT_EQ(reader.read_whole("{}").error().code, Errc::provider_protocol);
}

}  // namespace
}  // namespace baton::llm
