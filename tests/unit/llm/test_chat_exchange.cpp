#include <gtest/gtest.h>

#include "llm/chat_exchange.h"
#include "llm/provider_json.h"

namespace baton::llm {
namespace {

const Secret no_key;
constexpr TimePoint now = from_unix_ms(784'111'777'000);

/// Reads `{"t": text, "end": true}`.
class PlainReader final : public AnswerReader {
public:
    Result<Piece> read_event(const SseEvent& event) override {
        BATON_TRY(const auto value, parse_answer(event.data, no_key));
        return Piece{.delta = {.text = std::string(text_of(value, "t"))},
            .last = member(value, "end") != nullptr};
    }
    Result<Piece> read_whole(std::string_view body) override {
        return read_event({.type = {}, .data = std::string(body)});
    }
};

class ChatExchangeTest : public testing::Test {
protected:
    Result<ChatResult> run(Framing framing, std::vector<std::string> pieces,
        std::optional<Error> failure = {}, int status = 200, std::string type = {}) {
        streamed.clear();
        const ChatSink sink = [this](const ChatDelta& delta) { streamed += delta.text; };
        ChatExchange exchange(
            {.key = no_key, .framing = framing}, std::make_unique<PlainReader>(), sink, {});
        net::Response head{.status = status};
        if (!type.empty()) head.fields.set("Content-Type", type);
        exchange.begin(head, now);
        for (const auto& piece : pieces) {
            if (!exchange.take(piece)) break;
        }
        return exchange.end({.error = failure, .at = now});
    }

    std::string streamed;
    const Error reset{.code = Errc::connection_failed, .detail = "reset"};
};

TEST_F(ChatExchangeTest, lines_are_read_however_they_are_cut) {
    const std::string body = "{\"t\":\"a\"}\n{\"t\":\"b\"}\r\n\n{\"t\":\"c\",\"end\":true}\n";
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
        const auto result = run(Framing::lines, {body.substr(0, cut), body.substr(cut)});
        ASSERT_TRUE(result) << to_string(result.error());
        EXPECT_EQ(result->content, "abc");
        EXPECT_EQ(streamed, "abc");
    }
}

TEST_F(ChatExchangeTest, last_line_needs_no_end) {
    const auto result = run(Framing::lines, {"{\"t\":\"a\"}\n{\"t\":\"b\",\"end\":true}"});
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->content, "ab");
    EXPECT_EQ(run(Framing::lines, {R"({"error":"no memory"})"}).error().detail,
        "the provider broke off its answer: no memory");
}

TEST_F(ChatExchangeTest, half_a_line_is_where_the_stream_was_cut) {
    for (const auto& failure : {std::optional<Error>{}, std::optional<Error>(reset)}) {
        EXPECT_EQ(run(Framing::lines, {"{\"t\":\"a\"}\n{\"t\":\"b"}, failure).error().code,
            Errc::provider_unavailable);
        EXPECT_EQ(streamed, "a");
    }
    EXPECT_EQ(run(Framing::lines, {"{\"t\":"}, reset).error().code, Errc::provider_unavailable);
    EXPECT_EQ(run(Framing::lines, {"<html>"}).error().code, Errc::provider_protocol)
        << "that never was a stream";
}

TEST_F(ChatExchangeTest, answer_that_had_its_end_survives_what_comes_after_it) {
    for (const std::string_view rest :
        {"", "{\"t\":\"x\"}\n", "{\"t\":\"x\"}", "nonsense\n", "non"}) {
        const auto result =
            run(Framing::lines, {"{\"t\":\"a\",\"end\":true}\n", std::string(rest)}, reset);
        ASSERT_TRUE(result) << to_string(result.error());
        EXPECT_EQ(result->content, "a");
        EXPECT_EQ(streamed, "a");
    }
}

TEST_F(ChatExchangeTest, endless_line_after_the_end_is_no_matter) {
    const std::vector<std::string> pieces{
        "data: {\"t\":\"a\",\"end\":1}\n\n", std::string(1'100'000, 'x')};
    const auto result = run(Framing::events, pieces);
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->content, "a");
}

TEST_F(ChatExchangeTest, shape_without_a_content_type_is_told_from_the_first_byte) {
    EXPECT_EQ(run(Framing::events, {" ", "{\"t\":\"whole\",\"end\":1}"})->content, "whole");
    EXPECT_EQ(run(Framing::events, {"\n", "data: {\"t\":\"s\",\"end\":1}\n\n"})->content, "s");
}

TEST_F(ChatExchangeTest, blanks_in_front_count_the_same_however_they_are_cut) {
    for (const std::string body : {" \n data: {\"t\":\"x\"}\n\ndata: {\"t\":\"y\",\"end\":1}\n\n",
             " \r\n {\"t\":\"y\",\"end\":1}"}) {
        for (std::size_t cut = 0; cut <= body.size(); ++cut) {
            const auto result = run(Framing::events, {body.substr(0, cut), body.substr(cut)});
            ASSERT_TRUE(result) << to_string(result.error());
            EXPECT_EQ(result->content, "y") << cut;
        }
    }
    const std::vector<std::string> blanks(65, std::string(1'024, ' '));
    EXPECT_EQ(run(Framing::events, blanks).error().code, Errc::provider_protocol);
}

TEST_F(ChatExchangeTest, empty_answer_was_cut) {
    for (const auto framing : {Framing::events, Framing::lines}) {
        EXPECT_EQ(run(framing, {}).error().code, Errc::provider_unavailable);
    }
    EXPECT_EQ(run(Framing::events, {}, {}, 200, "application/json").error().code,
        Errc::provider_protocol);
}

TEST_F(ChatExchangeTest, refusal_is_no_answer_whatever_its_type) {
    for (const auto* type : {"text/event-stream", "application/x-ndjson", ""}) {
        for (const auto framing : {Framing::events, Framing::lines}) {
            const auto result = run(framing, {"{\"error\":\"no\"}"}, {}, 404, type);
            EXPECT_EQ(result.error().code, Errc::provider_rejected);
            EXPECT_TRUE(result.error().detail.contains(": no")) << result.error().detail;
        }
    }
}

TEST_F(ChatExchangeTest, whole_answer_over_its_limit_stops_the_transfer) {
    const std::vector<std::string> pieces(17, std::string(1'048'576, ' '));
    EXPECT_EQ(run(Framing::events, pieces, {}, 200, "application/json").error().code,
        Errc::provider_protocol);
}

TEST_F(ChatExchangeTest, nothing_is_called_with_an_empty_delta) {
    std::size_t calls = 0;
    const ChatSink sink = [&](const ChatDelta& delta) {
        EXPECT_FALSE(delta.empty());
        ++calls;
    };
    ChatExchange exchange({.framing = Framing::lines}, std::make_unique<PlainReader>(), sink, {});
    exchange.begin({.status = 200}, now);
    EXPECT_TRUE(exchange.take("{\"t\":\"\"}\n{\"t\":\"a\"}\n{\"end\":1}\n"));
    EXPECT_TRUE(exchange.end({.at = now}));
    EXPECT_EQ(calls, 1U);
}

TEST(CountCalls, calls_of_the_whole_chat_count) {
    EXPECT_EQ(count_calls({.messages = {{.tool_calls = {{}, {}}}, {}, {.tool_calls = {{}}}}}), 3U);
}

}  // namespace
}  // namespace baton::llm
