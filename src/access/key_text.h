// The text of API keys: how they are drawn, hashed and taken apart.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"

namespace baton::access {

/// BLAKE2b-256 of a key's whole text. Keys are random, so there is no salt.
using KeyHash = std::array<unsigned char, 32>;

/// A fresh key "bt_<id>_<secret>": the id names it in lists, the secret is 256 random bits as hex.
struct DrawnKey {
    KeyId id;
    Secret text;
};

inline constexpr std::size_t key_text_min = 16;   ///< bytes of a key that somebody wrote himself
inline constexpr std::size_t key_text_max = 256;  ///< longer ones are not even hashed

/// Once before the rest; may be called again. Fails: internal.
[[nodiscard]] Result<void> start_crypto();

[[nodiscard]] DrawnKey draw_key();
/// The same with a given id.
[[nodiscard]] Secret draw_key(std::string_view id);

[[nodiscard]] KeyHash hash_key(std::string_view text) noexcept;

/// The key of "Bearer <key>" (RFC 6750; the scheme in any case). Nothing when there is none.
[[nodiscard]] std::optional<std::string_view> bearer_key(std::string_view authorization) noexcept;

/// The id of "bt_<id>_<secret>"; empty when `text` is none.
[[nodiscard]] std::string_view id_of_key(std::string_view text) noexcept;

}  // namespace baton::access
