#include "support/fault_proxy.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <limits>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace baton::test {
namespace {

constexpr std::size_t buffer_bytes_max = 256 * 1024;
constexpr auto never = std::numeric_limits<std::uint64_t>::max();

/// A descriptor and its owner.
class Socket final {
public:
    Socket() = default;
    explicit Socket(int descriptor) noexcept : descriptor_(descriptor) {}
    Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~Socket() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int get() const noexcept { return descriptor_; }
    [[nodiscard]] bool open() const noexcept { return descriptor_ >= 0; }
    /// The peer gets a reset instead of an end.
    void reset() noexcept {
        const linger now{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        ::close(std::exchange(descriptor_, -1));
    }

private:
    int descriptor_ = -1;
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

void set_no_delay(int descriptor) {
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// One direction of a connection.
struct Flow {
    std::string waiting;  ///< read and not written yet
    std::uint64_t written = 0;
    bool source_ended = false;
    bool end_told = false;

    [[nodiscard]] bool may_read() const {
        return !source_ended && waiting.size() < buffer_bytes_max;
    }
    /// False when the connection is broken.
    bool read_from(int source) {
        std::array<char, 65'536> block;
        const auto size = ::recv(source, block.data(), block.size(), MSG_DONTWAIT);
        if (size > 0) waiting.append(block.data(), static_cast<std::size_t>(size));
        if (size == 0) source_ended = true;
        return size >= 0 || errno == EAGAIN || errno == EINTR;
    }
    /// At most `bytes_max` at once. False when the connection is broken.
    bool write_to(int sink, std::size_t bytes_max) {
        if (!waiting.empty()) {
            const auto size = ::send(sink, waiting.data(), std::min(waiting.size(), bytes_max),
                MSG_DONTWAIT | MSG_NOSIGNAL);
            if (size < 0) return errno == EAGAIN || errno == EINTR;
            waiting.erase(0, static_cast<std::size_t>(size));
            written += static_cast<std::uint64_t>(size);
        }
        if (waiting.empty() && source_ended && !end_told) {
            ::shutdown(sink, SHUT_WR);
            end_told = true;
        }
        return true;
    }
};

/// A connection through the proxy. Closed by its end: nobody who was told all is reset.
struct Pair {
    enum class State { alive, over, broken };

    Socket client;
    Socket server;
    Flow up;    ///< client to server
    Flow down;  ///< server to client
    bool connecting = true;

    [[nodiscard]] short client_events() const {
        return static_cast<short>(
            (up.may_read() ? POLLIN : 0) | (down.waiting.empty() ? 0 : POLLOUT));
    }
    [[nodiscard]] short server_events() const {
        if (connecting) return POLLOUT;
        return static_cast<short>(
            (down.may_read() ? POLLIN : 0) | (up.waiting.empty() ? 0 : POLLOUT));
    }
    /// At most so many bytes to each side.
    State move(short client_ready, short server_ready, std::size_t up_max, std::size_t down_max) {
        if (connecting && server_ready != 0) {
            int failure = 0;
            socklen_t size = sizeof failure;
            ::getsockopt(server.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
            if (failure != 0) return State::broken;
            connecting = false;
        }
        constexpr short readable = POLLIN | POLLHUP | POLLERR;
        if ((client_ready & readable) != 0 && up.may_read() && !up.read_from(client.get())) {
            return State::broken;
        }
        if (connecting) return State::alive;
        if ((server_ready & readable) != 0 && down.may_read() && !down.read_from(server.get())) {
            return State::broken;
        }
        if (!up.write_to(server.get(), up_max) || !down.write_to(client.get(), down_max)) {
            return State::broken;
        }
        return up.end_told && down.end_told ? State::over : State::alive;
    }
    void reset() {
        if (client.open()) client.reset();
        if (server.open()) server.reset();
    }
};

}  // namespace

struct FaultProxy::Impl {
    Socket listener;
    Socket wake;
    std::uint16_t port = 0;
    std::mutex mutex;  ///< held by the thread except while it polls
    Link link = Link::pass;
    std::uint64_t bytes_to_target = 0;
    std::uint64_t hold_at = never;  ///< in bytes to the target
    std::uint16_t target = 0;
    bool stopping = false;
    std::list<Pair> pairs;
    std::thread thread;

    void run() {
        std::vector<pollfd> fds;
        std::unique_lock lock(mutex);
        while (!stopping) {
            watch(fds);
            lock.unlock();
            const int ready = ::poll(fds.data(), fds.size(), -1);
            lock.lock();
            if (ready < 0) continue;
            drain_wake(fds[0]);
            // What was polled under another state is looked at again.
            if (link == Link::hold || fds.size() != 2 + 2 * pairs.size()) continue;
            serve(fds);
            if (fds[1].revents != 0) accept_one();
        }
    }

    void watch(std::vector<pollfd>& fds) {
        const bool moving = link != Link::hold;
        fds.assign(
            {pollfd{wake.get(), POLLIN, 0}, pollfd{moving ? listener.get() : -1, POLLIN, 0}});
        for (const auto& pair : pairs) {
            const auto of = [&](const Socket& socket, short events) {
                return pollfd{moving && events != 0 ? socket.get() : -1, events, 0};
            };
            fds.push_back(of(pair.client, pair.client_events()));
            fds.push_back(of(pair.server, pair.server_events()));
        }
    }

    void drain_wake(const pollfd& fd) const {
        if (fd.revents == 0) return;
        std::uint64_t count = 0;
        static_cast<void>(!::read(wake.get(), &count, sizeof count));
    }

    void serve(const std::vector<pollfd>& fds) {
        const std::size_t bytes_max = link == Link::drip ? 1 : buffer_bytes_max;
        std::size_t at = 2;
        for (auto pair = pairs.begin(); pair != pairs.end() && link != Link::hold; at += 2) {
            const short client = fds[at].revents;
            const short server = fds[at + 1].revents;
            const auto state = (client | server) == 0 ? Pair::State::alive
                                                      : move(*pair, client, server, bytes_max);
            if (state == Pair::State::broken) pair->reset();
            pair = state == Pair::State::alive ? std::next(pair) : pairs.erase(pair);
        }
    }

    Pair::State move(Pair& pair, short client, short server, std::size_t bytes_max) {
        const auto up_max =
            static_cast<std::size_t>(std::min<std::uint64_t>(bytes_max, hold_at - bytes_to_target));
        const auto before = pair.up.written;
        const auto state = pair.move(client, server, up_max, bytes_max);
        bytes_to_target += pair.up.written - before;
        if (bytes_to_target == hold_at) link = Link::hold;
        return state;
    }

    void accept_one() {
        Pair pair;
        pair.client = Socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!pair.client.open()) return;
        if (link == Link::reset || target == 0) return pair.reset();
        pair.server = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const auto address = loopback(target);
        if (::connect(pair.server.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof address) != 0 &&
            errno != EINPROGRESS) {
            return pair.reset();
        }
        set_no_delay(pair.client.get());
        set_no_delay(pair.server.get());
        pairs.push_back(std::move(pair));
    }

    void rouse() const {
        const std::uint64_t one = 1;
        static_cast<void>(!::write(wake.get(), &one, sizeof one));
    }
};

FaultProxy::FaultProxy(std::uint16_t target) : impl_(std::make_unique<Impl>()) {
    const auto must = [](bool good, const char* what) {
        if (!good) throw std::system_error(errno, std::generic_category(), what);
    };
    impl_->target = target;
    impl_->wake = Socket(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    impl_->listener = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    must(impl_->wake.open() && impl_->listener.open(), "socket");
    auto address = loopback(0);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    must(::bind(impl_->listener.get(), plain, size) == 0, "bind");
    must(::listen(impl_->listener.get(), 128) == 0, "listen");
    must(::getsockname(impl_->listener.get(), plain, &size) == 0, "getsockname");
    impl_->port = ntohs(address.sin_port);
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

FaultProxy::~FaultProxy() {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->rouse();
    impl_->thread.join();
}

std::uint16_t FaultProxy::port() const noexcept { return impl_->port; }

std::size_t FaultProxy::clients() const {
    const std::lock_guard lock(impl_->mutex);
    return static_cast<std::size_t>(std::ranges::count_if(
        impl_->pairs, [](const Pair& pair) { return !pair.up.source_ended; }));
}

void FaultProxy::set_target(std::uint16_t port) {
    const std::lock_guard lock(impl_->mutex);
    impl_->target = port;
}

void FaultProxy::set_link(Link link) {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->link = link;
        impl_->hold_at = never;
        if (link == Link::reset) {
            for (auto& pair : impl_->pairs) pair.reset();
            impl_->pairs.clear();
        }
    }
    impl_->rouse();
}

void FaultProxy::hold_after(std::uint64_t bytes) {
    const std::lock_guard lock(impl_->mutex);
    impl_->hold_at = impl_->bytes_to_target + bytes;
    if (bytes == 0) impl_->link = Link::hold;
}

Link FaultProxy::link() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->link;
}

std::uint64_t FaultProxy::bytes_to_target() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->bytes_to_target;
}

}  // namespace baton::test
