// Small facts about text that several doors need: UTF-8, ASCII case, base64, time as RFC 3339,
// nearest name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace baton {

/// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Of ASCII letters only, whatever the locale says; other bytes stay.
[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
[[nodiscard]] bool same_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// RFC 4648 base64 with padding.
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// Fails: invalid_argument when `text` is not padded RFC 4648 base64.
[[nodiscard]] Result<std::string> base64_decode(std::string_view text);

/// "2025-01-01T10:30:00.123Z" (RFC 3339, UTC, milliseconds).
[[nodiscard]] std::string to_rfc3339(TimePoint time);
void append_rfc3339(std::string& out, TimePoint time);
/// Reads RFC 3339 with an offset and an optional fraction.
[[nodiscard]] Result<TimePoint> from_rfc3339(std::string_view text);

/// The name nearest to `word` by edit distance, if it is near enough to be a typing error
/// (distance ≤ 1 + a third of the length).
[[nodiscard]] std::optional<std::string_view> nearest_name(
    std::string_view word, std::span<const std::string_view> names);

/// Durations as people write them: "250ms", "30s", "5m", "2h", "1d". Fails: invalid_argument.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string to_text(Duration duration);

}  // namespace baton
