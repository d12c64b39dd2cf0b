#include <gtest/gtest.h>

#include "llm/anthropic/anthropic_provider.h"
#include "runtime/io_pool.h"
#include "support/played_client.h"

namespace baton::llm {
namespace {

class AnthropicProviderTest : public testing::Test {
protected:
    std::unique_ptr<Provider> provider(std::string base_url = "http://127.0.0.1:9") {
        return make_anthropic_provider(
            client, {.base_url = std::move(base_url), .api_key = Secret("very-secret")});
    }
    Result<ChatResult> ask(Provider& from) {
        ChatRequest request{.model = "m", .messages = {{Role::user, "hi"}}};
        const ChatSink no_sink;
        return pool.run(from.chat(std::move(request), no_sink, {}, Deadline::never()));
    }

    IoPool pool{1};
    test::PlayedClient client;
};

constexpr std::string_view answer =
    "event: message_delta\n"
    R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}})"
    "\n\n";

TEST_F(AnthropicProviderTest, request_is_what_the_api_wants) {
    client.head.fields.set("Content-Type", "text/event-stream");
    client.pieces = {std::string(answer)};
    for (const std::string base : {"http://127.0.0.1:9", "http://127.0.0.1:9/v1/"}) {
        const auto ours = provider(base);
        ASSERT_TRUE(ask(*ours));
        EXPECT_EQ(client.request.url, "http://127.0.0.1:9/v1/messages");
        EXPECT_EQ(client.request.fields.get("x-api-key"), "very-secret");
        EXPECT_EQ(client.request.fields.get("anthropic-version"), "2023-06-01");
        EXPECT_TRUE(client.request.body.contains("\"max_tokens\":4096")) << client.request.body;
    }
}

TEST_F(AnthropicProviderTest, overload_may_pass_and_the_key_stays_unseen) {
    client.head.status = 529;
    client.head.fields.set("Retry-After", "2");
    client.pieces = {
        R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded very-secret"}})"};
    const auto ours = provider();
    const auto error = ask(*ours).error();
    EXPECT_EQ(error.code, Errc::provider_unavailable);
    EXPECT_EQ(error.retry_after, std::chrono::seconds(2));
    EXPECT_EQ(error.detail, "the provider answered HTTP 529: Overloaded ***");
}

TEST_F(AnthropicProviderTest, what_it_cannot_say_asks_nobody) {
    ChatRequest request{
        .model = "m", .messages = {{.role = Role::user, .parts = R"([{"type":"input_audio"}])"}}};
    const ChatSink no_sink;
    const auto ours = provider();
    const auto error =
        pool.run(ours->chat(std::move(request), no_sink, {}, Deadline::never())).error();
    EXPECT_EQ(error.code, Errc::unsupported);
    EXPECT_EQ(error.field, "messages[0].content[0]");
    EXPECT_TRUE(client.request.url.empty());
}

TEST_F(AnthropicProviderTest, models_are_listed_and_embeddings_unsupported) {
    client.pieces = {R"({"data":[{"id":"claude-a"},{"id":"claude-b"}],"has_more":false})"};
    const auto ours = provider();
    EXPECT_EQ(*pool.run(ours->models(Deadline::never())),
        (std::vector<std::string>{"claude-a", "claude-b"}));
    EXPECT_EQ(client.request.url, "http://127.0.0.1:9/v1/models?limit=1000");
    EmbeddingRequest request{.model = "m", .input = {"x"}};
    EXPECT_EQ(pool.run(ours->embed(std::move(request), Deadline::never())).error().code,
        Errc::unsupported);
}

}  // namespace
}  // namespace baton::llm
