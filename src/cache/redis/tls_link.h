// TLS over a socket that is connected. Every wait ends at a time that the caller gives.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

struct ssl_ctx_st;  // NOLINT(readability-identifier-naming): the library's name
struct ssl_st;      // NOLINT(readability-identifier-naming): the library's name

namespace baton::cache {

struct TlsStateCloser {
    void operator()(ssl_st* state) const noexcept;
};

/// Blocking, one thread at a time. After a failure it is of no use any more. All that may block
/// fails with unavailable (too late, hung up, not TLS) and permission_denied: the server's
/// certificate does not fit, or it does not take ours, which with TLS 1.3 is heard at the first
/// read only.
class TlsLink final {
public:
    /// `socket` stays the caller's, who closes it after this. `name`: a name or address that the
    /// server's certificate must be of.
    [[nodiscard]] static Result<std::unique_ptr<TlsLink>> shake_hands(
        ssl_ctx_st& context, int socket, const std::string& name, SteadyTime deadline);

    /// When the server has hung up, only the next read fails, and knows what was said before.
    [[nodiscard]] Result<void> write(std::string_view bytes, SteadyTime deadline);

    /// At least one byte; good until the next call.
    [[nodiscard]] Result<std::string_view> read(SteadyTime deadline);

    /// Whether nothing waits to be read but messages of TLS itself, less than 16 KiB of them, and
    /// nobody has hung up. Does not block. After false it is of no use any more.
    [[nodiscard]] bool is_idle() noexcept;

private:
    TlsLink(ssl_ctx_st& context, int socket, std::string name);

    [[nodiscard]] Result<int> run(const std::function<int()>& step, SteadyTime deadline);
    [[nodiscard]] Result<void> flush(SteadyTime deadline);
    [[nodiscard]] Result<void> receive(SteadyTime deadline);
    [[nodiscard]] Error failure() const;

    const int socket_;
    const std::string name_;
    std::unique_ptr<ssl_st, TlsStateCloser> state_;
    std::array<char, 16'384> buffer_;  // a record of TLS holds no more
};

}  // namespace baton::cache
