#include "net/response_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace baton::net {
namespace {

bool is_token(std::string_view name) noexcept {
    constexpr std::string_view extra = "!#$%&'*+-.^_`|~";
    const auto token_char = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               extra.find(c) != std::string_view::npos;
    };
    return !name.empty() && std::ranges::all_of(name, token_char);
}

bool is_framing(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 3> names{
        "content-length", "transfer-encoding", "connection"};
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    };
    return std::ranges::any_of(names,
        [&](std::string_view framing) { return std::ranges::equal(framing, name, {}, {}, lower); });
}

void append_number(std::string& out, std::size_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        out += (byte < 0x20 && c != '\t') || byte == 0x7F ? ' ' : c;
    }
    out += "\r\n";
}

}  // namespace

bool may_have_body(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case 100: return "Continue";
        case 101: return "Switching Protocols";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 415: return "Unsupported Media Type";
        case 422: return "Unprocessable Content";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 499: return "Client Closed Request";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 507: return "Insufficient Storage";
        default: return "Status";
    }
}

std::string imf_fixdate(std::int64_t unix_seconds) {
    // Not strftime: its names follow the locale.
    constexpr std::string_view days = "SunMonTueWedThuFriSat";
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto time = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::string out;
    const auto two_digits = [&](int number) {
        out += static_cast<char>('0' + number / 10);
        out += static_cast<char>('0' + number % 10);
    };
    out += days.substr(static_cast<std::size_t>(parts.tm_wday) * 3, 3);
    out += ", ";
    two_digits(parts.tm_mday);
    out += ' ';
    out += months.substr(static_cast<std::size_t>(parts.tm_mon) * 3, 3);
    out += ' ';
    out += std::to_string(parts.tm_year + 1900) + ' ';
    two_digits(parts.tm_hour);
    out += ':';
    two_digits(parts.tm_min);
    out += ':';
    two_digits(parts.tm_sec);
    return out + " GMT";
}

void append_head(std::string& out, const Response& response, const HeadOptions& options) {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(std::clamp(response.status, 100, 999)));
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\nServer: baton\r\n";
    if (!options.date.empty()) append_field(out, "Date", options.date);
    const bool has_body = may_have_body(response.status);
    if (has_body && !response.content_type.empty()) {
        append_field(out, "Content-Type", response.content_type);
    }
    for (const auto& [name, value] : response.fields.all()) {
        if (is_token(name) && !is_framing(name)) append_field(out, name, value);
    }
    if (options.chunked) {
        out += "Transfer-Encoding: chunked\r\n";
    } else if (has_body && !options.until_close) {
        out += "Content-Length: ";
        append_number(out, response.body.size());
        out += "\r\n";
    }
    if (response.status == 101) {
        out += "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    } else if (options.close) {
        out += "Connection: close\r\n";
    } else if (options.is_http_1_0) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
}

}  // namespace baton::net
