#include "model/json_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/text.h"

namespace baton {
namespace {

namespace json = boost::json;

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

std::size_t first_escape(std::string_view text) noexcept {
    std::size_t at = plain_run(text, 0);
    while (at < text.size() && escapes[static_cast<unsigned char>(text[at])] == 0) ++at;
    return at;
}

/// `before` "`text`" `behind`, in one step.
void append_quoted(
    std::string& out, std::string_view before, std::string_view text, std::string_view behind) {
    const std::size_t begin = out.size();
    const std::size_t size = begin + before.size() + text.size() + behind.size() + 2;
    const auto write = [&](char* all, std::size_t) {
        char* at = all + begin;
        const auto put = [&at](std::string_view part) {
            std::char_traits<char>::copy(at, part.data(), part.size());  // which may be null of 0
            at += part.size();
        };
        put(before);
        *at++ = '"';
        put(text);
        *at++ = '"';
        put(behind);
        return size;
    };
    out.resize_and_overwrite(size, write);
}

template <class Whole>
void append_whole(std::string& out, Whole number) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_double(std::string& out, double number) {
    // JSON has neither: this one reads back as infinity, and "no number" is null.
    if (std::isnan(number)) out += "null";
    if (std::isinf(number)) out += number < 0 ? "-1e999" : "1e999";
    if (!std::isfinite(number)) return;
    if (number == 0 && std::signbit(number)) {
        out += "-0.0";  // -0 reads back as a whole number, without its sign
        return;
    }
    // Above, plain digits would read back as a whole number, or as other digits.
    constexpr double plain_max = 1e15;
    char digits[32];  // 24 characters at most
    char* const end = digits + sizeof digits;
    const auto written = std::abs(number) < plain_max
                             ? std::to_chars(digits, end, number)
                             : std::to_chars(digits, end, number, std::chars_format::scientific);
    out.append(digits, written.ptr);
}

void append_value(std::string& out, const json::value& value);

void append_array(std::string& out, const json::array& array) {
    out += '[';
    for (std::size_t i = 0; i < array.size(); ++i) {
        if (i > 0) out += ',';
        append_value(out, array[i]);
    }
    out += ']';
}

void append_object(std::string& out, const json::object& object) {
    JsonObjectText text(out);
    for (const auto& [name, value] : object)
        append_value(text.begin({name.data(), name.size()}), value);
}

void append_value(std::string& out, const json::value& value) {
    switch (value.kind()) {
        case json::kind::null: out += "null"; break;
        case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
        case json::kind::int64: append_whole(out, value.get_int64()); break;
        case json::kind::uint64: append_whole(out, value.get_uint64()); break;
        case json::kind::double_: append_double(out, value.get_double()); break;
        case json::kind::string:
            append_json_string(out, {value.get_string().data(), value.get_string().size()});
            break;
        case json::kind::array: append_array(out, value.get_array()); break;
        case json::kind::object: append_object(out, value.get_object()); break;
    }
}

}  // namespace

std::string json_text(const json::value& value) {
    std::string out;
    append_value(out, value);
    return out;
}

std::string json_text(const json::object& object) {
    std::string out;
    append_object(out, object);
    return out;
}

std::string json_text(const json::array& array) {
    std::string out;
    append_array(out, array);
    return out;
}

void append_json_string(std::string& out, std::string_view text) {
    const std::size_t plain = first_escape(text);
    if (plain == text.size()) return append_quoted(out, "", text, "");
    out += '"';
    std::size_t start = 0;
    for (std::size_t i = plain; i < text.size(); ++i) {
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

std::string& JsonObjectText::begin(std::string_view name) {
    const std::string_view before = first_ ? "" : ",";
    first_ = false;
    if (first_escape(name) == name.size()) {
        append_quoted(out_, before, name, ":");
    } else {
        out_ += before;
        append_json_string(out_, name);
        out_ += ':';
    }
    return out_;
}

void JsonObjectText::time(std::string_view name, TimePoint value) {
    std::string& out = begin(name);
    out += '"';
    append_rfc3339(out, value);
    out += '"';
}

}  // namespace baton
