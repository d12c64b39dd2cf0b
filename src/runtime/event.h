// Waiting inside one executor: a notification that coroutines wait for, and a cancellable sleep.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "base/result.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton {

/// Wakes every coroutine that waits. Holds no state: a notification without a waiter is gone, so
/// check the condition before and after waiting. Use on one executor only.
class Event final {
public:
    explicit Event(const Executor& executor) : timer_(executor, Deadline::never().at()) {}

    void notify_all() { timer_.cancel(); }

    /// Fails: deadline_exceeded. Throws operation_aborted when the task is cancelled.
    [[nodiscard]] Task<Result<void>> wait(Deadline deadline = Deadline::never());

private:
    asio::steady_timer timer_;
};

/// Sleeps until the deadline on the caller's executor. Throws operation_aborted when cancelled.
[[nodiscard]] Task<void> sleep_until(Deadline deadline);

}  // namespace baton
