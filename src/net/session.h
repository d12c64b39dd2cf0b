// One HTTP connection: reads a request, has it answered, writes the answer, again.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "net/read_buffer.h"
#include "net/request_parser.h"
#include "net/response_head.h"
#include "net/server.h"
#include "net/server_metrics.h"
#include "net/web_socket_session.h"

namespace baton::net {

/// What all connections of one server share. Fixed once the server has started, but for the counts,
/// which are atomic.
struct ServerContext {
    ServerConfig config;
    ErrorFormatter format_error;
    Handler handler;
    Log log;
    ServerMetrics metrics;
    std::atomic<std::size_t> connection_count{0};

    /// Takes one of the `connections_max` places; false when all are taken.
    [[nodiscard]] bool take_connection() {
        if (connection_count.fetch_add(1) >= config.connections_max) {
            --connection_count;
            return false;
        }
        metrics.connected();
        return true;
    }
    void release_connection() {
        --connection_count;
        metrics.disconnected();
    }
};

/// Owned by the task that serves it; lives on one single-threaded executor and is used there only.
/// It sets no timer: its worker calls `sweep` ten times a second, and that ends what took too long.
/// So every timeout may be late by `sweep_interval`, on a connection that was quiet for a second by
/// `calm_interval`.
class Session final : public std::enable_shared_from_this<Session> {
public:
    using Socket = asio::ip::tcp::socket;
    using TimePoint = std::chrono::steady_clock::time_point;

    /// `date`: what the Date field says; the worker keeps it up to date and outlives the session.
    Session(Socket socket, ServerContext& context, const std::string& date);

    /// Serves requests until either side ends the connection. Throws operation_aborted when
    /// cancelled.
    [[nodiscard]] Task<void> serve();

    /// Answers with `error` without reading a request, and ends the connection.
    [[nodiscard]] Task<void> refuse(Error error);

    /// How to cancel the task that serves this session, for when the client has left.
    void set_cancel(std::function<void()> cancel) { cancel_ = std::move(cancel); }

    /// Ends what is over its time, and notices a client that left while its request is handled.
    /// Returns when it wants to be looked at again: at the next sweep, or in `calm_interval` when
    /// nothing can come of it earlier.
    [[nodiscard]] TimePoint sweep(TimePoint now);
    static constexpr std::chrono::milliseconds calm_interval{1'000};

    /// Where its worker keeps it.
    std::size_t place = 0;

    /// From now on the next answer is the last; an idle connection ends at once.
    void begin_stop();

    /// Ends the connection and wakes whatever waits on it.
    void close() noexcept;

private:
    class StreamedBody;
    enum class Phase : std::uint8_t { idle, reading, handling, writing, lingering };

    void enter(Phase phase, std::chrono::milliseconds limit);
    Task<Result<bool>> read_request();
    Result<bool> parse();
    void send_continue();
    Task<Response> answer(Request request);
    Task<bool> write(const Response& response, HeadOptions options, bool head_only);
    Task<bool> write_rest(std::string_view body, std::size_t sent);
    Task<bool> write_stream(const Response& response, HeadOptions options);
    Task<void> serve_web_socket(const Response& response);
    /// Logs what a handler threw; rethrows it when this session was cancelled.
    Task<void> note_failure(std::exception_ptr failure);
    [[nodiscard]] bool has_unread() const;
    Task<void> linger();
    void watch();
    void on_readable(const boost::system::error_code& error);
    void count_limit(Errc code);

    Socket socket_;
    ServerContext& context_;
    const std::string& date_;
    std::string peer_;
    std::function<void()> cancel_;
    RequestParser parser_;
    ReadBuffer buffer_;
    std::string out_;
    std::string target_;  ///< of the request that is answered; keeps its memory
    std::shared_ptr<WebSocketSession> web_socket_;  ///< once upgraded, it has socket and buffer
    TimePoint deadline_ = TimePoint::max();
    Phase phase_ = Phase::idle;
    bool stopping_ = false;
    bool timed_out_ = false;
    bool watching_ = false;   ///< a wait for readability is under way
    bool pipelined_ = false;  ///< bytes of a next request hide the end of the stream
};

}  // namespace baton::net
