// Errors as OpenAI's clients read them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "net/http.h"

namespace baton::api::openai {

/// The status of an error here. As the one table has it, but what a provider rejected is 400: its
/// clients know no 422 for that.
[[nodiscard]] int status_of(Errc code) noexcept;

/// `{"message","type","param","code"}`; `type` is OpenAI's for the status (invalid_request_error,
/// authentication_error, permission_error, not_found_error, rate_limit_error, server_error), `code`
/// the name of ours.
[[nodiscard]] std::string error_object(const Error& error);

/// `{"error":{…}}` with `Retry-After`, `retry-after-ms` and `x-should-retry`, which openai-node
/// and openai-python obey.
[[nodiscard]] net::Response error_response(const Error& error);

/// The same inside a stream that began well: the last event of it.
[[nodiscard]] std::string error_event(const Error& error);

}  // namespace baton::api::openai
