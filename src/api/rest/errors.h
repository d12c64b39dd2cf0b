// Errors as answers, in the two shapes of this door.
#pragma once

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

/// The number that /api/v1 gives an error (1001 …), 0 when it has none.
[[nodiscard]] int envelope_error_code(const Error& error) noexcept;

}  // namespace baton::api::rest
