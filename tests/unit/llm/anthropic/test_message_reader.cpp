#include <gtest/gtest.h>

#include "llm/anthropic/message_reader.h"

namespace baton::llm {
namespace {

const Secret no_key;

Result<ChatResult> read(
    const std::vector<std::string>& events, bool answers_by_tool = false, std::string* text = {}) {
    MessageReader reader(no_key, answers_by_tool);
    AnswerBuilder builder;
    for (const auto& event : events) {
        BATON_TRY(Piece piece, reader.read_event({.type = {}, .data = event}));
        BATON_TRY(const ChatDelta delta, builder.add(std::move(piece)));
        if (text != nullptr) *text += delta.text;
    }
    return builder.finish();
}

const std::string begin =
    R"({"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":3,)"
    R"("cache_creation_input_tokens":10,"cache_read_input_tokens":20,"output_tokens":1}}})";
const std::string stop = R"({"type":"message_stop"})";

std::string ended(std::string reason) {
    return R"({"type":"message_delta","delta":{"stop_reason":")" + reason +
           R"("},"usage":{"output_tokens":9}})";
}

TEST(MessageReader, text_thoughts_and_usage_are_read) {
    std::string streamed;
    const auto result = read(
        {begin, R"({"type":"ping"})",
            R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})",
            R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})",
            R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}})",
            R"({"type":"content_block_stop","index":0})",
            R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
            R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hel"}})",
            R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"lo"}})",
            R"({"type":"content_block_stop","index":1})", R"({"type":"something_new"})",
            ended("end_turn"), stop},
        false, &streamed);
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(
        *result, (ChatResult{.content = "Hello",
                     .model = "claude-x",
                     .finish_reason = "stop",
                     .usage = {.input_tokens = 33, .output_tokens = 9, .cached_input_tokens = 20},
                     .reasoning = "hm"}));
    EXPECT_EQ(streamed, "Hello");
}

TEST(MessageReader, calls_are_read_in_pieces) {
    const auto result = read({begin,
        R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":"So: "}})",
        R"({"type":"content_block_stop","index":0})",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"x\":"}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"1}"}})",
        R"({"type":"content_block_stop","index":1})",
        R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"b","name":"g","input":{}}})",
        R"({"type":"content_block_stop","index":2})", ended("tool_use"), stop});
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->content, "So: ");
    EXPECT_EQ(
        result->tool_calls, (std::vector<ToolCall>{{"a", "f", R"({"x":1})"}, {"b", "g", "{}"}}));
    EXPECT_EQ(result->finish_reason, "tool_calls");
}

TEST(MessageReader, answer_by_tool_is_text) {
    const std::vector<std::string> events{begin,
        R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"answer_in_json","input":{}}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"x\":1}"}})",
        R"({"type":"content_block_stop","index":0})", ended("tool_use"), stop};
    const auto result = read(events, true);
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->content, R"({"x":1})");
    EXPECT_EQ(result->finish_reason, "stop");
    EXPECT_TRUE(result->tool_calls.empty());
    EXPECT_EQ(read(events, false)->tool_calls.size(), 1U);
}

TEST(MessageReader, stop_reasons_have_our_names) {
    const auto reason_of = [](std::string reason) {
        return read({begin, ended(std::move(reason)), stop})->finish_reason;
    };
    EXPECT_EQ(reason_of("end_turn"), "stop");
    EXPECT_EQ(reason_of("stop_sequence"), "stop");
    EXPECT_EQ(reason_of("pause_turn"), "stop");
    EXPECT_EQ(reason_of("max_tokens"), "length");
    EXPECT_EQ(reason_of("model_context_window_exceeded"), "length");
    EXPECT_EQ(reason_of("refusal"), "content_filter");
}

TEST(MessageReader, stream_without_end_was_cut) {
    EXPECT_EQ(
        read(
            {begin,
                R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"half"}})"})
            .error()
            .code,
        Errc::provider_unavailable);
    EXPECT_TRUE(read({begin, ended("end_turn")})) << "either sign of the end is enough";
    EXPECT_TRUE(read({begin, stop}));
}

TEST(MessageReader, errors_inside_the_stream_keep_their_meaning) {
    const auto error_of = [](std::string type) {
        return read({begin, R"({"type":"error","error":{"type":")" + type +
                                R"(","message":"Overloaded"}})"})
            .error();
    };
    EXPECT_EQ(error_of("overloaded_error").code, Errc::provider_unavailable);
    EXPECT_EQ(error_of("overloaded_error").detail, "the provider broke off its answer: Overloaded");
    EXPECT_EQ(error_of("rate_limit_error").code, Errc::provider_rate_limited);
    EXPECT_EQ(error_of("invalid_request_error").code, Errc::provider_rejected);
}

TEST(MessageReader, what_is_no_event_is_a_protocol_error) {
    for (const std::string data : {"not json", "[1]", "7"}) {
        EXPECT_EQ(read({data}).error().code, Errc::provider_protocol) << data;
    }
}

TEST(MessageReader, fields_of_the_wrong_type_are_not_fatal) {
    EXPECT_TRUE(read({R"({"type":7})", R"({"type":"message_start","message":[]})",
        R"({"type":"message_start","message":{"model":1,"usage":{"input_tokens":"x"}}})",
        R"({"type":"content_block_start","index":-1,"content_block":"x"})",
        R"({"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"x"}})",
        R"({"type":"content_block_stop"})", R"({"type":"message_delta","delta":7,"usage":7})",
        stop}));
}

TEST(MessageReader, whole_answer_is_read) {
    MessageReader reader(no_key, false);
    AnswerBuilder builder;
    auto piece = reader.read_whole(
        R"({"model":"m","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"hi"},)"
        R"({"type":"tool_use","id":"a","name":"f","input":{"x":1}},{"type":"tool_use","id":"b","name":"g","input":{}}],)"
        R"("stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}})");
    ASSERT_TRUE(piece) << to_string(piece.error());
    ASSERT_TRUE(builder.add(*std::move(piece)));
    EXPECT_EQ(*builder.finish(), (ChatResult{.content = "hi",
                                     .model = "m",
                                     .finish_reason = "tool_calls",
                                     .usage = {.input_tokens = 1, .output_tokens = 2},
                                     .reasoning = "hm",
                                     .tool_calls = {{"a", "f", R"({"x":1})"}, {"b", "g", "{}"}}}));
    EXPECT_EQ(reader.read_whole("{}").error().code, Errc::provider_protocol);
}

}  // namespace
}  // namespace baton::llm
