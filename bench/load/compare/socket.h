// A blocking TCP connection with a read buffer, for the protocols that are spoken by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace baton::bench {

class Socket final {
public:
    Socket(const std::string& host, std::uint16_t port);
    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    void write(std::string_view bytes);
    /// Whether there is something to read, now or within `timeout_ms`.
    bool wait(int timeout_ms);
    /// The next line without its CRLF. Valid until the next read.
    std::string_view line();
    /// Exactly `size` bytes. Valid until the next read.
    std::string_view bytes(std::size_t size);

private:
    /// Makes `size` unread bytes available.
    void need(std::size_t size);

    int fd_ = -1;
    std::string buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace baton::bench
