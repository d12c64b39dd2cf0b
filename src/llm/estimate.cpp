#include "llm/estimate.h"

#include <algorithm>

namespace baton::llm {
namespace {

constexpr std::uint64_t per_message = 4;  // what roles and separators cost
/// A picture is a few hundred to two thousand tokens, however many bytes of base64 it is.
constexpr std::uint64_t parts_max = 2'000;

}  // namespace

std::uint64_t estimate_tokens(std::string_view text) noexcept {
    std::uint64_t ascii = 0;
    std::uint64_t inner = 0;  // bytes after the first of a character
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        ascii += byte < 0x80U ? 1 : 0;
        inner += (byte & 0xC0U) == 0x80U ? 1 : 0;
    }
    const std::uint64_t others = text.size() - ascii - inner;
    return (ascii + 3) / 4 + (others * 2 + 2) / 3;
}

std::uint64_t estimate_input(const ChatRequest& request) noexcept {
    std::uint64_t tokens = 0;
    for (const auto& message : request.messages) {
        tokens += per_message + estimate_tokens(message.content);
        tokens += std::min<std::uint64_t>(message.parts.size() / 4, parts_max);
        for (const auto& call : message.tool_calls) {
            tokens += per_message + estimate_tokens(call.name) + estimate_tokens(call.arguments);
        }
    }
    for (const auto& tool : request.tools) {
        tokens += per_message + estimate_tokens(tool.name) + estimate_tokens(tool.description) +
                  estimate_tokens(tool.parameters);
    }
    return tokens;
}

std::uint64_t estimate_input(const EmbeddingRequest& request) noexcept {
    std::uint64_t tokens = 0;
    for (const auto& text : request.input) tokens += estimate_tokens(text);
    return tokens;
}

}  // namespace baton::llm
