// Between the port's texts and PostgreSQL's: placeholders, bytes that its text can't hold. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace baton::db {

/// A statement in PostgreSQL's words.
struct NumberedSql {
    std::string sql;             ///< `?` written as $1, $2, …
    std::size_t parameters = 0;  ///< at most 65,535
};

/// `?` inside quotes and comments stays.
[[nodiscard]] NumberedSql number_placeholders(std::string_view sql);

/// PostgreSQL's text has no zero byte. It is written as \x01 '0', and \x01 as \x01 '1'; all other
/// text stays as it is.
[[nodiscard]] bool needs_escapes(std::string_view text) noexcept;
[[nodiscard]] std::string escape_text(std::string_view text);
[[nodiscard]] bool has_escapes(std::string_view text) noexcept;
/// What was not made by `escape_text` stays as it is.
[[nodiscard]] std::string unescape_text(std::string_view text);

/// Bytes of a `bytea` in its hex form ("\x00ff"). Nothing for another text.
[[nodiscard]] std::optional<std::string> bytes_of_hex(std::string_view text);

}  // namespace baton::db
