#include "llm/provider_error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "llm/rate_fields.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

/// What OpenAI and Anthropic call an error that the same request meets again.
constexpr std::array<std::string_view, 6> rejected_types{"invalid_request_error",
    "authentication_error", "permission_error", "not_found_error", "billing_error",
    "request_too_large"};
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

Errc code_from_status(int status) noexcept {
    if (status == 429) return Errc::provider_rate_limited;
    if (status == 408 || status == 409 || status == 425 || status >= 500) {
        return Errc::provider_unavailable;
    }
    return Errc::provider_rejected;
}

Error error_from_transfer(const TransferEnd& transfer, const Secret& key) {
    const Error cause = transfer.error.value_or(Error{});
    Errc code = Errc::provider_unavailable;
    switch (cause.code) {
        case Errc::deadline_exceeded:
            if (transfer.deadline_passed) code = Errc::deadline_exceeded;
            break;
        case Errc::cancelled: code = Errc::cancelled; break;
        case Errc::payload_too_large: code = Errc::provider_protocol; break;
        case Errc::invalid_argument: code = Errc::provider_rejected; break;
        default: break;
    }
    return Error{.code = code, .detail = "asking the provider: " + quote(cause.detail, key)};
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
    } else if (std::ranges::find(rejected_types, type) != rejected_types.end()) {
        result.code = Errc::provider_rejected;
    }
    return result;
}

}  // namespace baton::llm
