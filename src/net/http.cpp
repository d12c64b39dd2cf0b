#include "net/http.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace baton::net {
namespace {

// What a target may be at most; the server's own header limit is usually far lower.
constexpr std::size_t target_max = 65'536;
constexpr std::size_t query_parameters_max = 1'000;

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

enum class Plus : std::uint8_t { as_is, is_space };

Result<std::string> percent_decode(std::string_view text, Plus plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return fail(Errc::invalid_argument, "the target holds `%` without two hex digits");
            }
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus == Plus::is_space) {
            c = ' ';
        }
        if (c == '\0') return fail(Errc::invalid_argument, "the target holds a NUL");
        out += c;
    }
    if (!is_utf8(out)) return fail(Errc::invalid_utf8, "the target is not UTF-8 once decoded");
    return out;
}

/// "http://host/path" → "/path": proxies may send the absolute form (RFC 9112, 3.2.2).
std::string_view strip_origin(std::string_view target) noexcept {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!same_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
        const auto rest = target.substr(scheme.size());
        const auto path = rest.find_first_of("/?");
        return path == std::string_view::npos ? "/" : rest.substr(path);
    }
    return target;
}

Result<void> parse_query(std::string_view text, Request& request) {
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) continue;
        if (request.query.size() == query_parameters_max) {
            return fail(Errc::invalid_argument, "the query has more than 1000 parameters");
        }
        const auto equals = std::min(pair.find('='), pair.size());
        BATON_TRY(auto name, percent_decode(pair.substr(0, equals), Plus::is_space));
        const auto raw = pair.substr(std::min(equals + 1, pair.size()));
        BATON_TRY(auto value, percent_decode(raw, Plus::is_space));
        request.query.emplace_back(std::move(name), std::move(value));
    }
    return {};
}

}  // namespace

std::string_view to_string(Method method) noexcept {
    constexpr std::array<std::string_view, 8> names{
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"};
    return names[static_cast<std::size_t>(method)];
}

std::string_view Fields::get(std::string_view name) const noexcept {
    for (const auto& [key, value] : fields_) {
        if (same_ignoring_case(key, name)) return value;
    }
    return {};
}

bool Fields::has(std::string_view name) const noexcept {
    return std::ranges::any_of(
        fields_, [&](const auto& field) { return same_ignoring_case(field.first, name); });
}

void Fields::set(std::string name, std::string value) {
    std::erase_if(
        fields_, [&](const auto& field) { return same_ignoring_case(field.first, name); });
    add(std::move(name), std::move(value));
}

void Fields::add(std::string name, std::string value) {
    if (fields_.capacity() == 0) fields_.reserve(8);
    fields_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> Request::query_value(std::string_view name) const noexcept {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

Result<void> parse_target(std::string_view target, Request& request) {
    request.path.clear();
    request.query.clear();
    if (target.size() > target_max) {
        return fail(Errc::invalid_argument, "the target is longer than 65536 bytes");
    }
    const auto local = strip_origin(target);
    const auto question = std::min(local.find('?'), local.size());
    const auto path = local.substr(0, question);
    if (path != "*" && !path.empty() && path.front() != '/') {
        return fail(Errc::invalid_argument, "the target does not begin with `/`");
    }
    if (local.find('#') != std::string_view::npos) {
        return fail(Errc::invalid_argument, "the target holds a fragment");
    }
    BATON_TRY(auto decoded, percent_decode(path.empty() ? "/" : path, Plus::as_is));
    request.path = std::move(decoded);
    return parse_query(local.substr(std::min(question + 1, local.size())), request);
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const bool letter = to_lower(c) >= 'a' && to_lower(c) <= 'z';
        if (letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 0xF];
        }
    }
    return out;
}

}  // namespace baton::net
