#include "llm/openai/openai_provider.h"

#include <utility>

#include "base/clock.h"
#include "llm/openai/chat_codec.h"
#include "llm/openai/chat_exchange.h"

namespace baton::llm {
namespace {

class OpenAiProvider final : public Provider {
public:
    OpenAiProvider(net::Client& client, OpenAiConfig config)
        : client_(client), config_(std::move(config)) {
        while (config_.base_url.ends_with('/')) config_.base_url.pop_back();
    }

    Task<Result<ChatResult>> chat(
        ChatRequest request, ChatSink sink, RateSink, Deadline deadline) override {
        if (deadline.expired()) co_return fail(Errc::deadline_exceeded, "no time left to ask");
        net::ClientRequest post = to_post(request);
        ChatExchange exchange(config_.api_key, std::move(sink));
        const net::HeadSink on_head = [&exchange](
                                          const net::Response& head) { exchange.begin(head); };
        const net::BodySink on_body = [&exchange](
                                          std::string_view bytes) { return exchange.take(bytes); };
        const auto answer = co_await client_.stream(std::move(post), on_head, on_body, deadline);
        TransferEnd transfer{.deadline_passed = deadline.expired(), .at = SystemClock().now()};
        if (!answer) transfer.error = answer.error();
        co_return exchange.end(transfer);
    }

    Task<Result<EmbeddingResult>> embed(EmbeddingRequest, Deadline) override {
        co_return fail_field(Errc::unsupported, "model", "embeddings are not asked for yet");
    }

    Task<Result<std::vector<std::string>>> models(Deadline) override {
        co_return fail(Errc::unsupported, "models are not asked for yet");
    }

    std::string_view kind() const noexcept override { return "openai"; }

private:
    net::ClientRequest to_post(const ChatRequest& request) const {
        net::ClientRequest post{.method = net::Method::post,
            .url = config_.base_url + "/chat/completions",
            .fields = {},
            .body = encode_chat_request(request)};
        post.fields.set("Content-Type", "application/json");
        post.fields.set("Accept", "text/event-stream");
        if (!config_.api_key.empty()) {
            post.fields.set("Authorization", "Bearer " + std::string(config_.api_key.reveal()));
        }
        return post;
    }

    net::Client& client_;
    OpenAiConfig config_;
};

}  // namespace

std::unique_ptr<Provider> make_openai_provider(net::Client& client, OpenAiConfig config) {
    return std::make_unique<OpenAiProvider>(client, std::move(config));
}

}  // namespace baton::llm
