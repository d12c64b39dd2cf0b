#include "llm/ollama/ollama_provider.h"

#include <utility>

#include "llm/ask.h"

namespace baton::llm {
namespace {

class OllamaProvider final : public Provider {
public:
    OllamaProvider(net::Client& client, OllamaConfig config)
        : client_(client), config_(std::move(config)) {
        auto& url = config_.base_url;
        while (url.ends_with('/')) url.pop_back();
        if (!url.ends_with("/api")) url += "/api";
    }

    Task<Result<ChatResult>> chat(
        ChatRequest request, ChatSink sink, RateSink on_rate, Deadline deadline) override {
        BATON_CO_TRY(std::string body, encode_ollama_chat(request, config_.options));
        ChatExchange exchange({.key = config_.api_key,
                                  .framing = Framing::lines,
                                  .calls_before = count_calls(request)},
            std::make_unique<OllamaReader>(config_.api_key), std::move(sink), std::move(on_rate));
        net::ClientRequest post = to_request(net::Method::post, "/chat");
        post.fields.set("Accept", "application/x-ndjson");
        post.body = std::move(body);
        auto result = co_await ask_chat(client_, std::move(post), exchange, deadline);
        co_return result;
    }

    Task<Result<EmbeddingResult>> embed(EmbeddingRequest request, Deadline deadline) override {
        net::ClientRequest post = to_request(net::Method::post, "/embed");
        post.body = encode_ollama_embed(request);
        BATON_CO_TRY(const auto body,
            co_await ask_json(client_, std::move(post), config_.api_key, deadline));
        co_return decode_ollama_embed(body, request.input.size());
    }

    Task<Result<std::vector<std::string>>> models(Deadline deadline) override {
        net::ClientRequest get = to_request(net::Method::get, "/tags");
        BATON_CO_TRY(
            const auto body, co_await ask_json(client_, std::move(get), config_.api_key, deadline));
        co_return decode_ollama_tags(body);
    }

    std::string_view kind() const noexcept override { return "ollama"; }

private:
    net::ClientRequest to_request(net::Method method, std::string_view path) const {
        return bearer_request(method, config_.base_url + std::string(path), config_.api_key);
    }

    net::Client& client_;
    OllamaConfig config_;
};

}  // namespace

std::unique_ptr<Provider> make_ollama_provider(net::Client& client, OllamaConfig config) {
    return std::make_unique<OllamaProvider>(client, std::move(config));
}

}  // namespace baton::llm
