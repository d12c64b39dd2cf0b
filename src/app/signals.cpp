#include "app/signals.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <limits>
#include <memory>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace baton::app {
namespace {

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    return set;
}

std::system_error last_error(const char* what) { return {errno, std::generic_category(), what}; }

/// Waits until one of the descriptors can be read; false when the time is over.
template <std::size_t size>
bool await_any(std::array<pollfd, size>& fds, std::chrono::milliseconds limit) {
    const auto limit_ms = std::min<std::int64_t>(limit.count(), std::numeric_limits<int>::max());
    int ready = 0;
    while ((ready = ::poll(fds.data(), fds.size(), static_cast<int>(limit_ms))) < 0) {
        if (errno != EINTR) throw last_error("poll");
    }
    return ready > 0;
}

}  // namespace

Signals::Signals() {
    const auto set = handled_signals();
    std::signal(SIGPIPE, SIG_IGN);
    if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) throw last_error("pthread_sigmask");
    fd_ = ::signalfd(-1, &set, SFD_CLOEXEC);
    if (fd_ < 0) throw last_error("signalfd");
}

Signals::~Signals() { ::close(fd_); }

int Signals::wait() {
    signalfd_siginfo info{};
    while (::read(fd_, &info, sizeof info) != sizeof info) {
        if (errno != EINTR) throw last_error("signalfd");
    }
    return static_cast<int>(info.ssi_signo);
}

std::optional<int> Signals::wait_for(std::chrono::milliseconds limit) {
    std::array<pollfd, 1> fds{pollfd{fd_, POLLIN, 0}};
    return await_any(fds, limit) ? std::optional(wait()) : std::nullopt;
}

std::optional<int> Signals::wait_beside(std::function<void()> work, Deadline limit) {
    const int done = ::eventfd(0, EFD_CLOEXEC);
    if (done < 0) throw last_error("eventfd");
    std::thread worker([work = std::move(work), done] {
        work();
        ::eventfd_write(done, 1);
    });
    std::array<pollfd, 2> fds{pollfd{done, POLLIN, 0}, pollfd{fd_, POLLIN, 0}};
    while (true) {
        const bool is_in_time = await_any(fds, limit.remaining());
        if (fds[0].revents != 0) break;
        if (!is_in_time && !limit.expired()) continue;
        const int signal = is_in_time ? wait() : SIGALRM;
        if (signal == SIGHUP) continue;  // a reload makes no sense on the way out
        worker.detach();
        return signal;
    }
    worker.join();
    ::close(done);
    return std::nullopt;
}

}  // namespace baton::app
