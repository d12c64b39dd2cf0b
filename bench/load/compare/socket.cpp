#include "socket.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system.h"

namespace baton::bench {
namespace {

constexpr std::size_t read_size = 262'144;

[[noreturn]] void fail(std::string_view what) {
    throw Fault(std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

Socket::Socket(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
        throw Fault("no IPv4 address: " + host);
    }
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd_);
        fail("connect");
    }
    buffer_.resize(read_size);
}

Socket::~Socket() { ::close(fd_); }

void Socket::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) fail("send");
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

bool Socket::wait(int timeout_ms) {
    if (end_ > begin_) return true;
    ::pollfd poll{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&poll, 1, timeout_ms) > 0;
}

std::string_view Socket::line() {
    std::size_t looked_at = 0;
    while (true) {
        const std::string_view unread(buffer_.data() + begin_, end_ - begin_);
        const auto at = unread.find("\r\n", looked_at);
        if (at != std::string_view::npos) {
            begin_ += at + 2;
            return unread.substr(0, at);
        }
        looked_at = unread.empty() ? 0 : unread.size() - 1;
        need(unread.size() + 1);
    }
}

std::string_view Socket::bytes(std::size_t size) {
    need(size);
    const std::string_view found(buffer_.data() + begin_, size);
    begin_ += size;
    return found;
}

void Socket::need(std::size_t size) {
    if (end_ - begin_ >= size) return;
    // What was handed out is no longer in use, so the unread rest may move to the front.
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (buffer_.size() < size + read_size) buffer_.resize(size + read_size);
    while (end_ < size) {
        const auto got = ::recv(fd_, buffer_.data() + end_, buffer_.size() - end_, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail("recv");
        if (got == 0) throw Fault("the server closed the connection");
        end_ += static_cast<std::size_t>(got);
    }
}

}  // namespace baton::bench
