// What llm_upstream answers and llm_load expects: pieces that carry their number.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

namespace baton {

/// Twelve bytes; the pieces of an answer count from 0 to at most 9,999.
inline std::string llm_piece(std::size_t number) {
    std::string text(16, '\0');
    text.resize(static_cast<std::size_t>(
        std::snprintf(text.data(), text.size(), "piece %04zu, ", number % 10'000)));
    return text;
}

}  // namespace baton
