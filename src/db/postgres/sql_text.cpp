#include "db/postgres/sql_text.h"

#include <fmt/core.h>

namespace baton::db {
namespace {

constexpr char escape = '\x01';

/// Where the quoted text or comment that begins at `begin` ends; `begin` when none does.
std::size_t skip_quoted(std::string_view sql, std::size_t begin) noexcept {
    const auto rest = sql.substr(begin);
    const auto after = [&](std::string_view end, std::size_t from) {
        const auto found = sql.find(end, begin + from);
        return found == std::string_view::npos ? sql.size() : found + end.size();
    };
    if (rest.starts_with('\'')) return after("'", 1);  // a doubled quote begins the next text
    if (rest.starts_with('"')) return after("\"", 1);
    if (rest.starts_with("--")) return after("\n", 2);
    if (rest.starts_with("/*")) return after("*/", 2);
    return begin;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

NumberedSql number_placeholders(std::string_view sql) {
    NumberedSql numbered;
    for (std::size_t i = 0; i < sql.size();) {
        const auto end = skip_quoted(sql, i);
        if (end != i) {
            numbered.sql += sql.substr(i, end - i);
            i = end;
            continue;
        }
        if (sql[i] == '?') {
            numbered.sql += fmt::format("${}", ++numbered.parameters);
        } else {
            numbered.sql += sql[i];
        }
        ++i;
    }
    return numbered;
}

bool needs_escapes(std::string_view text) noexcept {
    return text.contains('\0') || text.contains(escape);
}

std::string escape_text(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size() + 8);
    for (const char c : text) {
        if (c == '\0' || c == escape) {
            escaped += escape;
            escaped += c == '\0' ? '0' : '1';
        } else {
            escaped += c;
        }
    }
    return escaped;
}

bool has_escapes(std::string_view text) noexcept { return text.contains(escape); }

std::string unescape_text(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char next = i + 1 < text.size() ? text[i + 1] : '\0';
        if (text[i] == escape && (next == '0' || next == '1')) {
            plain += next == '0' ? '\0' : escape;
            ++i;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

std::optional<std::string> bytes_of_hex(std::string_view text) {
    if (!text.starts_with("\\x") || text.size() % 2 != 0) return std::nullopt;
    text.remove_prefix(2);
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

}  // namespace baton::db
