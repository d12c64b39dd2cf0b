// The HTTP client: libcurl behind a coroutine, streaming first.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::net {

struct ClientConfig {
    std::size_t connections_max = 256;  ///< in all; further requests wait
    std::size_t waiting_max = 10'000;   ///< requests that wait; one more fails
    std::size_t body_max =
        64 * 1024 * 1024;  ///< bytes of an answer kept in memory when no sink is given
    std::chrono::milliseconds connect_timeout{5'000};
    /// A connection on which no byte moves for this long is cut (a stalled peer); 0: never. The
    /// time a server thinks before its first byte counts too.
    std::chrono::milliseconds stall_timeout{60'000};
};

struct ClientRequest {
    Method method = Method::get;
    std::string url;  ///< http:// or https://
    Fields fields = {};
    std::string body = {};
};

/// Receives the body piece by piece, in order, on the caller's executor. Return false to cut the
/// transfer: `send` then fails with cancelled.
using BodySink = std::function<bool(std::string_view piece)>;

/// Called once with status and fields, before the first piece of the body, on the caller's
/// executor.
using HeadSink = std::function<void(const Response& head)>;

/// Sends requests, reusing connections. Safe to use from any thread. Destruction fails what is
/// under way with `cancelled`. Redirects are not followed. Environment proxies are ignored.
class Client {
public:
    virtual ~Client() = default;

    /// The whole answer, whatever its status. Cancelling the task ends the transfer at once.
    /// An idle connection that turns out to be closed is replaced by a fresh one, once, if no byte
    /// of the answer has come: then the server may see a request twice. Fails: invalid_argument
    /// (url, a field that breaks its line), connection_failed (resolve, connect within
    /// connect_timeout, TLS, reset, cut short), deadline_exceeded (deadline or stall),
    /// payload_too_large (body_max), protocol_error (no HTTP/1 answer, a head over 256 KiB),
    /// overloaded (waiting_max), cancelled. Of the URL, errors show scheme, host and port only.
    [[nodiscard]] virtual Task<Result<Response>> send(ClientRequest request, Deadline deadline) = 0;

    /// The same, handing out the body as it comes; the returned body is empty. A sink that lags
    /// slows the peer down: at most 1 MiB waits. What a sink throws leaves `stream`, and the
    /// transfer ends.
    [[nodiscard]] virtual Task<Result<Response>> stream(
        ClientRequest request, HeadSink on_head, BodySink on_body, Deadline deadline) = 0;
};

[[nodiscard]] std::unique_ptr<Client> make_client(ClientConfig config);

}  // namespace baton::net
