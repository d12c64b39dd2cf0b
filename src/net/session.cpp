#include "net/session.h"

#include <array>
#include <cerrno>
#include <exception>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>

namespace baton::net {
namespace {

using boost::system::error_code;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
// Up to here copying into the head's string is cheaper than a second element of the write.
constexpr std::size_t inline_body_max = 4'096;
// What a client may still send into a connection that was answered with an error. Closing while its
// bytes arrive would reset the connection and take the answer with it.
constexpr std::size_t linger_bytes_max = 64 * 1024 * 1024;

std::string peer_name(const Session::Socket& socket) {
    error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error) return {};
    const auto address = peer.address().to_string();
    const auto port = std::to_string(peer.port());
    return peer.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

std::array<asio::const_buffer, 2> rest_of(
    std::string_view head, std::string_view body, std::size_t sent) {
    const std::size_t of_head = std::min(sent, head.size());
    const std::size_t of_body = sent - of_head;
    return {asio::buffer(head.substr(of_head)), asio::buffer(body.substr(of_body))};
}

}  // namespace

Session::Session(Socket socket, ServerContext& context, const std::string& date)
    : socket_(std::move(socket)),
      context_(context),
      date_(date),
      peer_(peer_name(socket_)),
      parser_({.header_max = context.config.header_max, .body_max = context.config.body_max}) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
}

Task<void> Session::serve() {
    bool again = true;
    while (again) {
        auto whole = co_await read_request();
        if (!whole) {
            count_limit(whole.error().code);
            co_await refuse(std::move(whole).error());
            co_return;
        }
        if (!*whole) break;
        HeadOptions options{.close = !parser_.keep_alive(), .is_http_1_0 = parser_.is_http_1_0()};
        Request request = parser_.take();
        const bool head_only = request.method == Method::head;
        Response response = co_await answer(std::move(request));
        if (response.web_socket && options.is_http_1_0) {
            const Error error{
                .code = Errc::invalid_argument, .detail = "HTTP/1.0 knows no WebSockets"};
            response = context_.format_error(error, target_);
        }
        if (response.web_socket) {
            co_await serve_web_socket(response);
            co_return;
        }
        options.close = options.close || response.close || stopping_;
        bool sent = false;
        if (response.stream && !head_only) {
            sent = co_await write_stream(response, options);
        } else {
            sent = co_await write(response, options, head_only);
        }
        options.close = options.close || stopping_;
        if (sent && options.close && has_unread()) co_await linger();
        again = sent && !options.close;
    }
    close();
}

bool Session::has_unread() const {
    error_code ignored;
    return !buffer_.empty() || socket_.available(ignored) > 0;
}

Task<void> Session::refuse(Error error) {
    Response response = context_.format_error(error, parser_.target());
    const HeadOptions options{.close = true};
    const bool sent = co_await write(response, options, false);
    if (sent) co_await linger();
    close();
}

void Session::enter(Phase phase, std::chrono::milliseconds limit) {
    phase_ = phase;
    deadline_ = Deadline::after(limit).at();
}

Result<bool> Session::parse() {
    BATON_TRY(const auto used, parser_.feed(buffer_.view()));
    buffer_.consume(used);
    return parser_.done();
}

/// True: a whole request waits in the parser. False: the connection is over, with nothing to say.
Task<Result<bool>> Session::read_request() {
    enter(Phase::idle, context_.config.idle_timeout);
    timed_out_ = false;
    bool continued = false;
    buffer_.shrink();
    while (true) {
        if (!buffer_.empty()) {
            BATON_CO_TRY(const bool whole, parse());
            if (whole) co_return true;
            if (phase_ == Phase::idle) enter(Phase::reading, context_.config.request_timeout);
            if (!continued && parser_.expects_continue()) {
                continued = true;
                send_continue();
            }
        }
        if (stopping_ && phase_ == Phase::idle) co_return false;
        const auto body = parser_.body_space();
        const auto space = body.empty() ? buffer_.space() : body;
        const auto target = asio::buffer(space.data(), space.size());
        const auto [error, size] = co_await socket_.async_read_some(target, use_tuple);
        if (timed_out_) co_return fail(Errc::request_timeout, "the request did not arrive in time");
        if (error) co_return false;
        if (body.empty()) {
            buffer_.filled(size);
            continue;
        }
        parser_.body_filled(size);
        if (parser_.done()) co_return true;
    }
}

/// Few bytes into an empty send buffer: they go at once, and a client that does not get them sends
/// its body after a while anyway.
void Session::send_continue() {
    constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
    error_code ignored;
    socket_.write_some(asio::buffer(interim), ignored);
}

Task<Response> Session::answer(Request request) {
    request.peer = peer_;
    target_ = request.target;  // the handler takes the request away
    const auto parsed = parse_target(request.target, request);
    if (!parsed) co_return context_.format_error(parsed.error(), request.target);
    phase_ = Phase::handling;
    pipelined_ = false;
    std::exception_ptr failure;
    try {
        Response response = co_await context_.handler(std::move(request));
        co_return response;
    } catch (...) {
        failure = std::current_exception();
    }
    co_await note_failure(failure);
    const Error error{.code = Errc::internal, .detail = "the server failed to answer"};
    co_return context_.format_error(error, target_);
}

/// False: the peer did not take the answer.
Task<bool> Session::write(const Response& response, HeadOptions options, bool head_only) {
    context_.metrics.answered(response.status);
    options.date = date_;
    out_.clear();
    append_head(out_, response, options);
    std::string_view body = response.body;
    if (head_only || !may_have_body(response.status)) body = {};
    if (body.size() <= inline_body_max) {
        out_ += body;
        body = {};
    }
    enter(Phase::writing, context_.config.write_timeout);
    error_code error;
    const std::size_t sent = socket_.write_some(rest_of(out_, body, 0), error);
    if (error && error != asio::error::would_block) co_return false;
    if (sent == out_.size() + body.size()) co_return true;
    const bool done = co_await write_rest(body, sent);
    co_return done;
}

Task<bool> Session::write_rest(std::string_view body, std::size_t sent) {
    while (sent < out_.size() + body.size()) {
        const auto rest = rest_of(out_, body, sent);
        const auto [error, size] = co_await socket_.async_write_some(rest, use_tuple);
        if (error) co_return false;
        sent += size;
    }
    co_return true;
}

/// Lets the client read the answer before the connection goes: ends sending, then throws away what
/// comes until the client ends too.
Task<void> Session::linger() {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    enter(Phase::lingering, context_.config.linger_timeout);
    std::size_t left = linger_bytes_max;
    buffer_.consume(buffer_.view().size());
    const auto space = buffer_.space();
    const auto target = asio::buffer(space.data(), space.size());
    while (left > 0) {
        const auto [error, size] = co_await socket_.async_read_some(target, use_tuple);
        if (error) break;
        left -= std::min(left, size);
    }
}

Session::TimePoint Session::sweep(TimePoint now) {
    const TimePoint calm = now + calm_interval;
    if (web_socket_) {
        web_socket_->sweep(now);
        return std::min(calm, web_socket_->due_at());
    }
    if (phase_ == Phase::handling) {
        watch();
        return watching_ ? calm : now;
    }
    if (now < deadline_) {
        const bool quiet =
            phase_ == Phase::idle && deadline_ - now < context_.config.idle_timeout - calm_interval;
        return quiet ? std::min(calm, deadline_) : now;
    }
    if (phase_ == Phase::reading) {
        // The reader wakes up and answers 408.
        timed_out_ = true;
        deadline_ = TimePoint::max();
        error_code ignored;
        socket_.cancel(ignored);
        return now;
    }
    if (phase_ == Phase::writing) context_.metrics.hit(Limit::write_time);
    close();
    return now;
}

void Session::begin_stop() {
    stopping_ = true;
    if (web_socket_) web_socket_->begin_stop();
    if (phase_ == Phase::idle) close();
}

void Session::close() noexcept {
    if (web_socket_) web_socket_->cut();
    error_code ignored;
    socket_.close(ignored);
}

/// A handler at work is not worth a system call until it has lasted a sweep; then one wait for
/// readability tells when the client leaves.
void Session::watch() {
    if (pipelined_) {
        ::pollfd poll{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
        if (::poll(&poll, 1, 0) > 0 && cancel_) cancel_();
        return;
    }
    if (watching_) return;
    watching_ = true;
    const auto done = [self = shared_from_this()](
                          const error_code& error) { self->on_readable(error); };
    socket_.async_wait(Socket::wait_read, done);
}

/// Readable means gone only if there is nothing to read. The wait may outlive the request it began
/// with; what the socket says now is true all the same.
void Session::on_readable(const error_code& error) {
    watching_ = false;
    if (error || phase_ != Phase::handling) return;
    char byte = 0;
    const auto size = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    pipelined_ = size > 0;
    const bool gone = size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
    if (gone && cancel_) cancel_();
}

void Session::count_limit(Errc code) {
    if (code == Errc::header_too_large) context_.metrics.hit(Limit::header);
    if (code == Errc::payload_too_large) context_.metrics.hit(Limit::body);
    if (code == Errc::request_timeout) context_.metrics.hit(Limit::request_time);
}

}  // namespace baton::net
