#include "support/raw_http.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace baton::test {
namespace {

constexpr int patience_ms = 10'000;

[[noreturn]] void fail_with_errno(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

bool wait_for(int descriptor, short events, int timeout_ms) {
    ::pollfd poll{.fd = descriptor, .events = events, .revents = 0};
    return ::poll(&poll, 1, timeout_ms) > 0;
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

}  // namespace

RawConnection RawConnection::unconnected() {
    return RawConnection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

RawConnection RawConnection::connect(std::uint16_t port) {
    auto connection = unconnected();
    connection.connect_to(port);
    return connection;
}

void RawConnection::connect_to(std::uint16_t port) {
    const auto address = loopback(port);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(descriptor_, generic, sizeof address) != 0) fail_with_errno("connect");
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawConnection::~RawConnection() { close(); }

RawConnection::RawConnection(RawConnection&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), unread_(std::move(other.unread_)) {}

void RawConnection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        if (!wait_for(descriptor_, POLLOUT, patience_ms))
            throw std::runtime_error("send: peer is stuck");
        const auto size =
            ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN) continue;
        if (size < 0) fail_with_errno("send");
        bytes.remove_prefix(static_cast<std::size_t>(size));
    }
}

std::size_t RawConnection::send_until_stuck(
    std::string_view block, std::size_t bytes_max, std::chrono::milliseconds patience) {
    std::size_t sent = 0;
    while (sent < bytes_max && wait_for(descriptor_, POLLOUT, static_cast<int>(patience.count()))) {
        const auto rest = block.substr(sent % block.size());
        const auto size = ::send(descriptor_, rest.data(), std::min(rest.size(), bytes_max - sent),
            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno != EAGAIN) break;
        if (size > 0) sent += static_cast<std::size_t>(size);
    }
    return sent;
}

bool RawConnection::read_some() {
    if (!wait_for(descriptor_, POLLIN, patience_ms))
        throw std::runtime_error("read: nothing comes");
    std::array<char, 65'536> piece{};
    const auto size = ::recv(descriptor_, piece.data(), piece.size(), 0);
    if (size <= 0) return false;
    unread_.append(piece.data(), static_cast<std::size_t>(size));
    return true;
}

std::string RawConnection::take(std::size_t size) {
    while (unread_.size() < size) {
        if (!read_some()) throw std::runtime_error("read: the peer closed after `" + unread_ + "`");
    }
    auto out = unread_.substr(0, size);
    unread_.erase(0, size);
    return out;
}

std::string RawConnection::read_until(std::string_view end) {
    while (true) {
        const auto found = unread_.find(end);
        if (found != std::string::npos) return take(found + end.size());
        if (!read_some()) throw std::runtime_error("read: the peer closed after `" + unread_ + "`");
    }
}

RawResponse RawConnection::read_response(bool head_only) {
    RawResponse response;
    response.head = read_until("\r\n\r\n");
    if (response.head.size() > 12) response.status = std::atoi(response.head.c_str() + 9);
    std::size_t begin = response.head.find("\r\n") + 2;
    while (begin < response.head.size() - 2) {
        const auto end = response.head.find("\r\n", begin);
        const auto colon = response.head.find(": ", begin);
        auto name = response.head.substr(begin, colon - begin);
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
        response.fields[name] = response.head.substr(colon + 2, end - colon - 2);
        begin = end + 2;
    }
    if (!head_only)
        response.body = take(std::strtoul(response.fields["content-length"].c_str(), nullptr, 10));
    return response;
}

std::string RawConnection::read_to_end() {
    while (read_some()) {
    }
    return std::exchange(unread_, {});
}

bool RawConnection::readable_within(std::chrono::milliseconds patience) const {
    return !unread_.empty() || wait_for(descriptor_, POLLIN, static_cast<int>(patience.count()));
}

void RawConnection::shutdown_send() { ::shutdown(descriptor_, SHUT_WR); }

void RawConnection::close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void RawConnection::reset() {
    const ::linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

RawListener::RawListener(std::uint16_t port)
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;  // a port that was just used is free again
    ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    auto address = loopback(port);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(descriptor_, generic, sizeof address) != 0) fail_with_errno("bind");
    if (::listen(descriptor_, 64) != 0) fail_with_errno("listen");
    socklen_t size = sizeof address;
    ::getsockname(descriptor_, generic, &size);
    port_ = ntohs(address.sin_port);
}

RawListener::~RawListener() { ::close(descriptor_); }

RawConnection RawListener::accept() {
    if (!wait_for(descriptor_, POLLIN, patience_ms))
        throw std::runtime_error("accept: nobody comes");
    return RawConnection(::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC));
}

}  // namespace baton::test
