// What an endpoint says when it refuses or fails, as our errors. Pure; never repeats a key.
#pragma once

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

/// The kind of error an HTTP status stands for: 408, 409, 425 and 5xx provider_unavailable, 429
/// provider_rate_limited. What the endpoint holds against us and not against the request (401, 402,
/// 403, 407: our key is wrong, may not do this, or is not paid for) is provider_unavailable: it is
/// the endpoint's fault until its configuration changes. The rest is provider_rejected.
[[nodiscard]] Errc code_from_status(int status) noexcept;

/// Which part of what we sent an error of a provider is about, as `Error::field`.
inline constexpr std::string_view access_field = "api_key";  ///< it refuses us, whatever we ask
inline constexpr std::string_view model_field = "model";     ///< it does not have the model

[[nodiscard]] inline bool refuses_access(const Error& error) noexcept {
    return error.code == Errc::provider_unavailable && error.field == access_field;
}
[[nodiscard]] inline bool lacks_model(const Error& error) noexcept {
    return error.code == Errc::provider_rejected && error.field == model_field;
}

/// How a transfer ended, and when.
struct TransferEnd {
    std::optional<Error> error{};  ///< none: the peer ended it
    bool deadline_passed = false;  ///< our own deadline, as against a peer that stalled
    TimePoint at{};
};

/// A transfer that failed, as Provider::chat names it.
[[nodiscard]] Error error_from_transfer(const TransferEnd& transfer, const Secret& key);

/// An answer that is no success, with the words of its body (`{"error":{"message"}}`, or the text
/// as it is); its field as above.
[[nodiscard]] Error error_from_answer(
    const net::Response& head, std::string_view body, const Secret& key, TimePoint now);

/// The `error` value inside a stream that began well: `{message,type,code}` or a text; its field
/// as above.
[[nodiscard]] Error error_from_stream(const boost::json::value& error, const Secret& key);

}  // namespace baton::llm
