// One WebSocket on the server: frames over a socket, signs of life, the close handshake.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "net/read_buffer.h"
#include "net/server.h"
#include "net/server_metrics.h"
#include "net/web_socket.h"
#include "net/web_socket_frame.h"
#include "runtime/event.h"

namespace baton::net {

/// Takes over the socket of a session that was upgraded; lives on its executor. Like the session it
/// sets no timer: `sweep` ends what took too long. Writes are tried once per turn of the executor
/// with all that was queued, and wait only when the socket is full.
class WebSocketSession final : public WebSocket,
                               public std::enable_shared_from_this<WebSocketSession> {
public:
    using Socket = asio::ip::tcp::socket;
    using TimePoint = std::chrono::steady_clock::time_point;

    /// `unread`: bytes that came after the request. `config` and `metrics` must outlive it.
    WebSocketSession(
        Socket socket, ReadBuffer unread, const WebSocketConfig& config, ServerMetrics& metrics);
    ~WebSocketSession() override;
    WebSocketSession(const WebSocketSession&) = delete;
    WebSocketSession& operator=(const WebSocketSession&) = delete;

    Task<std::optional<std::string>> read() override;
    bool send(std::string_view text) override;
    [[nodiscard]] std::size_t unsent() const override {
        return out_.size() - sent_ + queued_.size();
    }
    Task<bool> drained(std::size_t bytes) override;
    void close(CloseCode code, std::string_view reason) override;
    [[nodiscard]] bool stopping() const override { return stopping_; }

    /// Once nobody uses the connection any more: closes it, waits for the peer's part of the
    /// handshake for `close_timeout` at most.
    [[nodiscard]] Task<void> finish();

    /// Asks for signs of life, and ends what is over its time.
    void sweep(TimePoint now);
    /// When the next sweep has something to do, as things stand.
    [[nodiscard]] TimePoint due_at() const;
    /// Ends the reading.
    void begin_stop();
    /// Ends the connection without a word.
    void cut() noexcept;

private:
    bool queue_frame(Opcode opcode, std::string_view payload);
    void flush_soon();
    void flush();
    [[nodiscard]] std::optional<std::string> take_buffered();
    void on_control(FrameReader::Event event);
    [[nodiscard]] bool reads_on() const {
        return !closing_ && !stopping_ && !peer_closed_ && socket_.is_open();
    }
    Task<void> all_written();
    /// False: the stream has ended.
    Task<bool> receive();

    Socket socket_;
    ReadBuffer buffer_;
    const WebSocketConfig& config_;
    ServerMetrics& metrics_;
    FrameReader frames_;
    std::string queued_;  ///< frames of the next write
    std::string out_;     ///< frames of the write under way
    std::size_t sent_ = 0;
    Event flushed_;
    TimePoint heard_at_;
    TimePoint write_deadline_ = TimePoint::max();
    TimePoint close_deadline_ = TimePoint::max();
    bool writing_ = false;      ///< a flush is posted or waits for the socket
    bool receiving_ = false;    ///< a read waits for the socket
    bool full_read_ = false;    ///< the last read filled the buffer: more waits
    bool ping_sent_ = false;    ///< and nothing was heard since
    bool closing_ = false;      ///< our close frame is queued or sent
    bool peer_closed_ = false;  ///< the peer's close frame came, or its stream ended
    bool deaf_ = false;         ///< after a fault: what comes is thrown away
    bool stopping_ = false;
};

}  // namespace baton::net
