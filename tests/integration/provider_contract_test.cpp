// What every provider keeps to, against a server that others wrote.
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "integration/provider_fixtures.h"
#include "llm/anthropic/anthropic_provider.h"
#include "llm/ollama/ollama_provider.h"
#include "llm/openai/openai_provider.h"
#include "llm/provider_error.h"
#include "net/client.h"
#include "runtime/io_pool.h"
#include "runtime/task_group.h"
#include "support/aimock.h"
#include "support/fault_proxy.h"
#include "support/until.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;
using test::Aimock;
using test::FaultProxy;
using test::Link;

constexpr std::string_view secret = "sk-baton-secret-0123456789";

/// A provider, and what its API or its mock cannot tell.
struct Kind {
    std::string name;
    std::function<std::unique_ptr<Provider>(net::Client&, std::string origin, Secret key)> make;
    bool tells_usage = true;      ///< aimock's Ollama counts nothing
    bool tells_reasoning = true;  ///< nor does it know the field of Ollama's thoughts
    bool tells_length = true;     ///< nor its reason
    bool cuts_arguments = true;   ///< Ollama's calls come whole
};

std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }

Kind openai() {
    return {.name = "openai", .make = [](net::Client& client, std::string origin, Secret key) {
                return make_openai_provider(
                    client, {.base_url = origin + "/v1", .api_key = std::move(key)});
            }};
}
Kind responses() {
    return {.name = "responses", .make = [](net::Client& client, std::string origin, Secret key) {
                return make_openai_provider(client, {.base_url = origin + "/v1",
                                                        .api_key = std::move(key),
                                                        .api = OpenAiApi::responses});
            }};
}
Kind anthropic() {
    return {.name = "anthropic", .make = [](net::Client& client, std::string origin, Secret key) {
                return make_anthropic_provider(
                    client, {.base_url = std::move(origin), .api_key = std::move(key)});
            }};
}
Kind ollama() {
    return {.name = "ollama",
        .make =
            [](net::Client& client, std::string origin, Secret key) {
                return make_ollama_provider(
                    client, {.base_url = std::move(origin), .api_key = std::move(key)});
            },
        .tells_usage = false,
        .tells_reasoning = false,
        .tells_length = false,
        .cuts_arguments = false};
}

class ProviderContract : public testing::TestWithParam<Kind> {
protected:
    static void SetUpTestSuite() {
        server = std::make_unique<Aimock>(
            test::AimockOptions{.fixtures = std::string(test::provider_fixtures),
                .arguments = {"--strict"},
                .environment = {}});
    }
    static void TearDownTestSuite() { server.reset(); }

    std::unique_ptr<Provider> provider(std::uint16_t port, std::string_view key = secret) {
        return GetParam().make(
            *client, "http://127.0.0.1:" + std::to_string(port), Secret(std::string(key)));
    }

    static ChatRequest asking(std::string text) {
        return {.model = "a-model",
            .messages = {{Role::system, "You are a test."}, {Role::user, std::move(text)}},
            .tools = {
                {.name = "get_weather",
                    .description = "Tells the weather",
                    .parameters = R"({"type":"object","properties":{"city":{"type":"string"}}})"},
                {.name = "get_time"}}};
    }

    Result<ChatResult> ask(
        Provider& from, ChatRequest request, Deadline deadline = Deadline::after(20s)) {
        pieces.clear();
        ChatSink sink = [this](const ChatDelta& delta) { pieces.push_back(delta); };
        return pool.run(from.chat(std::move(request), std::move(sink), {}, deadline));
    }
    Result<ChatResult> ask(std::string text, Deadline deadline = Deadline::after(20s)) {
        const auto ours = provider(server->port());
        return ask(*ours, asking(std::move(text)), deadline);
    }

    /// What was streamed, put together as any reader would.
    [[nodiscard]] ChatResult streamed() const {
        ChatResult result;
        for (const auto& delta : pieces) {
            EXPECT_FALSE(delta.empty());
            result.content += delta.text;
            result.reasoning += delta.reasoning;
            for (const auto& call : delta.tool_calls) {
                EXPECT_LE(call.index, result.tool_calls.size()) << "numbered as they come";
                if (call.index == result.tool_calls.size()) {
                    EXPECT_FALSE(call.id.empty());
                    EXPECT_FALSE(call.name.empty());
                    result.tool_calls.push_back({.id = call.id, .name = call.name});
                }
                result.tool_calls[call.index].arguments += call.arguments;
            }
        }
        return result;
    }
    void expect_streamed(const ChatResult& result) const {
        const ChatResult said = streamed();
        EXPECT_EQ(said.content, result.content);
        EXPECT_EQ(said.reasoning, result.reasoning);
        EXPECT_EQ(said.tool_calls, result.tool_calls);
    }

    static inline std::unique_ptr<Aimock> server;
    IoPool pool{1};
    std::unique_ptr<net::Client> client = net::make_client({});
    std::vector<ChatDelta> pieces;
};

TEST_P(ProviderContract, answer_streams_with_its_usage) {
    const auto result = ask("hello");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->content, "Hello! How can I help you today, dear test?");
    EXPECT_EQ(result->model, "a-model");
    EXPECT_EQ(result->finish_reason, "stop");
    if (GetParam().tells_usage) {
        EXPECT_EQ(result->usage, (TokenUsage{.input_tokens = 12, .output_tokens = 11}));
    } else {
        EXPECT_EQ(result->usage, TokenUsage{});
    }
    EXPECT_EQ(pieces.size(), 3U) << "chunks of twenty characters";
    expect_streamed(*result);
}

TEST_P(ProviderContract, text_of_any_script_comes_whole) {
    const auto result = ask("unicode");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->content, "Grüße, 世界 🌍");
    expect_streamed(*result);
}

TEST_P(ProviderContract, thoughts_are_apart_from_the_answer) {
    const auto result = ask("think");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->content, "42");
    EXPECT_EQ(
        result->reasoning, GetParam().tells_reasoning ? "Six by nine, in base thirteen." : "");
    expect_streamed(*result);
}

TEST_P(ProviderContract, answer_cut_by_its_limit_says_so) {
    const auto result = ask("too long");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->finish_reason, GetParam().tells_length ? "length" : "stop");
}

TEST_P(ProviderContract, call_of_a_tool_is_read) {
    const auto result = ask("weather");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->finish_reason, "tool_calls");
    ASSERT_EQ(result->tool_calls.size(), 1U);
    EXPECT_EQ(result->tool_calls[0].name, "get_weather");
    EXPECT_EQ(result->tool_calls[0].arguments, R"({"city":"Rome","days":3})");
    EXPECT_FALSE(result->tool_calls[0].id.empty());
    EXPECT_EQ(pieces.size() > 3, GetParam().cuts_arguments) << pieces.size();
    expect_streamed(*result);
}

TEST_P(ProviderContract, several_calls_come_beside_text) {
    const auto result = ask("both");
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->content, "Let me see.");
    ASSERT_EQ(result->tool_calls.size(), 2U);
    EXPECT_EQ(result->tool_calls[0].arguments, R"({"city":"Rome"})");
    EXPECT_EQ(result->tool_calls[1].name, "get_time");
    EXPECT_EQ(result->tool_calls[1].arguments, R"({"city":"Oslo"})");
    EXPECT_NE(result->tool_calls[0].id, result->tool_calls[1].id);
    expect_streamed(*result);
}

TEST_P(ProviderContract, call_without_arguments_has_an_empty_object) {
    const auto result = ask("no arguments");
    ASSERT_TRUE(result) << to_string(result.error());
    ASSERT_EQ(result->tool_calls.size(), 1U);
    EXPECT_EQ(result->tool_calls[0].arguments, "{}");
}

TEST_P(ProviderContract, answer_of_a_tool_goes_back_to_the_model) {
    const auto ours = provider(server->port());
    ChatRequest request = asking("weather");
    const auto first = ask(*ours, request);
    ASSERT_TRUE(first) << to_string(first.error());
    ASSERT_EQ(first->tool_calls.size(), 1U);
    request.messages.push_back({.role = Role::assistant, .tool_calls = first->tool_calls});
    request.messages.push_back(
        {.role = Role::tool, .content = "sunny", .tool_call_id = first->tool_calls[0].id});
    const auto second = ask(*ours, std::move(request));
    ASSERT_TRUE(second) << to_string(second.error());
    EXPECT_EQ(second->content, "It is sunny in Rome.");
}

TEST_P(ProviderContract, answers_are_the_same_byte_by_byte) {
    FaultProxy proxy(server->port());
    proxy.set_link(Link::drip);
    const auto ours = provider(proxy.port());
    for (const std::string text : {"hello", "unicode", "both"}) {
        const auto whole = ask(text);
        const auto dripped = ask(*ours, asking(text));
        ASSERT_TRUE(whole && dripped) << text;
        EXPECT_EQ(dripped->content, whole->content);
        ASSERT_EQ(dripped->tool_calls.size(), whole->tool_calls.size());
        for (std::size_t i = 0; i < whole->tool_calls.size(); ++i) {
            EXPECT_EQ(dripped->tool_calls[i].arguments, whole->tool_calls[i].arguments);
        }
        expect_streamed(*dripped);
    }
}

TEST_P(ProviderContract, errors_of_the_server_may_pass) {
    for (const std::string text : {"boom", "overloaded", "loading"}) {
        EXPECT_EQ(ask(text).error().code, Errc::provider_unavailable) << text;
    }
    EXPECT_EQ(ask("boom").error().detail, "the provider answered HTTP 500: it broke");
    EXPECT_EQ(ask("nobody expects this").error().code, Errc::provider_unavailable)
        << "strict answers 503";
}

TEST_P(ProviderContract, rate_limit_says_how_long_to_wait) {
    const auto error = ask("too much").error();
    EXPECT_EQ(error.code, Errc::provider_rate_limited);
    EXPECT_EQ(error.retry_after, 7s);
}

TEST_P(ProviderContract, refusal_reports_the_limits_of_the_endpoint) {
    const auto ours = provider(server->port());
    std::vector<RateReport> reports;
    const ChatSink no_sink;
    const RateSink on_rate = [&](const RateReport& report) { reports.push_back(report); };
    EXPECT_FALSE(pool.run(ours->chat(asking("too much"), no_sink, on_rate, Deadline::after(20s))));
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].requests, (RateWindow{.remaining = 0, .reset = 1s}));
    EXPECT_EQ(reports[0].input_tokens, (RateWindow{.remaining = 0, .reset = 6min}));
}

TEST_P(ProviderContract, request_at_fault_is_rejected_in_the_providers_words) {
    const auto error = ask("bad").error();
    EXPECT_EQ(error.code, Errc::provider_rejected);
    EXPECT_TRUE(error.detail.contains("context too long")) << error.detail;
}

TEST_P(ProviderContract, endpoint_that_may_not_be_used_is_unavailable) {
    const auto error = ask("forbidden").error();
    EXPECT_TRUE(refuses_access(error)) << to_string(error);
    EXPECT_TRUE(error.detail.contains("not yours")) << error.detail;
}

TEST_P(ProviderContract, unknown_model_or_route_is_rejected) {
    const Aimock lenient(test::AimockOptions{});
    const auto ours = provider(lenient.port());
    EXPECT_TRUE(lacks_model(ask(*ours, asking("nobody expects this")).error()));
}

TEST_P(ProviderContract, wrong_key_is_the_endpoints_fault_and_not_shown) {
    const Aimock guarded(test::AimockOptions{.fixtures = std::string(test::provider_fixtures),
        .arguments = {},
        .environment = {"AIMOCK_API_KEYS=" + std::string(secret)}});
    const auto right = provider(guarded.port());
    EXPECT_TRUE(ask(*right, asking("hello")));
    EXPECT_TRUE(pool.run(right->models(Deadline::after(20s))));
    const auto ours = provider(guarded.port(), "sk-baton-wrong-9876543210");
    const auto error = ask(*ours, asking("hello")).error();
    EXPECT_TRUE(refuses_access(error)) << to_string(error);
    EXPECT_TRUE(error.detail.contains("401")) << error.detail;
    EXPECT_FALSE(error.detail.contains("wrong-9876543210")) << error.detail;
    EXPECT_TRUE(refuses_access(pool.run(ours->models(Deadline::after(20s))).error()));
}

TEST_P(ProviderContract, cut_stream_is_unavailable_after_its_pieces) {
    EXPECT_EQ(ask("cut").error().code, Errc::provider_unavailable);
    EXPECT_GE(pieces.size(), 1U);
}

TEST_P(ProviderContract, connection_that_breaks_is_unavailable) {
    EXPECT_EQ(ask("gone").error().code, Errc::provider_unavailable);
    const auto nobody = provider(1);
    EXPECT_EQ(ask(*nobody, asking("hello")).error().code, Errc::provider_unavailable);
}

TEST_P(ProviderContract, malformed_answer_is_a_protocol_error) {
    EXPECT_EQ(ask("malformed").error().code, Errc::provider_protocol);
}

TEST_P(ProviderContract, deadline_ends_a_slow_answer) {
    const auto began = SteadyClock::now();
    EXPECT_EQ(ask("slow", Deadline::after(1'100ms)).error().code, Errc::deadline_exceeded);
    EXPECT_LT(SteadyClock::now() - began, 1'600ms);
    EXPECT_GE(pieces.size(), 1U) << "what came before the deadline was streamed";
}

TEST_P(ProviderContract, cancelling_closes_the_connection_to_the_provider) {
    FaultProxy proxy(server->port());
    const auto ours = provider(proxy.port());
    SteadyClock::duration took{};
    const auto run = [&]() -> Task<void> {
        TaskGroup group(pool.executor(0));
        group.spawn([&]() -> Task<void> {
            ChatSink sink = [this](const ChatDelta& delta) { pieces.push_back(delta); };
            ChatRequest request = asking("slow");
            const auto result =
                co_await ours->chat(std::move(request), std::move(sink), {}, Deadline::never());
            EXPECT_EQ(result.error().code, Errc::cancelled);
        });
        co_await test::until("a first piece", [this] { return !pieces.empty(); });
        EXPECT_EQ(proxy.clients(), 1U);
        const auto began = SteadyClock::now();
        co_await group.stop();
        co_await test::until("the end of the connection", [&] { return proxy.clients() == 0; });
        took = SteadyClock::now() - began;
    };
    pool.run(run());
    EXPECT_LT(took, 50ms);
}

TEST_P(ProviderContract, models_are_listed) {
    const auto ours = provider(server->port());
    const auto models = pool.run(ours->models(Deadline::after(20s)));
    ASSERT_TRUE(models) << to_string(models.error());
    EXPECT_FALSE(models->empty());
    EXPECT_EQ(std::ranges::count(*models, ""), 0);
}

INSTANTIATE_TEST_SUITE_P(Providers, ProviderContract,
    testing::Values(openai(), responses(), anthropic(), ollama()),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace baton::llm
