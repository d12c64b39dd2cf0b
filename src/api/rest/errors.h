// Errors as answers, in the two shapes of this door.
#pragma once

#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "net/http.h"

namespace baton::api::rest {

/// Whether errors on this path wear the envelope of /api/v1.
[[nodiscard]] bool uses_envelope(std::string_view path) noexcept;

/// The error in the envelope
/// `{"code","message","error","details":{"field","reason","error_code"},"timestamp"}`.
[[nodiscard]] net::Response envelope_error_response(const Error& error, TimePoint now);

/// A number of /api/v1 with its HTTP status and meaning: the one table of them. Numbers reach the
/// wire and never change.
struct EnvelopeCode {
    int code;
    int status;
    std::string_view meaning;
};
[[nodiscard]] std::span<const EnvelopeCode> envelope_codes() noexcept;

/// The number that /api/v1 gives an error (a row of the table), 0 when it has none.
[[nodiscard]] int envelope_error_code(const Error& error) noexcept;

}  // namespace baton::api::rest
