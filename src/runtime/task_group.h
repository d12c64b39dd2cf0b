// Structured concurrency: an owner spawns tasks here, and stops and awaits all of them before it
// goes.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>

#include <boost/asio/cancellation_signal.hpp>

#include "runtime/event.h"
#include "runtime/task.h"

namespace baton {

/// Tasks of one owner on one executor (that of a single-threaded context). All calls happen
/// on that executor. Make it the owner's last member. `stop()` must have completed before
/// destruction.
class TaskGroup final {
public:
    explicit TaskGroup(Executor executor);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Starts the coroutine that `body` makes and keeps `body` alive until it ends, so that a
    /// capturing lambda is safe here. After `stop()` began, does nothing and returns false. An
    /// exception that leaves the task ends the process: an error nobody handles must not pass for
    /// success. operation_aborted is the regular end of a cancelled task.
    bool spawn(std::function<Task<void>()> body);

    /// The same for a task that may have to end early: what comes back cancels just this task, and
    /// does nothing once it has ended; empty when refused. Call it on the group's executor.
    [[nodiscard]] std::function<void()> spawn_cancellable(std::function<Task<void>()> body);

    /// Refuses new tasks, then waits until those under way have ended by themselves or the deadline
    /// comes; then cancels the rest and awaits them. Returns how many had to be cancelled.
    [[nodiscard]] Task<std::size_t> drain(Deadline deadline);

    /// `drain` without grace.
    [[nodiscard]] Task<void> stop();

    [[nodiscard]] std::size_t size() const noexcept { return running_.size(); }
    [[nodiscard]] bool stopping() const noexcept { return stopping_; }
    [[nodiscard]] const Executor& executor() const noexcept { return executor_; }

private:
    struct Running {
        std::function<Task<void>()> body;
        asio::cancellation_signal signal;
    };

    std::shared_ptr<Running> start(std::function<Task<void>()> body);

    Executor executor_;
    std::list<std::shared_ptr<Running>> running_;
    Event ended_;
    bool stopping_ = false;
};

}  // namespace baton
