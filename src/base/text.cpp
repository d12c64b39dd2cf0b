#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include <fmt/core.h>

namespace baton {
namespace {

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> base64_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < base64_alphabet.size(); ++i) {
        values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}();

/// Length of the well-formed sequence at the front of `s`, 0 when there is none. Table 3-7 of the
/// Unicode standard.
std::size_t utf8_sequence_length(std::string_view s) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const auto in = [&](std::size_t i, unsigned lo, unsigned hi) {
        return i < s.size() && at(i) >= lo && at(i) <= hi;
    };
    const unsigned lead = at(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return in(1, 0x80, 0xBF) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned lo = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned hi = lead == 0xED ? 0x9F : 0xBF;
        return in(1, lo, hi) && in(2, 0x80, 0xBF) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned lo = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned hi = lead == 0xF4 ? 0x8F : 0xBF;
        return in(1, lo, hi) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
        }
    }
    return row[b.size()];
}

/// Reads exactly `digits` decimal digits at `position` and moves past them.
std::optional<int> take_number(std::string_view text, std::size_t& position, std::size_t digits) {
    if (position + digits > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const char c = text[position + i];
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    position += digits;
    return value;
}

bool take_char(std::string_view text, std::size_t& position, std::string_view any_of) {
    if (position >= text.size() || !any_of.contains(text[position])) return false;
    ++position;
    return true;
}

/// The fraction after the seconds in milliseconds (further digits are cut), 0 when there is none.
std::optional<int> take_fraction_ms(std::string_view text, std::size_t& position) {
    if (!take_char(text, position, ".")) return 0;
    int value = 0;
    int digits = 0;
    while (position < text.size() && text[position] >= '0' && text[position] <= '9') {
        if (digits < 3) value = value * 10 + (text[position] - '0');
        ++digits;
        ++position;
    }
    if (digits == 0) return std::nullopt;
    for (; digits < 3; ++digits) value *= 10;
    return value;
}

/// The offset from UTC: "Z" or "+hh:mm".
std::optional<std::chrono::minutes> take_offset(std::string_view text, std::size_t& position) {
    if (take_char(text, position, "Zz")) return std::chrono::minutes(0);
    if (position >= text.size()) return std::nullopt;
    const bool negative = text[position] == '-';
    if (!take_char(text, position, "+-")) return std::nullopt;
    const auto hours = take_number(text, position, 2);
    if (!hours || !take_char(text, position, ":")) return std::nullopt;
    const auto minutes = take_number(text, position, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const std::chrono::minutes offset(*hours * 60 + *minutes);
    return negative ? -offset : offset;
}

std::optional<TimePoint> read_rfc3339(std::string_view text) {
    std::size_t at = 0;
    const auto year = take_number(text, at, 4);
    if (!year || !take_char(text, at, "-")) return std::nullopt;
    const auto month = take_number(text, at, 2);
    if (!month || !take_char(text, at, "-")) return std::nullopt;
    const auto day = take_number(text, at, 2);
    if (!day || !take_char(text, at, "Tt ")) return std::nullopt;
    const auto hour = take_number(text, at, 2);
    if (!hour || !take_char(text, at, ":")) return std::nullopt;
    const auto minute = take_number(text, at, 2);
    if (!minute || !take_char(text, at, ":")) return std::nullopt;
    const auto second = take_number(text, at, 2);
    if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    const auto fraction = take_fraction_ms(text, at);
    if (!fraction) return std::nullopt;
    const auto offset = take_offset(text, at);
    if (!offset || at != text.size()) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
        std::chrono::month(static_cast<unsigned>(*month)),
        std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) + Duration(*fraction) - *offset;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size()) {
        // Eight ASCII bytes at a time: nearly all text is.
        if (i + 8 <= text.size()) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + i, 8);
            if ((word & 0x8080808080808080ULL) == 0) {
                i += 8;
                continue;
            }
        }
        const std::size_t length = utf8_sequence_length(text.substr(i));
        if (length == 0) return false;
        i += length;
    }
    return true;
}

bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

std::string base64_encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = (group << 8) | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= n ? base64_alphabet[(group >> (18 - 6 * k)) & 0x3F] : '=';
        }
    }
    return out;
}

namespace {

/// Groups of four from the front on, but for the last one, which may be padded, and what follows a
/// wrong byte. Returns the place of the first that is left.
std::size_t decode_groups(std::string_view text, char* out) noexcept {
    std::size_t i = 0;
    for (; i + 4 < text.size(); i += 4, out += 3) {
        const auto value = [&](std::size_t k) -> int {
            return base64_values[static_cast<unsigned char>(text[i + k])];
        };
        const int a = value(0);
        const int b = value(1);
        const int c = value(2);
        const int d = value(3);
        if ((a | b | c | d) < 0) break;
        const int group = (a << 18) | (b << 12) | (c << 6) | d;
        out[0] = static_cast<char>(group >> 16);
        out[1] = static_cast<char>(group >> 8);
        out[2] = static_cast<char>(group);
    }
    return i;
}

}  // namespace

Result<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0)
        return fail(Errc::invalid_argument, "base64 length is no multiple of 4");
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    std::string out(text.size() / 4 * 3, '\0');
    std::size_t i = decode_groups(text, out.data());
    out.resize(i / 4 * 3);
    for (; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const char c = text[i + k];
            const bool pad = last && k >= 4 - padding;
            const int value = pad ? 0 : base64_values[static_cast<unsigned char>(c)];
            if (value < 0) {
                return fail(Errc::invalid_argument,
                    fmt::format("byte {} is not in the base64 alphabet", i + k));
            }
            group = (group << 6) | static_cast<std::uint32_t>(value);
        }
        for (std::size_t k = 0; k < (last ? 3 - padding : 3); ++k) {
            out += static_cast<char>((group >> (16 - 8 * k)) & 0xFF);
        }
    }
    return out;
}

// By hand: every message that is shown carries three of them, and the C library's calendar takes a
// lock.
void append_rfc3339(std::string& out, TimePoint time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    const auto year = static_cast<int>(date.year());
    std::array<char, 24> text;
    std::ranges::copy(std::string_view("0000-00-00T00:00:00.000Z"), text.begin());
    const auto put = [&](std::size_t end, std::int64_t number) {
        for (std::size_t at = end; number != 0; number /= 10) {
            text[--at] = static_cast<char>('0' + number % 10);
        }
    };
    put(23, clock.subseconds().count());
    put(19, clock.seconds().count());
    put(16, clock.minutes().count());
    put(13, clock.hours().count());
    put(10, static_cast<unsigned>(date.day()));
    put(7, static_cast<unsigned>(date.month()));
    std::size_t begin = 0;
    if (year < 0 || year > 9'999) {
        out += std::to_string(year);
        begin = 4;
    } else {
        put(4, year);
    }
    out.append(text.data() + begin, text.size() - begin);
}

std::string to_rfc3339(TimePoint time) {
    std::string text;
    append_rfc3339(text, time);
    return text;
}

Result<TimePoint> from_rfc3339(std::string_view text) {
    const auto time = read_rfc3339(text);
    if (!time) {
        return fail(Errc::invalid_argument,
            fmt::format("`{}` is no RFC 3339 time, for example 2026-01-31T10:30:00Z", text));
    }
    return *time;
}

std::optional<std::string_view> nearest_name(
    std::string_view word, std::span<const std::string_view> names) {
    std::optional<std::string_view> best;
    std::size_t best_distance = 2 + word.size() / 3;
    for (const auto name : names) {
        if (name.empty()) continue;
        const std::size_t distance = edit_distance(word, name);
        if (distance < best_distance) {
            best_distance = distance;
            best = name;
        }
    }
    return best;
}

Result<Duration> parse_duration(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    std::int64_t factor = 0;
    if (unit == "ms") factor = 1;
    if (unit == "s") factor = 1000;
    if (unit == "m") factor = 60'000;
    if (unit == "h") factor = 3'600'000;
    if (unit == "d") factor = 86'400'000;
    std::int64_t result = 0;
    if (error != std::errc() || factor == 0 || value < 0 ||
        __builtin_mul_overflow(value, factor, &result)) {
        return fail(Errc::invalid_argument,
            fmt::format("`{}` is no duration, for example 250ms, 30s, 5m, 2h", text));
    }
    return Duration(result);
}

std::string to_text(Duration duration) {
    const std::int64_t ms = duration.count();
    if (ms != 0 && ms % 3'600'000 == 0) return fmt::format("{}h", ms / 3'600'000);
    if (ms != 0 && ms % 60'000 == 0) return fmt::format("{}m", ms / 60'000);
    if (ms != 0 && ms % 1000 == 0) return fmt::format("{}s", ms / 1000);
    return fmt::format("{}ms", ms);
}

}  // namespace baton
