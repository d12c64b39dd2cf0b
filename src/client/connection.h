// One daemon as a client reaches it: requests with the key in them, answers as JSON or typed
// errors.
#pragma once

#include <chrono>
#include <string>

#include <boost/json/value.hpp>

#include "base/result.h"
#include "base/secret.h"
#include "net/client.h"
#include "net/http.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::client {

inline constexpr std::string_view default_url = "http://127.0.0.1:8080";

struct ConnectionConfig {
    std::string url{default_url};  ///< of the daemon; a slash at the end is ignored
    Secret key;                    ///< empty: no Authorization field is sent
    std::chrono::milliseconds request_timeout{
        30'000};  ///< on top of what a call waits for by itself
};

struct Call {
    net::Method method = net::Method::get;
    std::string path{};  ///< with the query, percent-encoded: "/v1/queues/mail/stats"
    std::string body{};  ///< JSON; empty: none
    std::chrono::milliseconds wait{0};  ///< how long the daemon may hold the answer back
};

/// Safe to use from any thread. `http` must outlive it.
class Connection final {
public:
    Connection(net::Client& http, ConnectionConfig config);

    /// The answer's JSON; an empty object for an empty answer. Cancellation ends the request.
    /// Fails: what the daemon answered, by name; connection_failed (with the address),
    /// deadline_exceeded, protocol_error when the answer is no JSON.
    [[nodiscard]] Task<Result<boost::json::value>> call(Call call);

    [[nodiscard]] const std::string& url() const noexcept { return config_.url; }

private:
    net::Client& http_;
    ConnectionConfig config_;
};

/// The error in a daemon's answer with a status of 400 or more, in either shape:
/// `{"error":{"code",…}}`, or the envelope of /api/v1. An answer in neither shape (a proxy's page)
/// gives the error nearest to its status.
[[nodiscard]] Error error_from_response(const net::Response& response);

}  // namespace baton::client
