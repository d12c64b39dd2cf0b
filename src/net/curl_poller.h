// epoll under libcurl's multi handle: a wake-up costs the same however many streams are open.
#pragma once

#include <chrono>
#include <memory>

namespace baton::net {

/// A libcurl multi handle; curl's own headers stay inside the .cpp files.
using MultiHandle = void*;

/// Does not own the multi handle, which must outlive it. Used on curl's thread only, but for
/// `wake`.
class CurlPoller final {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    explicit CurlPoller(MultiHandle multi);
    ~CurlPoller();
    CurlPoller(const CurlPoller&) = delete;
    CurlPoller& operator=(const CurlPoller&) = delete;

    /// Waits for a socket, a timer of curl's, `wake`, or `until`, and lets curl do its work.
    void work(TimePoint until);

    /// Ends the wait under way, or the next one. Thread-safe.
    void wake() noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace baton::net
