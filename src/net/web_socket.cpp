#include "net/web_socket.h"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/sha.h>

#include "base/text.h"

namespace baton::net {
namespace {

// RFC 6455, 1.3: whoever answers with the hash of this has understood what was asked.
constexpr std::string_view handshake_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_bytes = 16;

char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string_view trimmed(std::string_view text) noexcept {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

/// Whether a comma-separated field holds `token`, which is lower case.
bool has_token(std::string_view list, std::string_view token) noexcept {
    while (true) {
        const auto end = list.find(',');
        if (std::ranges::equal(trimmed(list.substr(0, end)), token, {}, to_lower)) return true;
        if (end == std::string_view::npos) return false;
        list.remove_prefix(end + 1);
    }
}

std::string accept_value(std::string_view key) {
    std::string text(key);
    text += handshake_guid;
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

Result<void> check_web_socket(const Request& request) {
    const Fields& fields = request.fields;
    const auto wrong = [](std::string field, std::string detail) {
        return fail_field(Errc::invalid_argument, std::move(field), std::move(detail));
    };
    if (!has_token(fields.get("Upgrade"), "websocket")) {
        return wrong("Upgrade", "this route speaks WebSocket: send `Upgrade: websocket`");
    }
    if (!has_token(fields.get("Connection"), "upgrade")) {
        return wrong("Connection", "a WebSocket handshake says `Connection: Upgrade`");
    }
    if (fields.get("Sec-WebSocket-Version") != "13") {
        return wrong("Sec-WebSocket-Version", "WebSocket version 13 is spoken here");
    }
    const auto key = base64_decode(fields.get("Sec-WebSocket-Key"));
    if (!key || key->size() != key_bytes) {
        return wrong("Sec-WebSocket-Key", "the key is base64 of 16 bytes");
    }
    return {};
}

Response web_socket_response(const Request& request, std::function<Task<void>(WebSocket&)> serve) {
    Response response;
    response.status = 101;
    response.fields.set(
        "Sec-WebSocket-Accept", accept_value(request.fields.get("Sec-WebSocket-Key")));
    response.web_socket = std::move(serve);
    return response;
}

}  // namespace baton::net
