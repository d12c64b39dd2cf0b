// The HTTP/1.1 server: bytes in, Request out, Response back. It knows no routes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "net/http.h"
#include "runtime/deadline.h"
#include "runtime/io_pool.h"
#include "runtime/task.h"

namespace baton::net {

/// What holds for every WebSocket.
struct WebSocketConfig {
    std::size_t message_max = 16'777'216;  ///< bytes of one message; more closes with 1009
    /// Bytes that may wait for a peer that reads slowly; more closes with 1008.
    std::size_t unsent_max = 16'777'216;
    /// A peer that was silent for this long is asked for a sign of life …
    std::chrono::milliseconds ping_interval{30'000};
    std::chrono::milliseconds pong_timeout{10'000};  ///< … and cut off when none comes
    std::chrono::milliseconds write_timeout{
        30'000};  ///< the peer takes no byte; then it is cut off
    /// For the peer's part of the close handshake, ours included; then it is cut off.
    std::chrono::milliseconds close_timeout{2'000};
};

/// Timeouts may come up to 100 ms late, on a connection that was quiet for a second up to 1 s: one
/// sweep per executor looks after all of them.
struct ServerConfig {
    std::string host = "127.0.0.1";        ///< an IP address or a name that resolves to one
    std::uint16_t port = 8080;             ///< 0: any free port
    std::size_t connections_max = 20'000;  ///< one more is answered 503 and closed
    std::size_t header_max = 16'384;    ///< bytes of request line and fields together; more is 431
    std::size_t body_max = 16'777'216;  ///< bytes; more is 413
    std::chrono::milliseconds idle_timeout{75'000};  ///< between requests; then the server closes
    /// From the first to the last byte of a request, however they trickle; then 408.
    std::chrono::milliseconds request_timeout{15'000};
    std::chrono::milliseconds write_timeout{30'000};  ///< to hand an answer to the peer's socket
    /// After an error answer: how long a client may go on sending before the connection is cut.
    std::chrono::milliseconds linger_timeout{2'000};
    WebSocketConfig web_socket{};
};

/// Answers one request. Runs on the connection's executor; requests of one connection come one
/// after the other. When the client goes away the task is cancelled. An exception becomes 500.
using Handler = std::function<Task<Response>(Request)>;

/// Turns an error the server itself found (408, 413, 431, bad syntax) into an answer in the house's
/// shape. `target`: of the request, as it came; empty when that much of it was not understood.
using ErrorFormatter = std::function<Response(const Error&, std::string_view target)>;

/// Listens after `make_server`; accepts after `start`. Call from the thread that owns it.
class Server {
public:
    virtual ~Server() = default;

    /// Begins to accept. `handler` must stay callable until `stop` has returned.
    virtual void start(Handler handler) = 0;

    /// The port listened on.
    [[nodiscard]] virtual std::uint16_t port() const = 0;

    [[nodiscard]] virtual std::size_t connections() const = 0;

    /// Refuses new connections, answers requests under way (with `Connection: close`), closes idle
    /// ones, tells streams and WebSockets (`stopping`), cancels what is left at the deadline.
    /// Resumes when no connection is left. Call once; from an executor of the pool.
    [[nodiscard]] virtual Task<void> stop(Deadline deadline) = 0;
};

/// Binds and listens, so that an error comes before anything has started.
/// Fails: address_in_use, invalid_argument (host that is no address), permission_denied.
/// Connections are spread over the executors of `pool`, each staying on one.
[[nodiscard]] Result<std::unique_ptr<Server>> make_server(IoPool& pool, ServerConfig config,
    ErrorFormatter format_error, MetricRegistry& metrics, Log log);

}  // namespace baton::net
