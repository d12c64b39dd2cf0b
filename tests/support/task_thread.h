// Coroutines called from a test without coroutines: on a thread of their own, one after the other
// or at the same time.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <utility>

#include "runtime/io_pool.h"
#include "runtime/task_group.h"

namespace baton::test {

/// A call under way.
template <class T>
class Pending {
public:
    Pending(std::future<T> answer, std::function<void()> cancel)
        : answer_(std::move(answer)), cancel_(std::move(cancel)) {}
    /// Waits for the end; throws when it does not come.
    T get() {
        if (answer_.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
            throw std::runtime_error("the call did not end");
        }
        return answer_.get();
    }
    [[nodiscard]] bool ended() const {
        return answer_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }
    /// Cancels the task; on return the signal has been given.
    void cancel() { cancel_(); }

private:
    std::future<T> answer_;
    std::function<void()> cancel_;
};

/// Use from one thread. Calls begin in the order they are made. What ends them must be there until
/// this goes.
class TaskThread final {
public:
    ~TaskThread() { stop(); }
    TaskThread() = default;
    TaskThread(const TaskThread&) = delete;
    TaskThread& operator=(const TaskThread&) = delete;

    /// Cancels what is under way.
    void stop() { pool_.run(group_.stop()); }
    [[nodiscard]] Executor executor() const { return pool_.executor(0); }

    template <class T>
    T run(Task<T> task) {
        return pool_.run(std::move(task));
    }

    /// Starts a call and returns at once.
    template <class T>
    Pending<T> start(Task<T> task) {
        auto shared = std::make_shared<Task<T>>(std::move(task));
        auto promise = std::make_shared<std::promise<T>>();
        auto body = [shared, promise]() -> Task<void> { return finish<T>(shared, promise); };
        std::function<void()> cancel = run(spawn(std::move(body)));
        return Pending<T>(
            promise->get_future(), [this, cancel = std::move(cancel)] { run(call(cancel)); });
    }

private:
    template <class T>
    static Task<void> finish(
        std::shared_ptr<Task<T>> task, std::shared_ptr<std::promise<T>> promise) {
        try {
            T value = co_await std::move(*task);
            promise->set_value(std::move(value));
        } catch (...) {
            promise->set_exception(std::current_exception());
        }
    }
    Task<std::function<void()>> spawn(std::function<Task<void>()> body) {
        co_return group_.spawn_cancellable(std::move(body));
    }
    static Task<void> call(std::function<void()> function) {
        function();
        co_return;
    }

    IoPool pool_{1};
    TaskGroup group_{pool_.executor(0)};
};

}  // namespace baton::test
