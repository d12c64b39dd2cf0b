#include "llm/rate_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace baton::llm {
namespace {

constexpr std::chrono::milliseconds wait_max = std::chrono::days(7);

/// RFC 9110 IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT", the one form that may still be sent.
std::optional<TimePoint> parse_http_date(std::string_view text) {
    constexpr std::array<std::string_view, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int day = 0, year = 0, hour = 0, minute = 0, second = 0;
    std::array<char, 4> name{};
    const std::string owned(text.substr(0, 64));
    const int read = std::sscanf(owned.c_str(), "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT",
        &day, name.data(), &year, &hour, &minute, &second);
    const auto month = std::ranges::find(months, std::string_view(name.data()));
    if (read != 6 || month == months.end()) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(year),
        std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
        std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 60) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

std::optional<std::chrono::milliseconds> parse_count(std::string_view text, double unit_ms) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || !(value >= 0)) return std::nullopt;
    const double limit_ms = static_cast<double>(wait_max.count());
    return std::chrono::milliseconds(
        static_cast<std::int64_t>(std::min(value * unit_ms, limit_ms)));
}

/// Milliseconds of a unit's name; 0 when there is no such unit.
double unit_ms(std::string_view name) noexcept {
    constexpr std::array<std::pair<std::string_view, double>, 7> units{{{"ns", 1e-6}, {"us", 1e-3},
        {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}}};
    const auto unit = std::ranges::find(units, name, &std::pair<std::string_view, double>::first);
    return unit == units.end() ? 0 : unit->second;
}

/// "6m0s", "1h2m3.5s", "12ms"; a bare number is seconds. Nothing when it is none of them.
std::optional<Duration> parse_reset(std::string_view text) {
    if (const auto seconds = parse_count(text, 1000)) return Duration(*seconds);
    double total_ms = 0;
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || !(value >= 0)) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto letters = std::min(text.find_first_of("0123456789."), text.size());
        const double unit = unit_ms(text.substr(0, letters));
        if (unit == 0) return std::nullopt;
        total_ms += value * unit;
        text.remove_prefix(letters);
    }
    const double limit_ms = static_cast<double>(wait_max.count());
    return Duration(std::chrono::milliseconds(
        static_cast<std::int64_t>(std::ceil(std::min(total_ms, limit_ms)))));
}

std::optional<std::uint64_t> parse_remaining(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// One window of OpenAI's fields: `what` is "requests" or "tokens".
RateWindow openai_window(const net::Fields& fields, const std::string& what) {
    const auto reset = parse_reset(fields.get("x-ratelimit-reset-" + what));
    return {.remaining = parse_remaining(fields.get("x-ratelimit-remaining-" + what)),
        .reset = reset.value_or(Duration(0))};
}

RateWindow anthropic_window(
    const net::Fields& fields, const std::string& what, TimePoint answered) {
    const std::string prefix = "anthropic-ratelimit-" + what;
    RateWindow window{.remaining = parse_remaining(fields.get(prefix + "-remaining"))};
    if (const auto at = from_rfc3339(fields.get(prefix + "-reset"))) {
        window.reset = std::clamp(std::chrono::duration_cast<Duration>(*at - answered), Duration(0),
            std::chrono::duration_cast<Duration>(wait_max));
    }
    return window;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(
    const net::Fields& fields, TimePoint now) {
    if (const auto ms = parse_count(fields.get("retry-after-ms"), 1)) return ms;
    const auto text = fields.get("retry-after");
    if (const auto seconds = parse_count(text, 1000)) return seconds;
    const auto date = parse_http_date(text);
    if (!date) return std::nullopt;
    const auto answered = parse_http_date(fields.get("date")).value_or(now);
    return std::clamp(
        std::chrono::milliseconds(*date - answered), std::chrono::milliseconds(0), wait_max);
}

std::optional<RateReport> parse_rate_report(const net::Fields& fields, TimePoint now) {
    RateReport report{.requests = openai_window(fields, "requests"),
        .input_tokens = openai_window(fields, "tokens")};
    if (report != RateReport{}) return report;
    const auto answered = parse_http_date(fields.get("date")).value_or(now);
    report.requests = anthropic_window(fields, "requests", answered);
    report.input_tokens = anthropic_window(fields, "input-tokens", answered);
    report.output_tokens = anthropic_window(fields, "output-tokens", answered);
    if (report.input_tokens == RateWindow{}) {
        report.input_tokens = anthropic_window(fields, "tokens", answered);
    }
    if (report == RateReport{}) return std::nullopt;
    return report;
}

}  // namespace baton::llm
