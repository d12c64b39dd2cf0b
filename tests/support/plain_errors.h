// How the servers of tests say that something went wrong, so that a test sees what the client
// would.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "net/http.h"

namespace baton::test {

/// "<code>: <detail>" and, when the target is known, " of <target>", with the code's status.
inline net::Response format_error(const Error& error, std::string_view target = {}) {
    net::Response response;
    response.status = errc_info(error.code).http;
    response.content_type = "text/plain";
    response.body = to_string(error);
    if (!target.empty()) response.body += " of " + std::string(target);
    return response;
}

}  // namespace baton::test
