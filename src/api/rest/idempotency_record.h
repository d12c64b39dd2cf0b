// What is remembered of a request with an idempotency key, as bytes for a cache.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace baton::api::rest {

/// An answer as it was given. Fields other than the type are made anew.
struct KeptAnswer {
    int status = 200;
    std::string content_type;
    std::string body;
    bool operator==(const KeptAnswer&) const = default;
};

/// `1 FINGERPRINT DRAW` and, once there is an answer, ` STATUS TYPE`; a line feed; the body.
struct IdempotencyRecord {
    std::string fingerprint;  ///< of the request: 64 hex digits
    std::string draw;         ///< random, of the first attempt: 32 hex digits
    std::optional<KeptAnswer> answer{};
    bool operator==(const IdempotencyRecord&) const = default;
};

[[nodiscard]] std::string encode(const IdempotencyRecord& record);
/// Fails: protocol_error (another version's, or no record at all).
[[nodiscard]] Result<IdempotencyRecord> decode_record(std::string_view bytes);

/// The key a request brings. Fails: invalid_argument (not 1..200 bytes, a control character, twice
/// there), invalid_utf8.
[[nodiscard]] Result<std::string_view> idempotency_key_of(const net::Request& request);

/// Names a key of a caller: 64 hex digits that nobody finds another key for.
[[nodiscard]] std::string name_of_key(std::string_view caller, std::string_view key);
/// Of method, target and body: equal for equal requests only.
[[nodiscard]] std::string fingerprint_of(const net::Request& request);
/// 128 random bits as 32 hex digits.
[[nodiscard]] std::string draw_bits();

}  // namespace baton::api::rest
