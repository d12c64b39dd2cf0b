// What an OpenAI-compatible endpoint says when it refuses, as our errors. Pure; never repeats a
// key.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "net/http.h"

namespace baton::llm {

/// Bytes of the provider's own words that an error repeats.
inline constexpr std::size_t quoted_max = 300;

/// `text` fit for an error: `key` and whatever looks like a key masked, control characters and
/// broken UTF-8 blanked, cut at `quoted_max`.
[[nodiscard]] std::string quote(std::string_view text, const Secret& key);

/// How long the fields ask to wait: `retry-after-ms`, else `Retry-After` as seconds (fractions too)
/// or HTTP-date (counted from the answer's own `Date`, or `now`). At most a week; nothing when
/// absent or unreadable.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(
    const net::Fields& fields, TimePoint now);

/// The kind of error an HTTP status stands for: 408, 409, 425 and 5xx provider_unavailable, 429
/// provider_rate_limited, the rest provider_rejected. A wrong key or model (401, 403, 404) is among
/// the rejected: the same request fails again until the configuration changes, and a redrive brings
/// the message back then.
[[nodiscard]] Errc code_from_status(int status) noexcept;

/// An answer that is no success, with the words of its body (`{"error":{"message"}}`, or the text
/// as it is).
[[nodiscard]] Error error_from_answer(
    const net::Response& head, std::string_view body, const Secret& key, TimePoint now);

/// The `error` value inside a stream that began well: `{message,type,code}` or a text.
[[nodiscard]] Error error_from_stream(const boost::json::value& error, const Secret& key);

}  // namespace baton::llm
