#include <gtest/gtest.h>

#include "llm/ollama/ollama_provider.h"
#include "runtime/io_pool.h"
#include "support/played_client.h"

namespace baton::llm {
namespace {

class OllamaProviderTest : public testing::Test {
protected:
    std::unique_ptr<Provider> provider(std::string base_url = "http://127.0.0.1:9") {
        return make_ollama_provider(client, {.base_url = std::move(base_url)});
    }
    Result<ChatResult> ask(Provider& from) {
        ChatRequest request{.model = "m", .messages = {{Role::user, "hi"}}};
        const ChatSink no_sink;
        return pool.run(from.chat(std::move(request), no_sink, {}, Deadline::never()));
    }

    IoPool pool{1};
    test::PlayedClient client;
};

TEST_F(OllamaProviderTest, request_is_what_the_api_wants) {
    client.head.fields.set("Content-Type", "application/x-ndjson");
    client.pieces = {"{\"message\":{\"content\":\"hel", "lo\"},\"done\":true}\n"};
    for (const std::string base : {"http://127.0.0.1:9/", "http://127.0.0.1:9/api"}) {
        const auto ours = provider(base);
        EXPECT_EQ(ask(*ours)->content, "hello");
        EXPECT_EQ(client.request.url, "http://127.0.0.1:9/api/chat");
        EXPECT_FALSE(client.request.fields.has("authorization"));
    }
}

TEST_F(OllamaProviderTest, whole_answer_is_accepted) {
    client.head.fields.set("Content-Type", "application/json");
    client.pieces = {R"({"message":{"content":"whole"},"done":true})"};
    const auto ours = provider();
    EXPECT_EQ(ask(*ours)->content, "whole");
}

TEST_F(OllamaProviderTest, unknown_model_is_rejected_in_the_servers_words) {
    client.head.status = 404;
    client.pieces = {R"({"error":"model 'm' not found"})"};
    const auto ours = provider();
    const auto error = ask(*ours).error();
    EXPECT_EQ(error.code, Errc::provider_rejected);
    EXPECT_TRUE(error.detail.contains("model 'm' not found")) << error.detail;
}

TEST_F(OllamaProviderTest, embeddings_and_models_are_asked_for) {
    client.pieces = {R"({"model":"m","embeddings":[[1]]})"};
    const auto ours = provider();
    EmbeddingRequest request{.model = "m", .input = {"x"}};
    EXPECT_TRUE(pool.run(ours->embed(std::move(request), Deadline::never())));
    EXPECT_EQ(client.request.url, "http://127.0.0.1:9/api/embed");
    client.pieces = {R"({"models":[{"name":"a"}]})"};
    EXPECT_EQ(*pool.run(ours->models(Deadline::never())), std::vector<std::string>{"a"});
    EXPECT_EQ(client.request.url, "http://127.0.0.1:9/api/tags");
}

}  // namespace
}  // namespace baton::llm
