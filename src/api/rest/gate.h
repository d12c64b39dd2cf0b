// The checks on a request that come before any route: Host, Origin, request id.
#pragma once

#include <string>

#include "api/rest/rest_api.h"
#include "base/result.h"
#include "net/http.h"

namespace baton::api::rest {

/// Fails: permission_denied when the Host is not one of ours or a foreign web page asks.
[[nodiscard]] Result<void> check_caller(const net::Request& request, const RestConfig& config);

/// A body comes as it is: no coding is undone here, and what is compressed must not be kept as if
/// it were the content. Fails: unsupported_media_type when there is another Content-Encoding than
/// `identity`.
[[nodiscard]] Result<void> check_encoding(const net::Request& request);

/// Whether this is a browser asking, before a cross-origin request, what it may send.
[[nodiscard]] bool is_preflight(const net::Request& request) noexcept;

/// The answer to a preflight from an allowed origin.
[[nodiscard]] net::Response preflight_response();

/// Lets the allowed web page that asked read the answer; nothing for other callers.
void add_cors(const net::Request& request, net::Response& response);

/// The caller's X-Request-Id when it is 1..128 characters of A-Z a-z 0-9 . _ - : /, else a fresh
/// one.
[[nodiscard]] std::string request_id_of(const net::Request& request);

}  // namespace baton::api::rest
