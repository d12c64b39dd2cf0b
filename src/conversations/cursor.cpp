#include "conversations/cursor.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"

namespace baton::conversations {
namespace {

constexpr std::size_t text_max = 4'096;  // ids are far shorter

/// FNV-1a: shows a changed text. Who computes it himself gains a place in a list he may read
/// anyway.
std::string seal_of(std::string_view body, std::string_view scope) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const auto part : {scope, std::string_view("\0", 1), body}) {
        for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    return fmt::format("{:016x}", hash);
}

/// Base64 in the alphabet of RFC 4648 section 5, without padding.
std::string url_safe(std::string text) {
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    text.resize(text.find_last_not_of('=') + 1);
    return text;
}

std::string from_url_safe(std::string text) {
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

/// Takes a number and the space behind it from the front of `text`.
template <class Number>
std::optional<Number> take_number(std::string_view& text) {
    Number number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop == end || *stop != ' ') return std::nullopt;
    text = std::string_view(stop + 1, static_cast<std::size_t>(end - stop - 1));
    return number;
}

std::optional<Cursor> read(std::string_view text, std::string_view scope) {
    if (text.size() > text_max) return std::nullopt;
    const auto decoded = base64_decode(from_url_safe(std::string(text)));
    if (!decoded) return std::nullopt;
    const std::string_view plain = *decoded;
    constexpr std::size_t seal_size = 16;
    if (plain.size() < seal_size) return std::nullopt;
    std::string_view body = plain.substr(seal_size);
    if (plain.substr(0, seal_size) != seal_of(body, scope)) return std::nullopt;
    const auto key = take_number<std::int64_t>(body);
    if (!key) return std::nullopt;
    const bool is_at_least = body.starts_with('>');
    if (is_at_least) body.remove_prefix(1);
    const auto total = take_number<std::uint64_t>(body);
    if (!total) return std::nullopt;
    return Cursor{
        .key = *key, .total = *total, .total_is_at_least = is_at_least, .id = std::string(body)};
}

}  // namespace

std::string to_text(const Cursor& cursor, std::string_view scope) {
    const std::string body = fmt::format(
        "{} {}{} {}", cursor.key, cursor.total_is_at_least ? ">" : "", cursor.total, cursor.id);
    return url_safe(base64_encode(seal_of(body, scope) + body));
}

Result<Cursor> parse_cursor(std::string_view text, std::string_view scope) {
    auto cursor = read(text, scope);
    if (!cursor) {
        return fail_field(Errc::invalid_argument, "after",
            "`after` is not what this list answered; start again with its first page");
    }
    return *std::move(cursor);
}

}  // namespace baton::conversations
