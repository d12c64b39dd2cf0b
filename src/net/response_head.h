// Response into bytes: the head as one string, so that an answer leaves with one write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http.h"

namespace baton::net {

struct HeadOptions {
    bool close = false;          ///< say that the connection ends after this answer
    bool is_http_1_0 = false;    ///< an HTTP/1.0 client must be told when the connection stays
    bool chunked = false;        ///< the body comes in chunks; `response.body` is not looked at
    bool until_close = false;    ///< the body's end is the connection's end (HTTP/1.0)
    std::string_view date = {};  ///< IMF-fixdate; empty: no Date field
};

/// Appends status line and fields, up to and with the empty line. Content-Length is sent except
/// with 1xx, 204 and 304, and when the options say that the body ends otherwise. Framing fields are
/// the server's own: Content-Length, Transfer-Encoding and Connection in `response.fields` are left
/// out. Control characters in values become spaces, so that a value can't begin a new field; a
/// field whose name is no token is left out.
void append_head(std::string& out, const Response& response, const HeadOptions& options);

/// Whether the status allows a body at all (RFC 9110, 6.4.1).
[[nodiscard]] bool may_have_body(int status) noexcept;

[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

/// "Sun, 06 Nov 1994 08:49:37 GMT", from seconds since 1970.
[[nodiscard]] std::string imf_fixdate(std::int64_t unix_seconds);

}  // namespace baton::net
