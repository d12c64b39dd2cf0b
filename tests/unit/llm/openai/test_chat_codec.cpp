#include <gtest/gtest.h>

#include "llm/openai/chat_codec.h"

namespace baton::llm {
namespace {

const Secret no_key;

/// One answer, read chunk by chunk.
class Answer {
public:
    explicit Answer(std::size_t calls_before = 0) : builder_(calls_before) {}

    Result<ChatDelta> take(std::string data, std::string type = {}) {
        BATON_TRY(
            Piece piece, reader_.read_event({.type = std::move(type), .data = std::move(data)}));
        return builder_.add(std::move(piece));
    }
    /// The text of all; the first error ends it.
    Result<std::string> take_all(const std::vector<std::string>& chunks) {
        std::string text;
        for (const auto& chunk : chunks) {
            BATON_TRY(const ChatDelta delta, take(chunk));
            text += delta.text;
        }
        return text;
    }
    bool complete() const { return builder_.complete(); }
    Result<ChatResult> finish() { return builder_.finish(); }

private:
    ChatCompletionReader reader_{no_key};
    AnswerBuilder builder_;
};

Result<ChatResult> read_whole(std::string_view body) {
    ChatCompletionReader reader(no_key);
    AnswerBuilder builder;
    BATON_TRY(Piece piece, reader.read_whole(body));
    BATON_TRY_VOID(builder.add(std::move(piece)));
    return builder.finish();
}

TEST(ChatRequestCodec, request_asks_for_a_stream_with_usage) {
    const ChatRequest request{
        .model = "m", .messages = {{Role::system, "be kind"}, {Role::user, "say \"hi\"\n"}}};
    EXPECT_EQ(encode_chat_request(request),
        R"({"model":"m","messages":[{"role":"system","content":"be kind"},)"
        R"({"role":"user","content":"say \"hi\"\n"}],"stream":true,"stream_options":{"include_usage":true}})");
}

TEST(ChatRequestCodec, everything_of_the_request_is_sent) {
    ChatRequest request{.model = "m",
        .messages = {{.role = Role::developer, .content = "be kind"},
            {.role = Role::user, .parts = R"([{"type":"image_url","image_url":{"url":"data:x"}}])"},
            {.role = Role::assistant, .tool_calls = {{"c1", "f", "{}"}}},
            {.role = Role::tool, .content = "42", .tool_call_id = "c1"}},
        .tools = {{.name = "f", .parameters = R"({"type":"object"})", .strict = true}},
        .options = {.temperature = 0.5,
            .max_output_tokens = 7,
            .stop = {"."},
            .response_format = R"({"type":"json_object"})",
            .tool_choice = "\"required\"",
            .parallel_tool_calls = false,
            .extra = R"({"logprobs":true})"}};
    const std::string json = encode_chat_request(request);
    for (const std::string_view part : {R"({"role":"developer","content":"be kind"})",
             R"("image_url")", R"("tool_calls":[{"id":"c1","type":"function")",
             R"("tool_call_id":"c1")", R"("strict":true)", R"("temperature":0.5)",
             R"("max_completion_tokens":7)", R"("stop":["."])",
             R"("response_format":{"type":"json_object"})", R"("tool_choice":"required")",
             R"("parallel_tool_calls":false)", R"("logprobs":true)"}) {
        EXPECT_TRUE(json.contains(part)) << part << " is not in " << json;
    }
    EXPECT_FALSE(json.contains("\"max_tokens\""));
}

TEST(ChatRequestCodec, compatible_servers_get_the_older_names) {
    ChatRequest request{.model = "m",
        .messages = {{.role = Role::developer, .content = "be kind"}},
        .options = {.max_output_tokens = 7}};
    const std::string json = encode_chat_request(request, OpenAiDialect::compatible);
    EXPECT_TRUE(json.contains(R"("max_tokens":7)")) << json;
    EXPECT_TRUE(json.contains(R"("role":"system")")) << json;
    EXPECT_FALSE(json.contains("max_completion_tokens")) << json;
}

TEST(ChunkReader, pieces_make_up_the_answer) {
    Answer reader;
    const auto text = reader.take_all(
        {R"({"id":"1","model":"gpt-x","choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null})",
            R"({"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]})",
            R"({"choices":[{"index":0,"delta":{"content":"lo"}}]})",
            R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
            R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":2,"total_tokens":14}})",
            "[DONE]"});
    ASSERT_TRUE(text);
    EXPECT_EQ(*text, "Hello");
    const auto result = reader.finish();
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, (ChatResult{.content = "Hello",
                           .model = "gpt-x",
                           .finish_reason = "stop",
                           .usage = {.input_tokens = 12, .output_tokens = 2}}));
}

TEST(ChunkReader, stream_without_end_was_cut) {
    Answer reader;
    ASSERT_TRUE(reader.take(R"({"choices":[{"index":0,"delta":{"content":"half an ans"}}]})"));
    EXPECT_FALSE(reader.complete());
    EXPECT_EQ(reader.finish().error().code, Errc::provider_unavailable);
}

TEST(ChunkReader, either_sign_of_the_end_is_enough) {
    Answer finished;
    ASSERT_TRUE(finished.take(
        R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"length"}]})"));
    EXPECT_EQ(finished.finish()->finish_reason, "length");
    Answer done;
    ASSERT_TRUE(done.take(R"({"choices":[{"index":0,"delta":{"content":"x"}}]})"));
    ASSERT_TRUE(done.take("[DONE]"));
    EXPECT_EQ(done.finish()->finish_reason, "stop");
}

TEST(ChunkReader, text_parts_are_text_and_refusals_are_apart) {
    Answer reader;
    const auto text = reader.take_all(
        {R"({"choices":[{"index":0,"delta":{"content":null,"refusal":"I can't. "}}]})",
            R"({"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"Really"}]}}]})",
            "[DONE]"});
    EXPECT_EQ(*text, "Really");
    EXPECT_EQ(reader.finish()->refusal, "I can't. ");
}

TEST(ChunkReader, other_choices_add_nothing) {
    Answer reader;
    EXPECT_TRUE(reader.take(R"({"choices":[{"index":1,"delta":{"content":"other"}}]})")->empty());
}

TEST(ChunkReader, tool_calls_are_read_in_pieces) {
    Answer reader;
    const auto first = reader.take(
        R"({"choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[)"
        R"({"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}},)"
        R"({"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":"{"}}]}}]})");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->tool_calls, (std::vector<ToolCallDelta>{{.index = 0, .id = "c1", .name = "f"},
                                     {.index = 1, .id = "c2", .name = "g", .arguments = "{"}}));
    ASSERT_TRUE(reader.take(
        R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"}"}}]}}]})"));
    ASSERT_TRUE(reader.take(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"));
    const auto result = reader.finish();
    EXPECT_EQ(result->tool_calls, (std::vector<ToolCall>{{"c1", "f", ""}, {"c2", "g", "{}"}}));
    EXPECT_EQ(result->finish_reason, "tool_calls");
}

TEST(ChunkReader, calls_without_an_index_are_told_apart_by_their_ids) {
    Answer reader;
    for (const std::string id : {"a", "b"}) {
        ASSERT_TRUE(reader.take(R"({"choices":[{"index":0,"delta":{"tool_calls":[{"id":")" + id +
                                R"(","function":{"name":"f","arguments":{"x":1}}}]}}]})"));
    }
    ASSERT_TRUE(reader.take("[DONE]"));
    EXPECT_EQ(reader.finish()->tool_calls,
        (std::vector<ToolCall>{{"a", "f", R"({"x":1})"}, {"b", "f", R"({"x":1})"}}));
}

TEST(ChunkReader, thoughts_are_read_by_any_of_their_names) {
    for (const std::string delta : {R"({"reasoning_content":"hm"})", R"({"reasoning":"hm"})",
             R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]})"}) {
        Answer reader;
        const auto piece = reader.take(R"({"choices":[{"index":0,"delta":)" + delta + "}]}");
        ASSERT_TRUE(piece);
        EXPECT_EQ(piece->reasoning, "hm") << delta;
        EXPECT_EQ(piece->text, "");
    }
}

TEST(ChunkReader, usage_has_its_details) {
    Answer reader;
    ASSERT_TRUE(reader.take(
        R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,)"
        R"("prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":4}}})"));
    ASSERT_TRUE(reader.take("[DONE]"));
    EXPECT_EQ(reader.finish()->usage, (TokenUsage{.input_tokens = 10,
                                          .output_tokens = 5,
                                          .cached_input_tokens = 8,
                                          .reasoning_tokens = 4}));
}

TEST(ChunkReader, logprobs_are_kept) {
    Answer reader;
    const auto piece = reader.take(
        R"({"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a"}]}}]})");
    EXPECT_EQ(piece->logprobs, R"({"content":[{"token":"a"}]})");
}

TEST(ChunkReader, reasons_of_the_end_have_our_names) {
    const auto reason_of = [](std::string reason) {
        Answer reader;
        const auto taken =
            reader.take(R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":")" +
                        reason + "\"}]}");
        return taken ? reader.finish()->finish_reason : std::string(to_string(taken.error().code));
    };
    EXPECT_EQ(reason_of("stop"), "stop");
    EXPECT_EQ(reason_of("eos_token"), "stop");
    EXPECT_EQ(reason_of("length"), "length");
    EXPECT_EQ(reason_of("model_length"), "length");
    EXPECT_EQ(reason_of("content_filter"), "content_filter");
    EXPECT_EQ(reason_of("function_call"), "tool_calls");
    EXPECT_EQ(reason_of("error"), "provider_unavailable");
    EXPECT_EQ(reason_of("insufficient_system_resource"), "provider_unavailable");
}

TEST(ChunkReader, error_objects_inside_the_stream_keep_their_meaning) {
    const auto code_of = [](const std::string& data) {
        Answer reader;
        return reader.take(data).error().code;
    };
    EXPECT_EQ(code_of(R"({"error":{"message":"boom","type":"server_error"}})"),
        Errc::provider_unavailable);
    EXPECT_EQ(code_of(R"({"error":{"message":"slow","code":"rate_limit_exceeded"}})"),
        Errc::provider_rate_limited);
    EXPECT_EQ(code_of(R"({"error":{"message":"no","type":"invalid_request_error"}})"),
        Errc::provider_rejected);
    EXPECT_EQ(code_of(R"({"error":{"message":"up","code":502}})"), Errc::provider_unavailable);
    EXPECT_EQ(code_of(R"({"error":{"message":"up","code":429},"choices":[]})"),
        Errc::provider_rate_limited);
    EXPECT_EQ(code_of(R"({"error":"text"})"), Errc::provider_unavailable);
}

TEST(ChunkReader, null_error_is_no_error) {
    Answer reader;
    EXPECT_EQ(
        reader.take(R"({"error":null,"choices":[{"index":0,"delta":{"content":"x"}}]})")->text,
        "x");
}

TEST(ChunkReader, what_is_no_chunk_is_a_protocol_error) {
    for (const std::string data : {"not json", "[1]", "{\"choices\":", "\"text\""}) {
        Answer reader;
        EXPECT_EQ(reader.take(data).error().code, Errc::provider_protocol) << data;
    }
}

TEST(ChunkReader, fields_of_the_wrong_type_are_not_fatal) {
    Answer reader;
    for (const std::string data :
        {R"({"choices":{}})", R"({"choices":[7]})", R"({"choices":[{"delta":"x"}]})",
            R"({"choices":[{"index":0,"delta":{"content":5},"finish_reason":5}],"model":7,"usage":[]})",
            R"({"usage":{"prompt_tokens":-1,"completion_tokens":"x"}})"}) {
        EXPECT_TRUE(reader.take(data)->empty()) << data;
    }
}

TEST(ChunkReader, chunks_with_half_characters_are_read) {
    Answer reader;
    EXPECT_EQ(
        reader.take(R"({"choices":[{"index":0,"delta":{"content":"hi \ud83c"}}]})")->text, "hi ");
    EXPECT_EQ(
        reader
            .take(
                R"({"choices":[{"index":0,"delta":{"content":"\udf0d!"},"finish_reason":"stop"}]})")
            ->text,
        "🌍!");
    EXPECT_EQ(reader.finish()->content, "hi 🌍!");
}

TEST(ChunkReader, mending_does_not_let_other_bad_bytes_in) {
    Answer reader;
    const std::string chunk = R"({"choices":[{"index":0,"delta":{"content":"\ud83c)"
                              "\xFF"
                              R"("}}]})";
    EXPECT_EQ(reader.take(chunk).error().code, Errc::provider_protocol);
}

TEST(ChatCompletionCodec, whole_answer_is_read) {
    const auto result = read_whole(
        R"({"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],)"
        R"("usage":{"prompt_tokens":3,"completion_tokens":1}})");
    ASSERT_TRUE(result);
    EXPECT_EQ(result->content, "hi");
    EXPECT_EQ(result->usage.input_tokens, 3U);
}

TEST(ChatCompletionCodec, tool_calls_of_a_whole_answer_are_read) {
    const auto result = read_whole(
        R"({"choices":[{"index":0,"message":{"content":null,"tool_calls":[)"
        R"({"id":"a","function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":"{}"}}]},)"
        R"("finish_reason":"tool_calls"}]})");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->tool_calls, (std::vector<ToolCall>{{"a", "f", "{}"}, {"call_1", "g", "{}"}}));
}

TEST(ChatCompletionCodec, answer_without_message_is_a_protocol_error) {
    EXPECT_EQ(read_whole(R"({"choices":[]})").error().code, Errc::provider_protocol);
    EXPECT_EQ(read_whole("").error().code, Errc::provider_protocol);
}

}  // namespace
}  // namespace baton::llm
