#include "llm/anthropic/anthropic_provider.h"

#include <utility>

#include <boost/json/array.hpp>

#include "llm/anthropic/message_reader.h"
#include "llm/anthropic/message_request.h"
#include "llm/ask.h"
#include "llm/provider_json.h"

namespace baton::llm {
namespace {

constexpr std::string_view api_version = "2023-06-01";

class AnthropicProvider final : public Provider {
public:
    AnthropicProvider(net::Client& client, AnthropicConfig config)
        : client_(client), config_(std::move(config)) {
        auto& url = config_.base_url;
        while (url.ends_with('/')) url.pop_back();
        if (!url.ends_with("/v1")) url += "/v1";
    }

    Task<Result<ChatResult>> chat(
        ChatRequest request, ChatSink sink, RateSink on_rate, Deadline deadline) override {
        BATON_CO_TRY(MessageBody body, encode_message_request(request, config_.max_tokens));
        ChatExchange exchange({.key = config_.api_key, .calls_before = count_calls(request)},
            std::make_unique<MessageReader>(config_.api_key, body.answers_by_tool), std::move(sink),
            std::move(on_rate));
        net::ClientRequest post = to_request(net::Method::post, "/messages");
        post.fields.set("Content-Type", "application/json");
        post.fields.set("Accept", "text/event-stream");
        post.body = std::move(body.json);
        auto result = co_await ask_chat(client_, std::move(post), exchange, deadline);
        co_return result;
    }

    Task<Result<EmbeddingResult>> embed(EmbeddingRequest, Deadline) override {
        co_return fail_field(Errc::unsupported, "model", "Anthropic has no embeddings");
    }

    Task<Result<std::vector<std::string>>> models(Deadline deadline) override {
        net::ClientRequest get = to_request(net::Method::get, "/models?limit=1000");
        BATON_CO_TRY(
            const auto body, co_await ask_json(client_, std::move(get), config_.api_key, deadline));
        const auto* data = member(body, "data");
        if (data == nullptr || !data->is_array()) {
            co_return fail(Errc::provider_protocol, "the list of models has no `data`");
        }
        std::vector<std::string> models;
        for (const auto& model : data->get_array()) models.emplace_back(text_of(model, "id"));
        co_return models;
    }

    std::string_view kind() const noexcept override { return "anthropic"; }

private:
    net::ClientRequest to_request(net::Method method, std::string_view path) const {
        net::ClientRequest request{.method = method, .url = config_.base_url + std::string(path)};
        request.fields.set("anthropic-version", std::string(api_version));
        if (!config_.api_key.empty()) {
            request.fields.set("x-api-key", std::string(config_.api_key.reveal()));
        }
        return request;
    }

    net::Client& client_;
    AnthropicConfig config_;
};

}  // namespace

std::unique_ptr<Provider> make_anthropic_provider(net::Client& client, AnthropicConfig config) {
    return std::make_unique<AnthropicProvider>(client, std::move(config));
}

}  // namespace baton::llm
