// What a message holds beyond text, taken apart for providers whose shape is not OpenAI's. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/chat.h"

namespace baton::llm {

struct ContentPart {
    enum class Kind : std::uint8_t { text, image, file, other };

    Kind kind = Kind::text;
    std::string type{};        ///< OpenAI's name of it, for errors
    std::string text{};        ///< of a text
    std::string url{};         ///< of an image that stands elsewhere; empty: `data` holds it
    std::string media_type{};  ///< of `data`: "image/png"
    std::string data{};        ///< base64
    bool operator==(const ContentPart&) const = default;
};

/// The parts in order; a message without any is one text. Empty texts are left out.
[[nodiscard]] std::vector<ContentPart> content_parts(const ChatMessage& message);

/// "messages[2].content[0]": where a part stands, for the field of an error.
[[nodiscard]] std::string part_path(std::size_t message, std::size_t part);

}  // namespace baton::llm
