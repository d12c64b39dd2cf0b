#include "llm/openai/openai_provider.h"

#include <utility>

#include "base/text.h"
#include "llm/ask.h"
#include "llm/openai/list_codec.h"
#include "llm/openai/responses_codec.h"

namespace baton::llm {
namespace {

class OpenAiProvider final : public Provider {
public:
    OpenAiProvider(net::Client& client, OpenAiConfig config)
        : client_(client),
          config_(std::move(config)),
          dialect_(config_.dialect.value_or(dialect_of(config_.base_url))) {
        while (config_.base_url.ends_with('/')) config_.base_url.pop_back();
    }

    Task<Result<ChatResult>> chat(
        ChatRequest request, ChatSink sink, RateSink on_rate, Deadline deadline) override {
        ChatExchange exchange({.key = config_.api_key, .calls_before = count_calls(request)},
            make_reader(), std::move(sink), std::move(on_rate));
        BATON_CO_TRY(net::ClientRequest post, to_post(std::move(request)));
        auto result = co_await ask_chat(client_, std::move(post), exchange, deadline);
        co_return result;
    }

    Task<Result<EmbeddingResult>> embed(EmbeddingRequest request, Deadline deadline) override {
        net::ClientRequest post = to_request(net::Method::post, "/embeddings");
        post.body = encode_embedding_request(request, dialect_);
        BATON_CO_TRY(const auto body,
            co_await ask_json(client_, std::move(post), config_.api_key, deadline));
        co_return decode_embeddings(body, request.input.size());
    }

    Task<Result<std::vector<std::string>>> models(Deadline deadline) override {
        net::ClientRequest get = to_request(net::Method::get, "/models");
        BATON_CO_TRY(
            const auto body, co_await ask_json(client_, std::move(get), config_.api_key, deadline));
        co_return decode_models(body);
    }

    std::string_view kind() const noexcept override { return "openai"; }

private:
    bool by_responses() const noexcept { return config_.api == OpenAiApi::responses; }

    std::unique_ptr<AnswerReader> make_reader() const {
        if (by_responses()) return std::make_unique<ResponsesReader>(config_.api_key);
        return std::make_unique<ChatCompletionReader>(config_.api_key);
    }

    Result<net::ClientRequest> to_post(ChatRequest request) const {
        net::ClientRequest post =
            to_request(net::Method::post, by_responses() ? "/responses" : "/chat/completions");
        post.fields.set("Accept", "text/event-stream");
        if (by_responses()) {
            BATON_TRY(post.body, encode_responses_request(request));
        } else {
            post.body = encode_chat_request(std::move(request), dialect_);
        }
        return post;
    }

    net::ClientRequest to_request(net::Method method, std::string_view path) const {
        return bearer_request(method, config_.base_url + std::string(path), config_.api_key);
    }

    net::Client& client_;
    OpenAiConfig config_;
    OpenAiDialect dialect_;
};

}  // namespace

OpenAiDialect dialect_of(std::string_view base_url) noexcept {
    base_url.remove_prefix(std::min(base_url.find("://"), base_url.size()));
    base_url.remove_prefix(std::min<std::size_t>(base_url.size(), 3));
    std::string_view host = base_url.substr(0, base_url.find_first_of(":/"));
    for (const std::string_view own : {"api.openai.com", ".openai.azure.com"}) {
        if (host.size() < own.size()) continue;
        const auto tail = host.substr(host.size() - own.size());
        const bool whole = own.front() == '.' || tail.size() == host.size();
        if (whole && same_ignoring_case(tail, own)) return OpenAiDialect::openai;
    }
    return OpenAiDialect::compatible;
}

std::unique_ptr<Provider> make_openai_provider(net::Client& client, OpenAiConfig config) {
    return std::make_unique<OpenAiProvider>(client, std::move(config));
}

}  // namespace baton::llm
