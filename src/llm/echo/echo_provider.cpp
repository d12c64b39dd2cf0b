#include "llm/echo/echo_provider.h"

#include <algorithm>
#include <ranges>
#include <string>

namespace baton::llm {
namespace {

constexpr std::string_view label = "[echo, no LLM configured] ";

/// Words, as an estimate of tokens: nobody pays for these.
std::uint64_t count_words(std::string_view text) {
    std::uint64_t words = 0;
    bool inside = false;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!space && !inside) ++words;
        inside = !space;
    }
    return words;
}

class EchoProvider final : public Provider {
public:
    Task<Result<ChatResult>> chat(
        ChatRequest request, ChatSink sink, RateSink, Deadline deadline) override {
        if (deadline.expired()) co_return fail(Errc::deadline_exceeded, "no time left to echo");
        const auto newest_first = request.messages | std::views::reverse;
        const auto last = std::ranges::find(newest_first, Role::user, &ChatMessage::role);
        if (last == newest_first.end()) {
            co_return fail(Errc::provider_rejected, "there is no user message to echo");
        }
        ChatResult result{.content = std::string(label) + last->content,
            .model = request.model,
            .finish_reason = "stop",
            .usage = {}};
        for (const auto& message : request.messages) {
            result.usage.input_tokens += count_words(message.content);
        }
        result.usage.output_tokens = count_words(result.content);
        if (sink) send_words(result.content, sink);
        co_return result;
    }

    Task<Result<EmbeddingResult>> embed(EmbeddingRequest, Deadline) override {
        co_return fail_field(Errc::unsupported, "model", "echo has no embeddings");
    }

    Task<Result<std::vector<std::string>>> models(Deadline) override {
        co_return std::vector<std::string>{"echo"};
    }

    std::string_view kind() const noexcept override { return "echo"; }

private:
    /// A piece is a word with the space behind it, so that the pieces make up the text.
    static void send_words(std::string_view text, const ChatSink& sink) {
        while (!text.empty()) {
            const std::size_t space = text.find(' ');
            const std::size_t size = space == std::string_view::npos ? text.size() : space + 1;
            sink({.text = std::string(text.substr(0, size))});
            text.remove_prefix(size);
        }
    }
};

}  // namespace

std::unique_ptr<Provider> make_echo_provider() { return std::make_unique<EchoProvider>(); }

}  // namespace baton::llm
