// epoll under libcurl's multi handle, so that a wake-up costs the same however many streams are open.
#pragma once

#include <atomic>
#include <chrono>

#include <curl/curl.h>

namespace baton::net {

/// Owns the descriptors, not the multi handle, which must outlive it. Used on curl's thread only, but for
/// `wake`.
class CurlPoller final {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    explicit CurlPoller(CURLM* multi);
    ~CurlPoller();
    CurlPoller(const CurlPoller&) = delete;
    CurlPoller& operator=(const CurlPoller&) = delete;

    /// Waits for a socket, a timer of curl's, `wake`, or `until`, and lets curl do what there is to do.
    void work(TimePoint until);

    /// Ends the wait under way, or the next one. Thread-safe.
    void wake() noexcept;

private:
    static int on_socket(CURL*, curl_socket_t socket, int wanted, void* self, void* known);
    static int on_timer(CURLM*, long timeout_ms, void* self);
    void watch(curl_socket_t socket, int wanted, bool known);

    CURLM* multi_;
    int epoll_;
    int event_;
    std::atomic<bool> woken_ = false;  ///< spares the system call while a wake-up is on its way
    TimePoint curl_timer_ = TimePoint::max();
};

}  // namespace baton::net
