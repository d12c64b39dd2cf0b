// About how many tokens a request has, without a tokenizer. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/chat.h"

namespace baton::llm {

/// On the high side: 4 bytes of ASCII or 1.5 characters of other scripts make one.
[[nodiscard]] std::uint64_t estimate_tokens(std::string_view text) noexcept;

/// Of all that the model reads.
[[nodiscard]] std::uint64_t estimate_input(const ChatRequest& request) noexcept;
[[nodiscard]] std::uint64_t estimate_input(const EmbeddingRequest& request) noexcept;

}  // namespace baton::llm
