#include <algorithm>

#include <gtest/gtest.h>

#include "llm/openai/openai_provider.h"
#include "runtime/io_pool.h"
#include "support/played_client.h"

namespace baton::llm {
namespace {

using test::PlayedClient;

class OpenAiProviderTest : public testing::Test {
protected:
    Result<ChatResult> ask(Deadline deadline = Deadline::never()) {
        const auto provider = make_openai_provider(
            client, {.base_url = "http://127.0.0.1:9/v1/", .api_key = Secret("very-secret")});
        ChatSink sink = [this](const ChatDelta& delta) { streamed.emplace_back(delta.text); };
        ChatRequest request{.model = "m", .messages = {{Role::user, "hi"}}};
        return pool.run(provider->chat(std::move(request), std::move(sink), {}, deadline));
    }

    void events() { client.head.fields.set("Content-Type", "text/event-stream; charset=utf-8"); }

    IoPool pool{1};
    PlayedClient client;
    std::vector<std::string> streamed;
};

constexpr std::string_view hello = R"(data: {"choices":[{"index":0,"delta":{"content":"hello"}}]})"
                                   "\n\n";
constexpr std::string_view stop =
    R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
    "\n\n";

TEST_F(OpenAiProviderTest, request_is_what_the_api_wants) {
    events();
    client.pieces = {std::string(hello), std::string(stop)};
    ASSERT_TRUE(ask());
    EXPECT_EQ(client.request.method, net::Method::post);
    EXPECT_EQ(client.request.url, "http://127.0.0.1:9/v1/chat/completions");
    EXPECT_EQ(client.request.fields.get("authorization"), "Bearer very-secret");
    EXPECT_EQ(client.request.fields.get("content-type"), "application/json");
}

TEST_F(OpenAiProviderTest, no_key_sends_no_authorization) {
    events();
    client.pieces = {std::string(stop)};
    const auto provider = make_openai_provider(client, {.base_url = "http://127.0.0.1:9/v1"});
    ChatRequest request{.model = "m", .messages = {}};
    const ChatSink no_sink;
    ASSERT_TRUE(pool.run(provider->chat(std::move(request), no_sink, {}, Deadline::never())));
    EXPECT_FALSE(client.request.fields.has("authorization"));
}

TEST_F(OpenAiProviderTest, pieces_stream_as_they_come) {
    events();
    client.pieces = {std::string(hello), std::string(hello), std::string(stop), "data: [DONE]\n\n"};
    const auto result = ask();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->content, "hellohello");
    EXPECT_EQ(streamed, (std::vector<std::string>{"hello", "hello"}));
}

TEST_F(OpenAiProviderTest, plain_json_answer_is_accepted_with_and_without_content_type) {
    for (const bool typed : {true, false}) {
        streamed.clear();
        client = PlayedClient();
        if (typed) client.head.fields.set("Content-Type", "application/json");
        client.pieces = {"  ", R"({"choices":[{"index":0,"message":{"content":)", R"("whole"}}]})"};
        const auto result = ask();
        ASSERT_TRUE(result) << to_string(result.error());
        EXPECT_EQ(result->content, "whole");
        EXPECT_EQ(streamed, std::vector<std::string>{"whole"});
    }
}

TEST_F(OpenAiProviderTest, cut_stream_is_unavailable) {
    events();
    client.pieces = {std::string(hello)};
    EXPECT_EQ(ask().error().code, Errc::provider_unavailable);
    client.failure = Error{.code = Errc::connection_failed, .detail = "reset"};
    EXPECT_EQ(ask().error().code, Errc::provider_unavailable);
}

TEST_F(OpenAiProviderTest, answer_that_had_its_end_survives_a_reset) {
    events();
    client.pieces = {std::string(hello), std::string(stop)};
    client.failure = Error{.code = Errc::connection_failed, .detail = "reset"};
    EXPECT_EQ(ask()->content, "hello");
}

TEST_F(OpenAiProviderTest, nonsense_stops_the_transfer) {
    events();
    client.pieces = {"data: nonsense\n\n", std::string(hello)};
    EXPECT_EQ(ask().error().code, Errc::provider_protocol);
    EXPECT_EQ(client.pieces_taken, 1U);
    EXPECT_TRUE(streamed.empty());
}

TEST_F(OpenAiProviderTest, error_event_fails_the_answer) {
    events();
    client.pieces = {std::string(hello), "event: error\ndata: {\"message\":\"overloaded\"}\n\n"};
    const auto error = ask().error();
    EXPECT_EQ(error.code, Errc::provider_unavailable);
    EXPECT_TRUE(error.detail.contains("overloaded")) << error.detail;
}

TEST_F(OpenAiProviderTest, refusal_is_mapped_with_its_words_and_wait) {
    client.head.status = 429;
    client.head.fields.set("Retry-After", "3");
    client.pieces = {R"({"error":{"mess)", R"(age":"slow down, Bearer very-secret"}})"};
    const auto error = ask().error();
    EXPECT_EQ(error.code, Errc::provider_rate_limited);
    EXPECT_EQ(error.retry_after, std::chrono::seconds(3));
    EXPECT_EQ(error.detail, "the provider answered HTTP 429: slow down, Bearer ***");
}

TEST_F(OpenAiProviderTest, endless_refusal_is_not_read_to_its_end) {
    client.head.status = 500;
    client.pieces.assign(100, std::string(1024, 'x'));
    EXPECT_EQ(ask().error().code, Errc::provider_unavailable);
    EXPECT_EQ(client.pieces_taken, 64U);
}

TEST_F(OpenAiProviderTest, transfer_errors_have_our_names) {
    const auto code_of = [&](Errc cause, Deadline deadline) {
        client = PlayedClient();
        client.no_head = true;
        client.failure = Error{.code = cause, .detail = "x"};
        return ask(deadline).error().code;
    };
    const auto later = Deadline::never();
    EXPECT_EQ(code_of(Errc::connection_failed, later), Errc::provider_unavailable);
    EXPECT_EQ(code_of(Errc::deadline_exceeded, later), Errc::provider_unavailable) << "a stall";
    EXPECT_EQ(code_of(Errc::cancelled, later), Errc::cancelled);
    EXPECT_EQ(code_of(Errc::invalid_argument, later), Errc::provider_rejected);
    EXPECT_EQ(code_of(Errc::payload_too_large, later), Errc::provider_protocol);
}

TEST_F(OpenAiProviderTest, tool_calls_come_in_pieces) {
    events();
    client.pieces = {
        R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}}]})"
        "\n\n",
        R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":"tool_calls"}]})"
        "\n\n"};
    const auto result = ask();
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->tool_calls, (std::vector<ToolCall>{{"c1", "f", "{}"}}));
    EXPECT_EQ(result->finish_reason, "tool_calls");
}

TEST_F(OpenAiProviderTest, limits_are_reported_before_the_first_piece_and_with_refusals) {
    const auto provider = make_openai_provider(client, {.base_url = "http://127.0.0.1:9/v1"});
    for (const int status : {200, 429}) {
        client = PlayedClient();
        events();
        client.head.status = status;
        client.head.fields.set("x-ratelimit-remaining-requests", "7");
        client.pieces = {std::string(hello), std::string(stop)};
        std::vector<std::string> seen;
        const ChatSink sink = [&](const ChatDelta&) { seen.emplace_back("piece"); };
        const RateSink on_rate = [&](const RateReport& report) {
            EXPECT_EQ(report.requests.remaining, 7U);
            seen.emplace_back("rate");
        };
        ChatRequest request{.model = "m", .messages = {{Role::user, "hi"}}};
        const auto result =
            pool.run(provider->chat(std::move(request), sink, on_rate, Deadline::never()));
        EXPECT_EQ(result.has_value(), status == 200);
        ASSERT_FALSE(seen.empty());
        EXPECT_EQ(seen.front(), "rate");
        EXPECT_EQ(std::ranges::count(seen, "rate"), 1);
    }
}

TEST_F(OpenAiProviderTest, server_that_still_loads_its_model_is_unavailable) {
    client.head.status = 503;  // llama.cpp
    client.pieces = {
        R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})"};
    const auto error = ask().error();
    EXPECT_EQ(error.code, Errc::provider_unavailable);
    EXPECT_EQ(error.detail, "the provider answered HTTP 503: Loading model");
}

TEST_F(OpenAiProviderTest, embeddings_are_asked_for_and_read) {
    client.pieces = {
        R"({"model":"e","data":[{"index":0,"embedding":[0.5,-1]}],"usage":{"prompt_tokens":4}})"};
    const auto provider = make_openai_provider(client, {.base_url = "http://127.0.0.1:9/v1"});
    EmbeddingRequest request{.model = "e", .input = {"text"}};
    const auto result = pool.run(provider->embed(std::move(request), Deadline::never()));
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(client.request.url, "http://127.0.0.1:9/v1/embeddings");
    EXPECT_EQ(result->vectors, (std::vector<std::vector<float>>{{0.5F, -1.0F}}));
    EXPECT_EQ(result->input_tokens, 4U);
}

TEST_F(OpenAiProviderTest, models_are_listed) {
    client.pieces = {R"({"object":"list","data":[{"id":"a"},{"id":"b"}]})"};
    const auto provider = make_openai_provider(client, {.base_url = "http://127.0.0.1:9/v1"});
    const auto models = pool.run(provider->models(Deadline::never()));
    ASSERT_TRUE(models) << to_string(models.error());
    EXPECT_EQ(*models, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(client.request.method, net::Method::get);
    EXPECT_EQ(client.request.url, "http://127.0.0.1:9/v1/models");
    client.head.status = 401;
    EXPECT_EQ(pool.run(provider->models(Deadline::never())).error().field, "api_key");
}

TEST(OpenAiDialect, only_openai_and_azure_are_taken_to_know_the_newer_names) {
    for (const std::string_view own : {"https://api.openai.com/v1", "https://API.OpenAI.com",
             "https://mine.openai.azure.com/openai/v1", "https://api.openai.com:443/v1"}) {
        EXPECT_EQ(dialect_of(own), OpenAiDialect::openai) << own;
    }
    for (const std::string_view other : {"http://127.0.0.1:8080/v1", "https://openrouter.ai/api/v1",
             "https://api.openai.com.example.org/v1", "https://example.org/api.openai.com",
             "https://notapi.openai.com/v1", "", "x"}) {
        EXPECT_EQ(dialect_of(other), OpenAiDialect::compatible) << other;
    }
}

TEST_F(OpenAiProviderTest, passed_deadline_asks_nobody) {
    EXPECT_EQ(
        ask(Deadline::after(std::chrono::milliseconds(0))).error().code, Errc::deadline_exceeded);
    EXPECT_TRUE(client.request.url.empty());
}

}  // namespace
}  // namespace baton::llm
