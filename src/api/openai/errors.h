// Errors as OpenAI's clients read them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "net/http.h"

namespace baton::api::openai {

/// The field of a response's request that names the one it goes on from.
inline constexpr std::string_view previous_field = "previous_response_id";

/// The status of an error here. As the one table has it, but what a provider rejected is 400: its
/// clients know no 422 for that. So is a previous response that is not there, as OpenAI says it.
[[nodiscard]] int status_of(const Error& error) noexcept;

/// `{"message","type","param","code"}`; `type` is OpenAI's for the status (invalid_request_error,
/// authentication_error, permission_error, not_found_error, rate_limit_error, server_error), `code`
/// the name of ours, but for a previous response that is not there: previous_response_not_found.
[[nodiscard]] std::string error_object(const Error& error);

/// `{"error":{…}}` with `Retry-After`, `retry-after-ms` and `x-should-retry`, which openai-node
/// and openai-python obey.
[[nodiscard]] net::Response error_response(const Error& error);

/// The same inside a stream that began well: the last event of it.
[[nodiscard]] std::string error_event(const Error& error);

}  // namespace baton::api::openai
