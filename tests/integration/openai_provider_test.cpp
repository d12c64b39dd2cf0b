// Our OpenAI provider against a server that others wrote.
#include "llm/openai/openai_provider.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/client.h"
#include "runtime/io_pool.h"
#include "runtime/task_group.h"
#include "support/aimock.h"
#include "support/until.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;
using test::Aimock;

constexpr std::string_view secret = "sk-baton-secret-0123456789";

constexpr std::string_view fixtures = R"({"fixtures": [
    {"match": {"userMessage": "hello"},
     "response": {"content": "Hello! How can I help you today, dear test?"}},
    {"match": {"userMessage": "unicode"}, "chunkSize": 1,
     "response": {"content": "Grüße, 世界 🌍"}},
    {"match": {"userMessage": "boom"},
     "response": {"error": {"message": "it broke", "type": "server_error"}, "status": 500}},
    {"match": {"userMessage": "too much"},
     "response": {"error": {"message": "Rate limit reached"}, "status": 429, "retryAfter": 7}},
    {"match": {"userMessage": "bad"},
     "response": {"error": {"message": "context too long"}, "status": 400}},
    {"match": {"userMessage": "cut"}, "latency": 20, "truncateAfterChunks": 4,
     "response": {"content": "This answer is cut off after a few chunks, long before its last."}},
    {"match": {"userMessage": "slow"}, "latency": 300,
     "response": {"content": "This answer takes its time, more than the one who asked can wait."}},
    {"match": {"userMessage": "malformed"}, "chaos": {"malformedRate": 1},
     "response": {"content": "never seen"}},
    {"match": {"userMessage": "gone"}, "chaos": {"disconnectRate": 1},
     "response": {"content": "never seen"}}
]})";

class OpenAiContract : public testing::Test {
protected:
    static void SetUpTestSuite() {
        server = std::make_unique<Aimock>(test::AimockOptions{
            .fixtures = std::string(fixtures), .arguments = {"--strict"}, .environment = {}});
    }
    static void TearDownTestSuite() { server.reset(); }

    std::unique_ptr<Provider> provider(const std::string& base_url, std::string_view key = secret) {
        return make_openai_provider(
            *client, {.base_url = base_url, .api_key = Secret(std::string(key))});
    }

    Result<ChatResult> ask(
        Provider& from, std::string text, Deadline deadline = Deadline::after(20s)) {
        ChatRequest request{.model = "gpt-4o-mini",
            .messages = {{Role::system, "You are a test."}, {Role::user, std::move(text)}}};
        ChatSink sink = [this](const ChatDelta& delta) { pieces.emplace_back(delta.text); };
        return pool.run(from.chat(std::move(request), std::move(sink), {}, deadline));
    }
    Result<ChatResult> ask(std::string text, Deadline deadline = Deadline::after(20s)) {
        const auto ours = provider(server->base_url());
        return ask(*ours, std::move(text), deadline);
    }

    static inline std::unique_ptr<Aimock> server;
    IoPool pool{1};
    std::unique_ptr<net::Client> client = net::make_client({});
    std::vector<std::string> pieces;
};

TEST_F(OpenAiContract, answer_streams_with_its_usage) {
    const auto result = ask("hello");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->content, "Hello! How can I help you today, dear test?");
    EXPECT_EQ(result->model, "gpt-4o-mini");
    EXPECT_EQ(result->finish_reason, "stop");
    EXPECT_GT(result->usage.input_tokens, 0U);
    EXPECT_GT(result->usage.output_tokens, 0U);
    EXPECT_EQ(pieces.size(), 3U) << "chunks of twenty characters";
    std::string streamed;
    for (const auto& piece : pieces) streamed += piece;
    EXPECT_EQ(streamed, result->content);
}

TEST_F(OpenAiContract, request_arrives_as_the_api_documents_it) {
    ASSERT_TRUE(ask("hello"));
    const std::string journal = server->journal();
    for (const std::string_view part : {R"("path":"/v1/chat/completions")", R"("stream":true)",
             R"("include_usage":true)", R"({"role":"system","content":"You are a test."})",
             R"("content-type":"application/json")"}) {
        EXPECT_TRUE(journal.contains(part)) << part << " is not in " << journal;
    }
}

TEST_F(OpenAiContract, text_of_any_script_comes_whole) {
    const auto result = ask("unicode");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->content, "Grüße, 世界 🌍");
}

TEST_F(OpenAiContract, server_error_is_unavailable) {
    const auto error = ask("boom").error();
    EXPECT_EQ(error.code, Errc::provider_unavailable);
    EXPECT_EQ(error.detail, "the provider answered HTTP 500: it broke");
}

TEST_F(OpenAiContract, rate_limit_says_how_long_to_wait) {
    const auto error = ask("too much").error();
    EXPECT_EQ(error.code, Errc::provider_rate_limited);
    EXPECT_EQ(error.retry_after, 7s);
}

TEST_F(OpenAiContract, bad_request_is_rejected) {
    const auto error = ask("bad").error();
    EXPECT_EQ(error.code, Errc::provider_rejected);
    EXPECT_TRUE(error.detail.contains("context too long")) << error.detail;
}

TEST_F(OpenAiContract, cut_stream_is_unavailable_after_its_pieces) {
    EXPECT_EQ(ask("cut").error().code, Errc::provider_unavailable);
    EXPECT_GE(pieces.size(), 1U);
}

TEST_F(OpenAiContract, connection_that_breaks_is_unavailable) {
    EXPECT_EQ(ask("gone").error().code, Errc::provider_unavailable);
}

TEST_F(OpenAiContract, malformed_answer_is_a_protocol_error) {
    EXPECT_EQ(ask("malformed").error().code, Errc::provider_protocol);
}

TEST_F(OpenAiContract, deadline_ends_a_slow_answer) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(ask("slow", Deadline::after(700ms)).error().code, Errc::deadline_exceeded);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1200ms);
    EXPECT_GE(pieces.size(), 1U) << "what came before the deadline was streamed";
}

TEST_F(OpenAiContract, cancelled_task_ends_the_request) {
    const auto ours = provider(server->base_url());
    const auto run = [&]() -> Task<void> {
        TaskGroup group(pool.executor(0));
        bool ended = false;
        group.spawn([&]() -> Task<void> {
            ChatRequest request{.model = "gpt-4o-mini", .messages = {{Role::user, "slow"}}};
            ChatSink sink = [this](const ChatDelta& delta) { pieces.emplace_back(delta.text); };
            const auto result =
                co_await ours->chat(std::move(request), std::move(sink), {}, Deadline::never());
            EXPECT_EQ(result.error().code, Errc::cancelled);
            ended = true;
        });
        co_await test::until("a first piece", [this] { return !pieces.empty(); });
        co_await group.stop();
        EXPECT_TRUE(ended);
    };
    pool.run(run());
}

TEST_F(OpenAiContract, message_without_fixture_may_be_tried_again) {
    EXPECT_EQ(ask("nobody expects this").error().code, Errc::provider_unavailable)
        << "strict answers 503";
}

TEST_F(OpenAiContract, unknown_model_or_route_is_rejected) {
    const Aimock lenient(test::AimockOptions{});
    const auto ours = provider(lenient.base_url());
    EXPECT_EQ(ask(*ours, "nobody expects this").error().code, Errc::provider_rejected) << "404";
}

TEST_F(OpenAiContract, wrong_key_is_rejected_and_not_shown) {
    const Aimock guarded(test::AimockOptions{.fixtures = std::string(fixtures),
        .arguments = {},
        .environment = {"AIMOCK_API_KEYS=" + std::string(secret)}});
    const auto right = provider(guarded.base_url());
    EXPECT_TRUE(ask(*right, "hello"));
    const auto ours = provider(guarded.base_url(), "sk-baton-wrong-9876543210");
    const auto error = ask(*ours, "hello").error();
    EXPECT_EQ(error.code, Errc::provider_rejected);
    EXPECT_TRUE(error.detail.contains("401")) << error.detail;
    EXPECT_FALSE(error.detail.contains("wrong-9876543210")) << error.detail;
}

TEST_F(OpenAiContract, nobody_listening_is_unavailable) {
    const auto ours = provider("http://127.0.0.1:1/v1");
    EXPECT_EQ(ask(*ours, "hello").error().code, Errc::provider_unavailable);
}

TEST_F(OpenAiContract, chaos_of_rate_limits_is_told_from_answers) {
    const Aimock busy(test::AimockOptions{.fixtures = std::string(fixtures),
        .arguments = {"--chaos-ratelimit", "0.5"},
        .environment = {}});
    const auto ours = provider(busy.base_url());
    int answered = 0, limited = 0;
    for (int i = 0; i < 40; ++i) {
        const auto result = ask(*ours, "hello");
        if (result) {
            ++answered;
            continue;
        }
        ++limited;
        EXPECT_EQ(result.error().code, Errc::provider_rate_limited);
        EXPECT_GT(result.error().retry_after, 0s);
    }
    EXPECT_GT(answered, 0);
    EXPECT_GT(limited, 0);
}

}  // namespace
}  // namespace baton::llm
