// A chat with a language model, in terms every provider maps to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace baton {

enum class Role : std::uint8_t { system, user, assistant, tool };
[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] Result<Role> parse_role(std::string_view text);

struct ChatMessage {
    Role role = Role::user;
    std::string content{};
    bool operator==(const ChatMessage&) const = default;
};

struct ChatRequest {
    std::string model{};
    std::vector<ChatMessage> messages{};
    bool operator==(const ChatRequest&) const = default;
};

struct TokenUsage {
    std::uint64_t input_tokens = 0;
    std::uint64_t output_tokens = 0;
    bool operator==(const TokenUsage&) const = default;
};

struct ChatResult {
    std::string content{};
    std::string model{};          ///< as the provider names it
    std::string finish_reason{};  ///< stop | length | tool_calls | content_filter
    TokenUsage usage{};
    bool operator==(const ChatResult&) const = default;
};

}  // namespace baton
