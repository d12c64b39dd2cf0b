#include "llm/surrogates.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

namespace baton::llm {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t escape_size = 6;                    // \uXXXX
constexpr std::size_t half_size = 3;

bool is_first(unsigned unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_second(unsigned unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }

/// The UTF-16 unit of an escape at the front of `text`.
std::optional<unsigned> escaped_unit(std::string_view text) {
    if (text.size() < escape_size || !text.starts_with("\\u")) return std::nullopt;
    unsigned unit = 0;
    const char* end = text.data() + escape_size;
    const auto [stopped, error] = std::from_chars(text.data() + 2, end, unit, 16);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return unit;
}

/// The unit of three bytes at the front of `text`, when they are a half.
std::optional<unsigned> half_unit(std::string_view text) {
    if (text.size() < half_size) return std::nullopt;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) != 0xED || byte(1) < 0xA0 || byte(1) > 0xBF || (byte(2) & 0xC0) != 0x80) {
        return std::nullopt;
    }
    return 0xD000U | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
}

std::string half_bytes(unsigned unit) {
    return {static_cast<char>(0xED), static_cast<char>(0x80 | ((unit >> 6) & 0x3F)),
        static_cast<char>(0x80 | (unit & 0x3F))};
}

std::string character(unsigned first, unsigned second) {
    const unsigned code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    return {static_cast<char>(0xF0 | (code >> 18)), static_cast<char>(0x80 | ((code >> 12) & 0x3F)),
        static_cast<char>(0x80 | ((code >> 6) & 0x3F)), static_cast<char>(0x80 | (code & 0x3F))};
}

}  // namespace

std::string unescape_lone_surrogates(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    while (!json.empty()) {
        std::size_t size = json.front() == '\\' ? 2 : 1;
        const auto unit = escaped_unit(json);
        if (unit) size = escape_size;
        if (unit && is_first(*unit)) {
            const auto next = escaped_unit(json.substr(escape_size));
            if (next && is_second(*next)) size = 2 * escape_size;
        }
        if (size == escape_size && (is_first(*unit) || is_second(*unit))) {
            out += half_bytes(*unit);
        } else {
            out += json.substr(0, size);
        }
        json.remove_prefix(std::min(size, json.size()));
    }
    return out;
}

std::string SurrogateJoiner::join(std::string_view piece) {
    std::string text = std::exchange(kept_, {});
    text += piece;
    // Halves are rare: without their first byte there is nothing to do.
    if (!text.contains('\xED')) return text;
    std::string out;
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto first = half_unit(rest);
        if (!first) {
            out += rest.front();
            rest.remove_prefix(1);
            continue;
        }
        if (is_first(*first) && rest.size() == half_size) {
            kept_ = rest;
            break;
        }
        const auto second = half_unit(rest.substr(half_size));
        const bool pair = is_first(*first) && second && is_second(*second);
        out += pair ? character(*first, *second) : std::string(replacement);
        rest.remove_prefix(pair ? 2 * half_size : half_size);
    }
    return out;
}

std::string SurrogateJoiner::finish() {
    return std::exchange(kept_, {}).empty() ? std::string() : std::string(replacement);
}

}  // namespace baton::llm
