// WebSockets (RFC 6455) as the rest of the house sees them: text messages in both directions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"
#include "runtime/task.h"

namespace baton::net {

/// Why a connection ends, as the wire says it (RFC 6455, 7.4.1).
enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    no_status = 1005,  ///< never sent: the peer gave none
    invalid_payload = 1007,
    policy_violation = 1008,
    message_too_big = 1009,
    internal_error = 1011,
};

/// The server's side of one connection. Lives on the connection's executor and is used there only;
/// valid until the task it was given to has ended, after which the server closes the connection.
/// Pings, their answers and the close handshake are the server's own matter.
class WebSocket {
public:
    virtual ~WebSocket() = default;

    /// The next text message; nothing once the connection ends, whoever ends it, and when the
    /// server stops. One call at a time. A peer is asked for signs of life only while this waits.
    [[nodiscard]] virtual Task<std::optional<std::string>> read() = 0;

    /// Queues a text message (UTF-8) and returns at once; messages queued together leave together.
    /// False: the connection is ending, or the peer reads too slowly and more than
    /// `WebSocketConfig::unsent_max` bytes would wait for it; then the connection ends with 1008.
    virtual bool send(std::string_view text) = 0;

    /// Bytes that were queued and not yet taken by the peer's socket.
    [[nodiscard]] virtual std::size_t unsent() const = 0;

    /// Waits until at most `bytes` are unsent. False: the connection is ending.
    [[nodiscard]] virtual Task<bool> drained(std::size_t bytes) = 0;

    /// Begins to end the connection; what is queued goes out before. `reason`: at most 123 bytes.
    virtual void close(CloseCode code, std::string_view reason) = 0;

    /// The server winds up: `read` gives nothing more, answers can still be sent for a while.
    [[nodiscard]] virtual bool stopping() const = 0;
};

/// Whether the request opens a WebSocket.
/// Fails: invalid_argument naming the field of the handshake that is wrong.
[[nodiscard]] Result<void> check_web_socket(const Request& request);

/// The answer that opens it: 101, and then `serve` runs, kept alive until it ends. Requires
/// `check_web_socket`.
[[nodiscard]] Response web_socket_response(
    const Request& request, std::function<Task<void>(WebSocket&)> serve);

}  // namespace baton::net
