#include "net/request_parser.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <optional>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "net/chunk_reader.h"

namespace baton::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;
using beast::string_view;

// The first piece of memory for a body of known length; more follows as bytes arrive.
constexpr std::size_t body_step = 262'144;

Method to_method(http::verb verb) noexcept {
    switch (verb) {
        case http::verb::get: return Method::get;
        case http::verb::head: return Method::head;
        case http::verb::post: return Method::post;
        case http::verb::put: return Method::put;
        case http::verb::patch: return Method::patch;
        case http::verb::delete_: return Method::del;
        case http::verb::options: return Method::options;
        default: return Method::other;
    }
}

Error too_large(Errc code, std::string_view what, std::size_t limit) {
    return {.code = code,
        .detail =
            std::string(what) + " of the request exceeds " + std::to_string(limit) + " bytes"};
}

/// Beast's events of a head, written straight into a Request.
class MessageReader final : public http::basic_parser<true> {
public:
    Request request;
    std::optional<Error>
        failure;  ///< what a rule of ours found; Beast's own code is then meaningless
    std::size_t host_count = 0;
    int version = 11;
    bool expects_continue = false;

private:
    void refuse(Errc code, std::string detail, error_code& ec) {
        failure = Error{.code = code, .detail = std::move(detail)};
        ec = http::error::bad_field;
    }

    void on_request_impl(
        http::verb verb, string_view method, string_view target, int number, error_code&) override {
        request.method = to_method(verb);
        request.method_text.assign(method.data(), method.size());
        request.target.assign(target.data(), target.size());
        version = number;
    }

    void on_response_impl(int, string_view, int, error_code&) override {}

    void on_field_impl(
        http::field field, string_view name, string_view value, error_code& ec) override {
        if (field == http::field::host) ++host_count;
        if (field == http::field::expect && beast::iequals(value, "100-continue")) {
            expects_continue = version >= 11;
        }
        if (field == http::field::transfer_encoding && !beast::iequals(value, "chunked")) {
            return refuse(Errc::unsupported, "Transfer-Encoding knows `chunked` only", ec);
        }
        request.fields.add({name.data(), name.size()}, {value.data(), value.size()});
    }

    void on_header_impl(error_code& ec) override {
        if (version >= 11 && host_count != 1) {
            return refuse(Errc::invalid_argument, "HTTP/1.1 requires one Host field", ec);
        }
        if (version < 11 && chunked()) {
            return refuse(Errc::invalid_argument, "HTTP/1.0 knows no Transfer-Encoding", ec);
        }
    }

    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view, error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
    void on_finish_impl(error_code&) override {}
};

}  // namespace

/// One request on its way: first the head, then either a body of known length, which needs no
/// grammar, or chunks.
class RequestParser::Grammar {
public:
    explicit Grammar(const Limits& limits) : limits_(limits) { begin(); }

    void begin() {
        reader_.emplace();
        // Beast counts request line and fields apart; ours below counts them together.
        reader_->header_limit(std::numeric_limits<std::uint32_t>::max());
        reader_->body_limit(limits_.body_max);
        head_bytes_ = body_length_ = body_received_ = 0;
        phase_ = Phase::head;
    }

    Result<std::size_t> feed(std::string_view data) {
        std::size_t used = 0;
        if (phase_ == Phase::head) {
            BATON_TRY(used, read_head(data));
        }
        if (phase_ == Phase::sized_body) {
            const auto space = body_space();
            const auto size = std::min(space.size(), data.size() - used);
            std::copy_n(data.data() + used, size, space.data());
            body_filled(size);
            used += size;
        }
        if (phase_ == Phase::chunks && used < data.size()) {
            BATON_TRY(const auto size, chunks_.feed(data.substr(used), reader_->request.body));
            used += size;
            if (chunks_.done()) phase_ = Phase::done;
        }
        return used;
    }

    std::span<char> body_space() {
        if (phase_ != Phase::sized_body) return {};
        auto& body = reader_->request.body;
        if (body_received_ == body.size()) {
            const auto size = std::min(body_length_, std::max(body_step, body.size() * 2));
            // g++ 12 hands its new capacity to the callback instead of the size.
            body.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
        }
        return {body.data() + body_received_, body.size() - body_received_};
    }

    void body_filled(std::size_t size) noexcept {
        body_received_ += size;
        if (body_received_ == body_length_) phase_ = Phase::done;
    }

    bool done() const noexcept { return phase_ == Phase::done; }
    bool expects_continue() const noexcept {
        const bool waits = (phase_ == Phase::sized_body && body_received_ == 0) ||
                           (phase_ == Phase::chunks && reader_->request.body.empty());
        return waits && reader_->expects_continue;
    }
    bool keep_alive() const noexcept { return reader_->keep_alive(); }
    bool is_http_1_0() const noexcept { return reader_->version < 11; }
    std::string_view target() const noexcept { return reader_->request.target; }
    Request take() { return std::move(reader_->request); }

private:
    enum class Phase : std::uint8_t { head, sized_body, chunks, done };

    Result<std::size_t> read_head(std::string_view data) {
        std::size_t used = 0;
        // A client may send an empty line too many after a body (RFC 9112, 2.2).
        while (!reader_->got_some() && data.substr(used).starts_with("\r\n")) used += 2;
        if (!reader_->got_some() && data.substr(used) == "\r") return used;
        error_code ec;
        used += reader_->put(asio_buffer(data.substr(used)), ec);
        head_bytes_ += used;
        if (ec == http::error::need_more) {
            if (head_bytes_ + (data.size() - used) >= limits_.header_max) return head_too_large();
            return used;
        }
        if (head_bytes_ > limits_.header_max) return head_too_large();
        if (ec) return fail(to_error(ec));
        begin_body();
        return used;
    }

    void begin_body() {
        if (reader_->is_done()) {
            phase_ = Phase::done;
        } else if (reader_->chunked()) {
            chunks_ =
                ChunkReader({.overhead_max = limits_.header_max, .body_max = limits_.body_max});
            phase_ = Phase::chunks;
        } else {
            body_length_ = static_cast<std::size_t>(reader_->content_length().value_or(0));
            phase_ = Phase::sized_body;
        }
    }

    Error to_error(error_code ec) {
        if (ec == http::error::body_limit) {
            return too_large(Errc::payload_too_large, "the body", limits_.body_max);
        }
        if (reader_->failure) return *std::move(reader_->failure);
        return {.code = Errc::invalid_argument,
            .detail = "malformed HTTP request: " + ec.message() + " after " +
                      std::to_string(head_bytes_) + " bytes"};
    }

    std::unexpected<Error> head_too_large() const {
        return fail(too_large(Errc::header_too_large, "the head", limits_.header_max));
    }

    static boost::asio::const_buffer asio_buffer(std::string_view data) {
        return {data.data(), data.size()};
    }

    Limits limits_;
    std::optional<MessageReader> reader_;
    ChunkReader chunks_{{}};
    std::size_t head_bytes_ = 0;
    std::size_t body_length_ = 0;
    std::size_t body_received_ = 0;
    Phase phase_ = Phase::head;
};

RequestParser::RequestParser(Limits limits)
    : limits_(limits), grammar_(std::make_unique<Grammar>(limits)) {}
RequestParser::~RequestParser() = default;

Result<std::size_t> RequestParser::feed(std::string_view data) { return grammar_->feed(data); }
bool RequestParser::done() const noexcept { return grammar_->done(); }
bool RequestParser::expects_continue() const noexcept { return grammar_->expects_continue(); }
std::span<char> RequestParser::body_space() { return grammar_->body_space(); }
void RequestParser::body_filled(std::size_t size) noexcept { grammar_->body_filled(size); }
bool RequestParser::keep_alive() const noexcept { return grammar_->keep_alive(); }
bool RequestParser::is_http_1_0() const noexcept { return grammar_->is_http_1_0(); }
std::string_view RequestParser::target() const noexcept { return grammar_->target(); }

Request RequestParser::take() {
    assert(done());
    Request request = grammar_->take();
    grammar_->begin();
    return request;
}

}  // namespace baton::net
