#include <cmath>

#include <fmt/format.h>

#include "app/log_sink.h"
#include "base/text.h"

namespace baton::app {
namespace {

constexpr std::array<std::string_view, 5> text_levels{"DEBUG", "INFO ", "WARN ", "ERROR", "OFF  "};

void append_quoted(std::string& out, std::string_view text) {
    const bool utf8 = is_utf8(text);
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7F) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
        } else {
            out += byte >= 0x80 && !utf8 ? '?' : c;
        }
    }
    out += '"';
}

/// `quote` decides whether text needs quotes; JSON's always does.
template <class Quote>
void append_value(std::string& out, const LogField::Value& value, Quote quote) {
    if (const auto* text = std::get_if<std::string_view>(&value)) {
        if (quote(*text)) {
            append_quoted(out, *text);
        } else {
            out += *text;
        }
    } else if (const auto* boolean = std::get_if<bool>(&value)) {
        out += *boolean ? "true" : "false";
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        out += std::to_string(*integer);
    } else if (const auto* number = std::get_if<double>(&value)) {
        // JSON has no words for infinity and not-a-number.
        out += std::isfinite(*number) ? fmt::format("{}", *number) : std::string("null");
    }
}

bool needs_quotes(std::string_view text) {
    if (text.empty() || !is_utf8(text)) return true;
    return std::ranges::any_of(text, [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' || c == 0x7F;
    });
}

}  // namespace

std::string to_json_line(const LogLine& line) {
    std::string out = R"({"time":")" + to_rfc3339(line.at) + R"(","level":")";
    out += log_level_names[static_cast<std::size_t>(line.level)];
    out += R"(","channel":)";
    append_quoted(out, line.channel);
    out += R"(,"message":)";
    append_quoted(out, line.message);
    for (const auto& field : line.fields) {
        out += ',';
        append_quoted(out, field.key);
        out += ':';
        append_value(out, field.value, [](std::string_view) { return true; });
    }
    out += '}';
    return out;
}

std::string to_text_line(const LogLine& line) {
    std::string out = to_rfc3339(line.at) + ' ';
    out += text_levels[static_cast<std::size_t>(line.level)];
    out += ' ';
    out += line.channel;
    out += ": ";
    out += line.message;
    for (const auto& field : line.fields) {
        out += ' ';
        out += field.key;
        out += '=';
        append_value(out, field.value, needs_quotes);
    }
    return out;
}

}  // namespace baton::app
