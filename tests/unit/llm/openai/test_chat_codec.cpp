#include <gtest/gtest.h>

#include "llm/openai/chat_codec.h"

namespace baton::llm {
namespace {

const Secret no_key;

/// Feeds chunks and collects the text; the first error ends it.
Result<std::string> read_all(ChunkReader& reader, const std::vector<std::string>& chunks) {
    std::string text;
    for (const auto& chunk : chunks) {
        BATON_TRY(const std::string piece, reader.take(chunk));
        text += piece;
    }
    return text;
}

TEST(ChatRequestCodec, request_asks_for_a_stream_with_usage) {
    const ChatRequest request{
        .model = "m", .messages = {{Role::system, "be kind"}, {Role::user, "say \"hi\"\n"}}};
    EXPECT_EQ(encode_chat_request(request),
        R"({"model":"m","messages":[{"role":"system","content":"be kind"},)"
        R"({"role":"user","content":"say \"hi\"\n"}],"stream":true,"stream_options":{"include_usage":true}})");
}

TEST(ChunkReader, pieces_make_up_the_answer) {
    ChunkReader reader(no_key);
    const auto text = read_all(reader,
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
    ChunkReader reader(no_key);
    ASSERT_TRUE(reader.take(R"({"choices":[{"index":0,"delta":{"content":"half an ans"}}]})"));
    EXPECT_FALSE(reader.complete());
    EXPECT_EQ(reader.finish().error().code, Errc::provider_unavailable);
}

TEST(ChunkReader, either_sign_of_the_end_is_enough) {
    ChunkReader finished(no_key);
    ASSERT_TRUE(finished.take(
        R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"length"}]})"));
    EXPECT_EQ(finished.finish()->finish_reason, "length");
    ChunkReader done(no_key);
    ASSERT_TRUE(done.take(R"({"choices":[{"index":0,"delta":{"content":"x"}}]})"));
    ASSERT_TRUE(done.take("[DONE]"));
    EXPECT_EQ(done.finish()->finish_reason, "stop");
}

TEST(ChunkReader, refusals_and_text_parts_are_text) {
    ChunkReader reader(no_key);
    const auto text = read_all(reader,
        {R"({"choices":[{"index":0,"delta":{"content":null,"refusal":"I can't. "}}]})",
            R"({"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"Really"}]}}]})"});
    EXPECT_EQ(*text, "I can't. Really");
}

TEST(ChunkReader, other_choices_and_tool_calls_add_no_text) {
    ChunkReader reader(no_key);
    const auto text =
        read_all(reader, {R"({"choices":[{"index":1,"delta":{"content":"other"}}]})",
                             R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0}]}}]})"});
    EXPECT_EQ(*text, "");
}

TEST(ChunkReader, error_objects_inside_the_stream_keep_their_meaning) {
    const auto code_of = [](const std::string& data) {
        ChunkReader reader(no_key);
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
    ChunkReader reader(no_key);
    EXPECT_EQ(
        reader.take(R"({"error":null,"choices":[{"index":0,"delta":{"content":"x"}}]})"), "x");
}

TEST(ChunkReader, what_is_no_chunk_is_a_protocol_error) {
    for (const std::string data : {"not json", "[1]", "{\"choices\":", "\"text\""}) {
        ChunkReader reader(no_key);
        EXPECT_EQ(reader.take(data).error().code, Errc::provider_protocol) << data;
    }
}

TEST(ChunkReader, fields_of_the_wrong_type_are_not_fatal) {
    ChunkReader reader(no_key);
    for (const std::string data :
        {R"({"choices":{}})", R"({"choices":[7]})", R"({"choices":[{"delta":"x"}]})",
            R"({"choices":[{"index":0,"delta":{"content":5},"finish_reason":5}],"model":7,"usage":[]})",
            R"({"usage":{"prompt_tokens":-1,"completion_tokens":"x"}})"}) {
        EXPECT_EQ(reader.take(data), "") << data;
    }
}

TEST(ChunkReader, answer_over_its_limit_fails) {
    ChunkReader reader(no_key);
    const std::string chunk = R"({"choices":[{"index":0,"delta":{"content":")" +
                              std::string(answer_max / 4, 'x') + "\"}}]}";
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(reader.take(chunk));
    EXPECT_EQ(reader.take(R"({"choices":[{"index":0,"delta":{"content":"x"}}]})").error().code,
        Errc::provider_protocol);
}

TEST(ChatCompletionCodec, whole_answer_is_read) {
    const auto result = decode_chat_completion(
        R"({"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],)"
        R"("usage":{"prompt_tokens":3,"completion_tokens":1}})",
        no_key);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->content, "hi");
    EXPECT_EQ(result->usage.input_tokens, 3U);
}

TEST(ChatCompletionCodec, answer_without_message_is_a_protocol_error) {
    EXPECT_EQ(
        decode_chat_completion(R"({"choices":[]})", no_key).error().code, Errc::provider_protocol);
    EXPECT_EQ(decode_chat_completion("", no_key).error().code, Errc::provider_protocol);
}

}  // namespace
}  // namespace baton::llm
