// Unix signals as events of the main thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "runtime/deadline.h"

namespace baton::app {

/// Takes SIGTERM, SIGINT and SIGHUP out of the process's default handling and ignores SIGPIPE. Make
/// it before any thread starts: threads inherit the mask. One per process.
class Signals final {
public:
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// Blocks until one comes and returns its number; nothing when none came in time.
    [[nodiscard]] std::optional<int> wait_for(std::chrono::milliseconds limit);

    /// Runs `work` on another thread while waiting: nothing when it ended first, else the signal
    /// that came meanwhile, or SIGALRM when the limit did; then `work` goes on, and the process had
    /// better end.
    [[nodiscard]] std::optional<int> wait_beside(std::function<void()> work, Deadline limit);

private:
    [[nodiscard]] int wait();

    int fd_;
};

}  // namespace baton::app
