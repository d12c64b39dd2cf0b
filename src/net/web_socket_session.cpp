#include "net/web_socket_session.h"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>

namespace baton::net {
namespace {

using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

CloseCode code_of(std::string_view close_frame) noexcept {
    if (close_frame.size() < 2) return CloseCode::no_status;
    const auto high = static_cast<unsigned char>(close_frame[0]);
    const auto low = static_cast<unsigned char>(close_frame[1]);
    return static_cast<CloseCode>(high << 8 | low);
}

}  // namespace

WebSocketSession::WebSocketSession(
    Socket socket, ReadBuffer unread, const WebSocketConfig& config, ServerMetrics& metrics)
    : socket_(std::move(socket)),
      buffer_(std::move(unread)),
      config_(config),
      metrics_(metrics),
      frames_(config.message_max),
      flushed_(socket_.get_executor()),
      heard_at_(SteadyClock::now()) {
    metrics_.upgraded();
}

WebSocketSession::~WebSocketSession() { metrics_.downgraded(); }

Task<std::optional<std::string>> WebSocketSession::read() {
    while (reads_on()) {
        auto message = take_buffered();
        if (message) {
            metrics_.message_received();
            co_return message;
        }
        if (!reads_on()) break;
        const bool more = co_await receive();
        if (!more) break;
    }
    co_return std::nullopt;
}

Task<bool> WebSocketSession::receive() {
    if (full_read_) buffer_.widen();
    const auto space = buffer_.space();
    const auto target = asio::buffer(space.data(), space.size());
    receiving_ = true;
    const auto [error, size] = co_await socket_.async_read_some(target, use_tuple);
    receiving_ = false;
    // Our own wake-up (`close`, `begin_stop`): the caller sees why.
    if (error == asio::error::operation_aborted && socket_.is_open()) co_return true;
    if (error) {
        peer_closed_ = true;
        co_return false;
    }
    full_read_ = size == space.size();
    buffer_.filled(size);
    heard_at_ = SteadyClock::now();
    ping_sent_ = false;
    co_return true;
}

/// The next message of what was read, if a whole one is there. Control frames on the way are seen
/// to.
std::optional<std::string> WebSocketSession::take_buffered() {
    while (!peer_closed_) {
        const auto step = frames_.feed(buffer_.view());
        if (!step) {
            metrics_.hit(step.error().code == CloseCode::message_too_big
                             ? Limit::web_socket_message
                             : Limit::web_socket_protocol);
            deaf_ = true;
            close(step.error().code, step.error().reason);
            return std::nullopt;
        }
        buffer_.consume(step->used);
        if (step->event == FrameReader::Event::text) return frames_.take_message();
        if (step->event == FrameReader::Event::none) return std::nullopt;
        on_control(step->event);
    }
    return std::nullopt;
}

void WebSocketSession::on_control(FrameReader::Event event) {
    if (event == FrameReader::Event::ping && !closing_) {
        static_cast<void>(queue_frame(Opcode::pong, frames_.control()));
    }
    if (event == FrameReader::Event::close) {
        peer_closed_ = true;
        close(code_of(frames_.control()), {});
    }
}

bool WebSocketSession::send(std::string_view text) {
    if (closing_ || peer_closed_ || !socket_.is_open()) return false;
    if (!queue_frame(Opcode::text, text)) return false;
    metrics_.message_sent();
    return true;
}

bool WebSocketSession::queue_frame(Opcode opcode, std::string_view payload) {
    // One message may always wait, however long it is.
    if (unsent() > 0 && unsent() + payload.size() > config_.unsent_max) {
        metrics_.hit(Limit::web_socket_unsent);
        queued_.clear();
        close(CloseCode::policy_violation, "the client reads too slowly");
        return false;
    }
    append_frame(queued_, opcode, payload);
    flush_soon();
    return true;
}

void WebSocketSession::flush_soon() {
    if (std::exchange(writing_, true)) return;
    write_deadline_ = SteadyClock::now() + config_.write_timeout;
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->flush(); });
}

void WebSocketSession::flush() {
    error_code error;
    while (!error && socket_.is_open()) {
        if (sent_ == out_.size()) {
            out_.clear();
            sent_ = 0;
            flushed_.notify_all();
            if (queued_.empty()) break;
            std::swap(out_, queued_);
        }
        const auto rest = std::string_view(out_).substr(sent_);
        const auto size = socket_.write_some(asio::buffer(rest), error);
        sent_ += size;
        if (size > 0) write_deadline_ = SteadyClock::now() + config_.write_timeout;
    }
    if (error == asio::error::would_block && socket_.is_open()) {
        flushed_.notify_all();
        const auto again = [self = shared_from_this()](const error_code&) { self->flush(); };
        socket_.async_wait(Socket::wait_write, again);
        return;
    }
    writing_ = false;
    write_deadline_ = TimePoint::max();
    if (error) cut();
    flushed_.notify_all();
}

Task<bool> WebSocketSession::drained(std::size_t bytes) {
    while (unsent() > bytes && !closing_ && socket_.is_open()) {
        const auto woken = co_await flushed_.wait();
        static_cast<void>(woken);
    }
    co_return !closing_ && socket_.is_open();
}

void WebSocketSession::close(CloseCode code, std::string_view reason) {
    if (std::exchange(closing_, true) || !socket_.is_open()) return;
    close_deadline_ = SteadyClock::now() + config_.close_timeout;
    append_frame(queued_, Opcode::close, close_payload(code, reason));
    flush_soon();
    flushed_.notify_all();
    error_code ignored;
    if (receiving_) socket_.cancel(ignored);
}

Task<void> WebSocketSession::finish() {
    close(stopping_ ? CloseCode::going_away : CloseCode::normal, {});
    if (deaf_) {
        // What comes is thrown away until the peer ends too: closing at once would reset the
        // connection and take the close frame with it.
        co_await all_written();
        error_code ignored;
        socket_.shutdown(Socket::shutdown_send, ignored);
    }
    while (!peer_closed_ && socket_.is_open()) {
        if (deaf_) {
            buffer_.consume(buffer_.view().size());
        } else {
            static_cast<void>(take_buffered());
            if (peer_closed_) break;
        }
        const bool more = co_await receive();
        if (!more) break;
    }
    co_await all_written();
    cut();
}

Task<void> WebSocketSession::all_written() {
    while (writing_ && socket_.is_open()) {
        const auto woken = co_await flushed_.wait();
        static_cast<void>(woken);
    }
}

void WebSocketSession::sweep(TimePoint now) {
    if (now >= close_deadline_) return cut();
    if (now >= write_deadline_) {
        metrics_.hit(Limit::write_time);
        return cut();
    }
    if (!receiving_ || closing_) {
        heard_at_ = std::max(heard_at_, now);
        return;
    }
    if (ping_sent_ && now - heard_at_ >= config_.ping_interval + config_.pong_timeout) {
        metrics_.hit(Limit::pong_time);
        return cut();
    }
    if (!ping_sent_ && now - heard_at_ >= config_.ping_interval) {
        ping_sent_ = true;
        static_cast<void>(queue_frame(Opcode::ping, {}));
    }
}

WebSocketSession::TimePoint WebSocketSession::due_at() const {
    const auto silence =
        ping_sent_ ? config_.ping_interval + config_.pong_timeout : config_.ping_interval;
    return std::min({close_deadline_, write_deadline_, heard_at_ + silence});
}

void WebSocketSession::begin_stop() {
    stopping_ = true;
    error_code ignored;
    if (receiving_) socket_.cancel(ignored);
}

void WebSocketSession::cut() noexcept {
    error_code ignored;
    socket_.close(ignored);
    flushed_.notify_all();
}

}  // namespace baton::net
