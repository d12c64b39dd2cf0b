// The threads that run coroutines: one io_context per thread, so that what lives on one needs no
// lock.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "runtime/task.h"

namespace baton {

/// `threads` single-threaded executors. Destruction joins; every TaskGroup on them must be stopped
/// before. It must outlive every other thread that completes waits of its tasks (stores, pools):
/// such a thread may still be inside the call that woke the task up.
class IoPool final {
public:
    /// `threads`: 1..64. They start at once.
    explicit IoPool(std::size_t threads);
    ~IoPool();
    IoPool(const IoPool&) = delete;
    IoPool& operator=(const IoPool&) = delete;

    [[nodiscard]] std::size_t size() const noexcept;
    /// `index` < size().
    [[nodiscard]] Executor executor(std::size_t index) const;

    /// Runs a task on executor 0 from a thread outside the pool and blocks until it ends; rethrows
    /// what it threw. For the composition root and for tests.
    template <class T>
    T run(Task<T> task) {
        return run_on(0, std::move(task));
    }
    template <class T>
    T run_on(std::size_t index, Task<T> task);

    /// Starts a task and blocks until it ends; the type-erased core of `run`.
    void block_on(std::size_t index, Task<void> task);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

template <class T>
T IoPool::run_on(std::size_t index, Task<T> task) {
    if constexpr (std::is_void_v<T>) {
        block_on(index, std::move(task));
    } else {
        std::unique_ptr<T> result;
        const auto store = [](Task<T> inner, std::unique_ptr<T>& out) -> Task<void> {
            T value = co_await std::move(inner);
            out = std::make_unique<T>(std::move(value));
        };
        block_on(index, store(std::move(task), result));
        return std::move(*result);
    }
}

}  // namespace baton
