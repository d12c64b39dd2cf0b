#include "access/key_text.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>

#include <sodium.h>

namespace baton::access {
namespace {

constexpr std::string_view prefix = "bt_";
constexpr std::string_view scheme = "bearer";

constexpr std::size_t id_bytes = 8;  // 64 bits: no two of 100,000 keys meet
constexpr std::size_t secret_bytes = 32;

template <std::size_t size>
std::string random_hex() {
    std::array<unsigned char, size> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    std::array<char, size * 2 + 1> text{};
    sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    std::string hex(text.data(), size * 2);
    sodium_memzero(bytes.data(), bytes.size());
    sodium_memzero(text.data(), text.size());
    return hex;
}

}  // namespace

Result<void> start_crypto() {
    if (sodium_init() < 0) return fail(Errc::internal, "libsodium does not start");
    return {};
}

DrawnKey draw_key() {
    const std::string id = random_hex<id_bytes>();
    return {KeyId(id), draw_key(id)};
}

Secret draw_key(std::string_view id) {
    return Secret(std::string(prefix) + std::string(id) + "_" + random_hex<secret_bytes>());
}

KeyHash hash_key(std::string_view text) noexcept {
    KeyHash hash{};
    crypto_generichash(hash.data(), hash.size(),
        reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
    return hash;
}

std::optional<std::string_view> bearer_key(std::string_view authorization) noexcept {
    if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ') {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        if (std::tolower(static_cast<unsigned char>(authorization[i])) != scheme[i]) {
            return std::nullopt;
        }
    }
    std::string_view key = authorization.substr(scheme.size());
    key.remove_prefix(std::min(key.find_first_not_of(' '), key.size()));
    key = key.substr(0, key.find_last_not_of(' ') + 1);
    if (key.empty() || key.size() > key_text_max) return std::nullopt;
    return key;
}

std::string_view id_of_key(std::string_view text) noexcept {
    if (!text.starts_with(prefix)) return {};
    text.remove_prefix(prefix.size());
    const auto end = text.find('_');
    return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

}  // namespace baton::access
