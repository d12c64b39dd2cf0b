// TCP peers that say exactly what a test wants, byte by byte: for rules no well-behaved library can
// break.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace baton::test {

/// An answer as it came. Field names are lower case; of a repeated field the last one counts.
struct RawResponse {
    int status = 0;
    std::map<std::string, std::string> fields;
    std::string body;
    std::string head;
};

/// A blocking connection. Every wait ends after ten seconds with an exception, so a test fails and
/// does not hang.
class RawConnection final {
public:
    /// Connects to 127.0.0.1.
    static RawConnection connect(std::uint16_t port);
    /// A socket that `connect_to` makes a connection, for tests that must own the descriptor
    /// before.
    static RawConnection unconnected();
    void connect_to(std::uint16_t port);
    explicit RawConnection(int descriptor) noexcept : descriptor_(descriptor) {}
    ~RawConnection();
    RawConnection(RawConnection&& other) noexcept;
    RawConnection& operator=(RawConnection&&) = delete;

    /// Sends all of it. Throws when the peer is gone.
    void send(std::string_view bytes);
    /// Sends `block` again and again, until nothing could be sent for `patience` or `bytes_max`
    /// were. Returns how many bytes went.
    std::size_t send_until_stuck(
        std::string_view block, std::size_t bytes_max, std::chrono::milliseconds patience);

    /// Reads one answer with Content-Length; `head_only`: it has no body (HEAD, 1xx, 204, 304).
    RawResponse read_response(bool head_only = false);
    /// Reads up to and with `end`. Throws when the peer closes before.
    std::string read_until(std::string_view end);
    /// Reads this many bytes. Throws when the peer closes before.
    std::string take(std::size_t size);
    /// Reads until the peer closes or resets.
    std::string read_to_end();
    /// Whether something can be read (also the end) within `patience`.
    bool readable_within(std::chrono::milliseconds patience) const;

    void shutdown_send();
    void close();
    /// Closes so that the peer gets a reset.
    void reset();

private:
    bool read_some();

    int descriptor_;
    std::string unread_;
};

/// A listening socket on 127.0.0.1 and any free port.
class RawListener final {
public:
    /// 0: any free port.
    explicit RawListener(std::uint16_t port = 0);
    ~RawListener();
    RawListener(const RawListener&) = delete;
    RawListener& operator=(const RawListener&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    RawConnection accept();

private:
    int descriptor_;
    std::uint16_t port_;
};

}  // namespace baton::test
