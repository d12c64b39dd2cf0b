// Bytes into Request, without I/O. The grammar of the head is Beast's basic_parser; limits and
// framing are ours.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace baton::net {

/// Reads the requests of one connection, one after the other. After an error the connection is
/// lost: where the next request begins is unknown. Not thread-safe.
class RequestParser final {
public:
    struct Limits {
        std::size_t header_max =
            16'384;  ///< request line and fields; also chunk extensions and trailers
        std::size_t body_max = 16'777'216;
    };

    explicit RequestParser(Limits limits);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    /// Reads from the front of `data` and returns how many bytes it used. What it left must stand
    /// at the front of the next call's `data`. Fails: invalid_argument (syntax), header_too_large,
    /// payload_too_large (as soon as it is announced), unsupported (a transfer coding other than
    /// chunked).
    [[nodiscard]] Result<std::size_t> feed(std::string_view data);

    /// A whole request is there.
    [[nodiscard]] bool done() const noexcept;

    /// The head is complete, the body is not, and the client waits for `100 Continue` before it
    /// sends it.
    [[nodiscard]] bool expects_continue() const noexcept;

    /// Where the rest of a body of known length may be written directly; empty when it must go
    /// through `feed`. Memory is taken as bytes arrive, not as they are announced.
    [[nodiscard]] std::span<char> body_space();
    /// `size` bytes were written to the front of `body_space()`.
    void body_filled(std::size_t size) noexcept;

    /// Of the request being read, once its head is complete: the client wants to send another one.
    [[nodiscard]] bool keep_alive() const noexcept;
    /// HTTP/1.0: keeping the connection must be said.
    [[nodiscard]] bool is_http_1_0() const noexcept;

    /// Of the request being read, also after an error; empty until its first line is complete.
    [[nodiscard]] std::string_view target() const noexcept;

    /// Hands out the request (with `path` and `query` still empty) and begins the next one. Only
    /// when done().
    [[nodiscard]] Request take();

private:
    class Grammar;
    Limits limits_;
    std::unique_ptr<Grammar> grammar_;
};

}  // namespace baton::net
