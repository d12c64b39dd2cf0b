#include "net/curl_poller.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace baton::net {
namespace {

// A nap's length bounds what a lost wake-up could cost; none is known to be lost.
constexpr std::chrono::milliseconds nap_max{60'000};

}  // namespace

CurlPoller::CurlPoller(CURLM* multi)
    : multi_(multi), epoll_(::epoll_create1(EPOLL_CLOEXEC)), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    ::epoll_event event{.events = EPOLLIN, .data = {.fd = event_}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &event);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlPoller::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlPoller::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlPoller::~CurlPoller() {
    // Curl still closes its idle connections when the multi handle goes.
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
    ::close(event_);
    ::close(epoll_);
}

void CurlPoller::work(TimePoint until) {
    const auto now = std::chrono::steady_clock::now();
    const auto end = std::min({until, curl_timer_, now + nap_max});
    const auto nap = std::chrono::ceil<std::chrono::milliseconds>(end - now);
    std::array<::epoll_event, 64> events{};
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
        static_cast<int>(std::max<std::int64_t>(nap.count(), 0)));
    int running = 0;
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == event_) {
            std::uint64_t ignored = 0;
            static_cast<void>(::read(event_, &ignored, sizeof ignored));
            woken_ = false;
            continue;
        }
        const int flags = ((event.events & EPOLLIN) ? CURL_CSELECT_IN : 0) |
                          ((event.events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
                          ((event.events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(multi_, event.data.fd, flags, &running);
    }
    if (curl_timer_ > std::chrono::steady_clock::now()) return;
    curl_timer_ = TimePoint::max();
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
}

void CurlPoller::wake() noexcept {
    if (woken_.exchange(true)) return;
    const std::uint64_t one = 1;
    static_cast<void>(::write(event_, &one, sizeof one));
}

int CurlPoller::on_socket(CURL*, curl_socket_t socket, int wanted, void* self, void* known) {
    static_cast<CurlPoller*>(self)->watch(socket, wanted, known != nullptr);
    return 0;
}

void CurlPoller::watch(curl_socket_t socket, int wanted, bool known) {
    if (wanted == CURL_POLL_REMOVE) {
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
        curl_multi_assign(multi_, socket, nullptr);
        return;
    }
    ::epoll_event event{.events = 0, .data = {.fd = socket}};
    if (wanted & CURL_POLL_IN) event.events |= EPOLLIN;
    if (wanted & CURL_POLL_OUT) event.events |= EPOLLOUT;
    ::epoll_ctl(epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
    curl_multi_assign(multi_, socket, this);
}

int CurlPoller::on_timer(CURLM*, long timeout_ms, void* self) {
    auto& timer = static_cast<CurlPoller*>(self)->curl_timer_;
    timer = timeout_ms < 0 ? TimePoint::max()
                           : std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    return 0;
}

}  // namespace baton::net
