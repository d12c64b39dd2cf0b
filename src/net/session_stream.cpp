// The answers that are more than one write: bodies that come in pieces, and WebSockets.
#include <array>
#include <charconv>
#include <exception>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "net/session.h"

namespace baton::net {
namespace {

std::string describe(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "no std::exception";
    }
}

bool is_aborted(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

// Up to here copying a piece behind its head is cheaper than a second element of the write.
constexpr std::size_t inline_piece_max = 4'096;

void append_chunk_head(std::string& out, std::size_t size) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    out.append(digits.data(), end);
    out += "\r\n";
}

}  // namespace

/// A body on its way out. Between the pieces the session counts as handling: nothing but the
/// client's leaving ends it.
class Session::StreamedBody final : public BodyStream {
public:
    StreamedBody(Session& session, const Response& announced, HeadOptions options)
        : session_(session), announced_(announced), options_(options), chunked_(options.chunked) {}

    Task<bool> write(std::string piece) override {
        if (piece.empty() || failed_ || replaced_) co_return !failed_;
        begin();
        if (chunked_) {
            append_chunk_head(session_.out_, piece.size());
            piece += "\r\n";
        }
        if (piece.size() <= inline_piece_max) session_.out_ += std::exchange(piece, {});
        const bool sent = co_await flush(piece);
        co_return sent;
    }

    Task<bool> answer_instead(Response response) override {
        if (began_ || failed_) co_return false;
        began_ = replaced_ = true;
        for (const auto& [name, value] : announced_.fields.all()) {
            if (!response.fields.has(name)) response.fields.add(name, value);
        }
        HeadOptions options = options_;
        options.chunked = options.until_close = false;
        const bool sent = co_await session_.write(response, options, false);
        session_.phase_ = Phase::handling;
        failed_ = !sent;
        co_return sent;
    }

    /// What is left to send at the end of the task. False: the connection can't be used any more.
    Task<bool> end() {
        if (failed_) co_return false;
        if (replaced_) co_return true;
        begin();
        if (chunked_) session_.out_ += "0\r\n\r\n";
        const bool sent = co_await flush({});
        co_return sent&& chunked_;
    }

    [[nodiscard]] bool stopping() const override { return session_.stopping_; }

private:
    /// An empty `out_`, or one with the head when this is the first of the answer.
    void begin() {
        session_.out_.clear();
        if (std::exchange(began_, true)) return;
        session_.context_.metrics.answered(announced_.status);
        append_head(session_.out_, announced_, options_);
    }

    /// Sends what stands in the session's `out_`, then `rest`.
    Task<bool> flush(std::string_view rest) {
        session_.enter(Phase::writing, session_.context_.config.write_timeout);
        const bool sent = co_await session_.write_rest(rest, 0);
        session_.phase_ = Phase::handling;
        failed_ = failed_ || !sent;
        co_return sent;
    }

    Session& session_;
    const Response& announced_;
    HeadOptions options_;
    bool chunked_;
    bool began_ = false;     ///< the head has gone
    bool replaced_ = false;  ///< another answer has gone in its place
    bool failed_ = false;
};

/// False: the connection can't be used any more; in HTTP/1.0 its end is the body's.
Task<bool> Session::write_stream(const Response& response, HeadOptions options) {
    options.date = date_;
    options.chunked = !options.is_http_1_0;
    options.until_close = options.is_http_1_0;
    options.close = options.close || options.is_http_1_0;
    StreamedBody body(*this, response, options);
    std::exception_ptr failure;
    try {
        co_await response.stream(body);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        co_await note_failure(failure);
        co_return false;
    }
    const bool sent = co_await body.end();
    co_return sent;
}

Task<void> Session::serve_web_socket(const Response& response) {
    context_.metrics.answered(response.status);
    out_.clear();
    append_head(out_, response, {.date = date_});
    enter(Phase::writing, context_.config.write_timeout);
    const bool sent = co_await write_rest({}, 0);
    if (!sent) co_return;
    const auto socket = std::make_shared<WebSocketSession>(
        std::move(socket_), std::move(buffer_), context_.config.web_socket, context_.metrics);
    web_socket_ = socket;
    if (stopping_) socket->begin_stop();
    std::exception_ptr failure;
    try {
        co_await response.web_socket(*socket);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        co_await note_failure(failure);
        socket->close(CloseCode::internal_error, "the server failed");
    }
    co_await socket->finish();
}

Task<void> Session::note_failure(std::exception_ptr failure) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) std::rethrow_exception(failure);
    // Handlers that feed a client which is gone give up like this: nobody has to act.
    if (is_aborted(failure)) {
        context_.log.debug("a request handler gave up");
        co_return;
    }
    context_.log.error("a request handler failed", {{"error", describe(failure)}});
}

}  // namespace baton::net
