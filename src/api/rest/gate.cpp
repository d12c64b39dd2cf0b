#include "api/rest/gate.h"

#include <algorithm>
#include <cstdint>
#include <random>

#include "base/text.h"

namespace baton::api::rest {
namespace {

constexpr std::size_t request_id_max = 128;

/// "example.org:8080" → "example.org", "[::1]:8080" → "[::1]".
std::string_view without_port(std::string_view host) noexcept {
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        return end == std::string_view::npos ? host : host.substr(0, end + 1);
    }
    return host.substr(0, host.find(':'));
}

/// Whether the page that asks was served by this very address.
bool is_same_origin(std::string_view origin, std::string_view host) noexcept {
    const std::size_t scheme_end = origin.find("://");
    return scheme_end != std::string_view::npos &&
           same_ignoring_case(origin.substr(scheme_end + 3), host);
}

bool is_id_char(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == ':' || c == '/';
}

/// 60 random bits as 15 hex digits, which fit a string without an allocation. They only tell
/// requests apart.
std::string draw_request_id() {
    thread_local std::mt19937_64 random{[] {
        std::random_device device;
        return (static_cast<std::uint64_t>(device()) << 32) | device();
    }()};
    std::string id(15, '0');
    std::uint64_t bits = random();
    for (char& digit : id) {
        digit = "0123456789abcdef"[bits & 15];
        bits >>= 4;
    }
    return id;
}

}  // namespace

Result<void> check_caller(const net::Request& request, const RestConfig& config) {
    const std::string_view host = request.fields.get("Host");
    if (!config.allowed_hosts.empty()) {
        const std::string_view name = without_port(host);
        const bool ours = std::ranges::any_of(config.allowed_hosts,
            [&](const std::string& allowed) { return same_ignoring_case(allowed, name); });
        if (!ours) {
            return fail(
                Errc::permission_denied, "this server does not go by the name in the Host field");
        }
    }
    const std::string_view origin = request.fields.get("Origin");
    if (origin.empty() || is_same_origin(origin, host)) return {};
    if (std::ranges::find(config.allowed_origins, origin) != config.allowed_origins.end())
        return {};
    return fail(Errc::permission_denied, "web pages of this Origin may not call");
}

Result<void> check_encoding(const net::Request& request) {
    const std::string_view coding = request.fields.get("Content-Encoding");
    if (coding.empty() || same_ignoring_case(coding, "identity")) return {};
    return fail_field(Errc::unsupported_media_type, "Content-Encoding",
        "a body is taken as it is, without a coding");
}

bool is_preflight(const net::Request& request) noexcept {
    return request.method == net::Method::options && request.fields.has("Origin") &&
           request.fields.has("Access-Control-Request-Method");
}

net::Response preflight_response() {
    net::Response response;
    response.status = 204;
    response.fields.set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
    response.fields.set("Access-Control-Allow-Headers",
        "Authorization, Content-Type, X-Request-Id, Idempotency-Key, Baton-Priority, "
        "Baton-Dedup-Key, "
        "Baton-Ordering-Key, Baton-Fairness-Key, Baton-Delay-Ms, Baton-Ttl-Ms, "
        "Baton-Durability, Last-Event-ID");
    response.fields.set("Access-Control-Max-Age", "600");
    return response;
}

void add_cors(const net::Request& request, net::Response& response) {
    const std::string_view origin = request.fields.get("Origin");
    if (origin.empty()) return;
    response.fields.set("Access-Control-Allow-Origin", std::string(origin));
    response.fields.set("Access-Control-Expose-Headers",
        "X-Request-Id, Retry-After, Baton-Durability, Baton-Duplicate");
    response.fields.set("Vary", "Origin");
}

std::string request_id_of(const net::Request& request) {
    const std::string_view given = request.fields.get("X-Request-Id");
    const bool usable =
        !given.empty() && given.size() <= request_id_max && std::ranges::all_of(given, is_id_char);
    return usable ? std::string(given) : draw_request_id();
}

}  // namespace baton::api::rest
