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
constexpr std::array<std::string_view, 3> rejected_types{
    "invalid_request_error", "not_found_error", "request_too_large"};
/// And one that any request of ours meets.
constexpr std::array<std::string_view, 3> access_types{
    "authentication_error", "permission_error", "billing_error"};
/// As `code`, beside a type that says less.
constexpr std::string_view wrong_key_code = "invalid_api_key";
constexpr std::string_view unknown_model_code = "model_not_found";
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

bool is_access_status(int status) noexcept {
    return status == 401 || status == 402 || status == 403 || status == 407;
}

std::string_view hint(int status) noexcept {
    switch (status) {
        case 401: return " (the endpoint's own API key is missing or wrong)";
        case 402: return " (the account of the endpoint's API key has no credit)";
        case 403: return " (the endpoint's own API key may not do this)";
        case 404: return " (no such model or base_url)";
        default: return "";
    }
}

/// The `error` object of a body; null when it has none.
const json::object* error_object(const json::value& body) {
    const auto* object = body.if_object();
    const auto* error = object == nullptr ? nullptr : object->if_contains("error");
    return error == nullptr ? nullptr : error->if_object();
}

/// Gateways answer 403 for what a request says, too, and then tell what was wrong with it
/// (OpenRouter: `metadata.reasons`).
bool is_about_content(const json::object* error) {
    const auto* metadata = error == nullptr ? nullptr : error->if_contains("metadata");
    return metadata != nullptr && metadata->is_object() &&
           metadata->get_object().contains("reasons");
}

void judge_status(int status, const json::object* error, Error& result) {
    result.code = code_from_status(status);
    const auto code = error == nullptr ? std::string_view() : text_of(*error, "code");
    if (code == wrong_key_code) result.code = Errc::provider_unavailable;
    if (status == 403 && is_about_content(error)) {
        result.code = Errc::provider_rejected;
    } else if (is_access_status(status) || code == wrong_key_code) {
        result.field = access_field;
    } else if (status == 404 || code == unknown_model_code) {
        result.field = model_field;
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
    if (status == 408 || status == 409 || status == 425 || status >= 500 ||
        is_access_status(status)) {
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
    Error error{
        .detail = fmt::format("the provider answered HTTP {}{}", head.status, hint(head.status))};
    judge_status(head.status, ignored ? nullptr : error_object(parsed), error);
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
        judge_status(static_cast<int>(number->get_int64()), &object, result);
    } else if (std::ranges::find(access_types, type) != access_types.end() ||
               code == wrong_key_code) {
        result.field = access_field;
    } else if (type.contains("rate_limit") || code.contains("rate_limit")) {
        result.code = Errc::provider_rate_limited;
    } else if (std::ranges::find(rejected_types, type) != rejected_types.end()) {
        result.code = Errc::provider_rejected;
        if (type == "not_found_error" || code == unknown_model_code) result.field = model_field;
    }
    return result;
}

}  // namespace baton::llm
