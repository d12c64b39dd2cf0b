#include "net/curl_poller.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <curl/curl.h>

namespace baton::net {
namespace {

using TimePoint = CurlPoller::TimePoint;

// A nap's length bounds what a lost wake-up could cost; none is known to be lost.
constexpr std::chrono::milliseconds nap_max{60'000};

int milliseconds_until(TimePoint end) {
    const auto left = end - std::chrono::steady_clock::now();
    const auto nap = std::min<TimePoint::duration>(left, nap_max);
    const auto count = std::chrono::ceil<std::chrono::milliseconds>(nap).count();
    return static_cast<int>(std::max<std::int64_t>(count, 0));
}

int to_curl_flags(std::uint32_t events) noexcept {
    return ((events & EPOLLIN) ? CURL_CSELECT_IN : 0) |
           ((events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
           ((events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
}

}  // namespace

struct CurlPoller::Impl {
    CURLM* multi;
    int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    std::atomic<bool> woken = false;  ///< spares the system call while a wake-up is on its way
    TimePoint curl_timer = TimePoint::max();

    explicit Impl(CURLM* handle) : multi(handle) {
        control(EPOLL_CTL_ADD, event, EPOLLIN);
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    }
    ~Impl() {
        // Curl still closes its idle connections when the multi handle goes.
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, nullptr);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, nullptr);
        ::close(event);
        ::close(epoll);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void control(int verb, int descriptor, std::uint32_t events) const {
        ::epoll_event wanted{.events = events, .data = {.fd = descriptor}};
        ::epoll_ctl(epoll, verb, descriptor, &wanted);
    }

    void hear_wake() {
        std::uint64_t ignored = 0;
        static_cast<void>(::read(event, &ignored, sizeof ignored));
        woken = false;
    }

    static int on_socket(CURL*, curl_socket_t socket, int wanted, void* self, void* known) {
        const auto& impl = *static_cast<Impl*>(self);
        if (wanted == CURL_POLL_REMOVE) {
            impl.control(EPOLL_CTL_DEL, socket, 0);
            curl_multi_assign(impl.multi, socket, nullptr);
            return 0;
        }
        const auto events = ((wanted & CURL_POLL_IN) ? std::uint32_t{EPOLLIN} : 0U) |
                            ((wanted & CURL_POLL_OUT) ? std::uint32_t{EPOLLOUT} : 0U);
        impl.control(known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, events);
        curl_multi_assign(impl.multi, socket, self);
        return 0;
    }

    static int on_timer(CURLM*, long timeout_ms, void* self) {
        const auto now = std::chrono::steady_clock::now();
        const auto end = now + std::chrono::milliseconds(timeout_ms);
        static_cast<Impl*>(self)->curl_timer = timeout_ms < 0 ? TimePoint::max() : end;
        return 0;
    }
};

CurlPoller::CurlPoller(MultiHandle multi) : impl_(std::make_unique<Impl>(multi)) {}
CurlPoller::~CurlPoller() = default;

void CurlPoller::work(TimePoint until) {
    std::array<::epoll_event, 64> events{};
    const int nap_ms = milliseconds_until(std::min(until, impl_->curl_timer));
    const int count =
        ::epoll_wait(impl_->epoll, events.data(), static_cast<int>(events.size()), nap_ms);
    int running = 0;
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == impl_->event) {
            impl_->hear_wake();
        } else {
            const int flags = to_curl_flags(event.events);
            curl_multi_socket_action(impl_->multi, event.data.fd, flags, &running);
        }
    }
    if (impl_->curl_timer > std::chrono::steady_clock::now()) return;
    impl_->curl_timer = TimePoint::max();
    curl_multi_socket_action(impl_->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

void CurlPoller::wake() noexcept {
    if (impl_->woken.exchange(true)) return;
    const std::uint64_t one = 1;
    static_cast<void>(::write(impl_->event, &one, sizeof one));
}

}  // namespace baton::net
