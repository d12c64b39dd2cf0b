#include "model/json_text.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/text.h"

namespace baton {
namespace {

/// What stands after the backslash: 'u' for \u00XX, 0 for characters that need no escape.
constexpr std::array<char, 256> escapes = [] {
    std::array<char, 256> table{};
    for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
    table['\b'] = 'b';
    table['\f'] = 'f';
    table['\n'] = 'n';
    table['\r'] = 'r';
    table['\t'] = 't';
    table['"'] = '"';
    table['\\'] = '\\';
    return table;
}();

constexpr std::string_view hex = "0123456789abcdef";

/// How many characters from `at` on need no escape, in steps of eight: most texts hold few escapes,
/// and a message's content is most of what is written.
std::size_t plain_run(std::string_view text, std::size_t at) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t high = ones << 7;
    const auto zero_byte = [](std::uint64_t word) { return (word - ones) & ~word & high; };
    std::size_t end = at;
    for (std::uint64_t word = 0; text.size() - end >= sizeof word; end += sizeof word) {
        std::memcpy(&word, text.data() + end, sizeof word);
        const auto control = (word - ones * 0x20) & ~word & high;
        if ((control | zero_byte(word ^ ones * '"') | zero_byte(word ^ ones * '\\')) != 0) break;
    }
    return end - at;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t start = 0;
    for (std::size_t i = plain_run(text, 0); i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const char escape = escapes[c];
        if (escape == 0) continue;
        out.append(text, start, i - start);
        out += '\\';
        out += escape;
        if (escape == 'u') {
            out += "00";
            out += hex[c >> 4];
            out += hex[c & 15];
        }
        start = i + 1;
        i += plain_run(text, start);
    }
    out.append(text, start, text.size() - start);
    out += '"';
}

void JsonObjectText::time(std::string_view name, TimePoint value) {
    std::string& out = begin(name);
    out += '"';
    out += to_rfc3339(value);
    out += '"';
}

}  // namespace baton
