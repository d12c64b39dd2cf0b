#include "llm/openai/provider_error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "base/text.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds retry_after_max = std::chrono::days(7);
constexpr std::size_t key_tail_min = 8;  // shorter words that start like a key are words

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    if (what.empty()) return;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
        text.replace(at, what.size(), with);
        at += with.size();
    }
}

bool is_key_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '*' || c == '.';
}

/// Masks "sk-…": providers repeat the key they refuse, half masked at best.
void mask_key_shapes(std::string& text) {
    constexpr std::string_view prefix = "sk-";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
        const std::size_t tail = at + prefix.size();
        std::size_t end = tail;
        while (end < text.size() && is_key_char(text[end])) ++end;
        if (end - tail >= key_tail_min) text.replace(tail, end - tail, "***");
        at = tail;
    }
}

/// The member `name` as text; empty when it is none.
std::string_view text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
}

/// The words of an error body, whichever of the usual shapes it has; empty when it has none.
std::string words_of(const json::value& body) {
    if (body.is_string()) return std::string(std::string_view(body.get_string()));
    if (!body.is_object()) return {};
    const auto& object = body.get_object();
    if (const auto* error = object.if_contains("error")) {
        std::string words = words_of(*error);
        if (!words.empty()) return words;
    }
    for (const auto* name : {"message", "detail"}) {
        const auto text = text_of(object, name);
        if (!text.empty()) return std::string(text);
    }
    return {};
}

std::string_view hint(int status) noexcept {
    switch (status) {
        case 401: return " (the API key is missing or wrong)";
        case 403: return " (the API key may not do this)";
        case 404: return " (no such model or base_url)";
        default: return "";
    }
}

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
    const double limit_ms = static_cast<double>(retry_after_max.count());
    return std::chrono::milliseconds(
        static_cast<std::int64_t>(std::min(value * unit_ms, limit_ms)));
}

}  // namespace

std::string quote(std::string_view text, const Secret& key) {
    std::string quoted(text);
    replace_all(quoted, key.reveal(), "***");
    mask_key_shapes(quoted);
    if (!is_utf8(quoted)) {
        std::ranges::replace_if(quoted, [](unsigned char c) { return c >= 0x80; }, '?');
    }
    std::ranges::replace_if(quoted, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
    if (quoted.size() > quoted_max) {
        std::size_t end = quoted_max;
        while (end > 0 && (static_cast<unsigned char>(quoted[end]) & 0xC0) == 0x80) --end;
        quoted.resize(end);
    }
    return quoted;
}

std::optional<std::chrono::milliseconds> parse_retry_after(
    const net::Fields& fields, TimePoint now) {
    if (const auto ms = parse_count(fields.get("retry-after-ms"), 1)) return ms;
    const auto text = fields.get("retry-after");
    if (const auto seconds = parse_count(text, 1000)) return seconds;
    const auto date = parse_http_date(text);
    if (!date) return std::nullopt;
    const auto answered = parse_http_date(fields.get("date")).value_or(now);
    return std::clamp(
        std::chrono::milliseconds(*date - answered), std::chrono::milliseconds(0), retry_after_max);
}

Errc code_from_status(int status) noexcept {
    if (status == 429) return Errc::provider_rate_limited;
    if (status == 408 || status == 409 || status == 425 || status >= 500) {
        return Errc::provider_unavailable;
    }
    return Errc::provider_rejected;
}

Error error_from_answer(
    const net::Response& head, std::string_view body, const Secret& key, TimePoint now) {
    boost::system::error_code ignored;
    const json::value parsed = json::parse(body, ignored);
    std::string words = ignored ? std::string() : words_of(parsed);
    if (words.empty()) words = body.substr(0, 4 * quoted_max);
    Error error{.code = code_from_status(head.status),
        .detail = fmt::format("the provider answered HTTP {}{}", head.status, hint(head.status))};
    if (!words.empty()) error.detail += ": " + quote(words, key);
    if (is_retryable(error.code)) {
        const auto wait = parse_retry_after(head.fields, now);
        error.retry_after = wait.value_or(std::chrono::milliseconds(0));
    }
    return error;
}

Error error_from_stream(const json::value& error, const Secret& key) {
    Error result{.code = Errc::provider_unavailable, .detail = "the provider broke off its answer"};
    const std::string words = words_of(error);
    if (!words.empty()) result.detail += ": " + quote(words, key);
    if (!error.is_object()) return result;
    const auto& object = error.get_object();
    const auto type = text_of(object, "type");
    const auto code = text_of(object, "code");
    // Gateways put the upstream's HTTP status into `code`; OpenAI puts a word there.
    const auto* number = object.if_contains("code");
    if (number != nullptr && number->is_int64() && number->get_int64() >= 400 &&
        number->get_int64() < 600) {
        result.code = code_from_status(static_cast<int>(number->get_int64()));
    } else if (type.contains("rate_limit") || code.contains("rate_limit")) {
        result.code = Errc::provider_rate_limited;
    } else if (type == "invalid_request_error") {
        result.code = Errc::provider_rejected;
    }
    return result;
}

}  // namespace baton::llm
