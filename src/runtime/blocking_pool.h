// Threads for calls that block (SQLite, files), so that no executor ever does.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "runtime/task.h"

namespace baton {

/// A fixed number of threads with a bounded queue. Safe to use from any thread. Destruction
/// finishes what is queued, then joins.
class BlockingPool final {
public:
    /// `threads`: 1..64; with one thread, calls run in the order they were made. `queue_max`: calls
    /// waiting; one more fails with `overloaded`.
    explicit BlockingPool(std::size_t threads, std::size_t queue_max = 65'536);
    ~BlockingPool();
    BlockingPool(const BlockingPool&) = delete;
    BlockingPool& operator=(const BlockingPool&) = delete;

    /// Runs `call` (which returns a Result) on a pool thread; resumes on the caller's executor.
    /// Cancellation does not interrupt a call. Fails: overloaded, or what `call` returns.
    template <class Call>
    [[nodiscard]] Task<std::invoke_result_t<Call>> run(Call call) {
        using R = std::invoke_result_t<Call>;
        return await_completion<R>([this, call = std::move(call)](Completion<R> done) mutable {
            auto shared_done = std::make_shared<Completion<R>>(std::move(done));
            const bool queued =
                submit([call = std::move(call), shared_done]() mutable { (*shared_done)(call()); });
            if (!queued) (*shared_done)(fail(Errc::overloaded, "too many blocking calls wait"));
        });
    }

    /// Queues a call without an answer; false when the queue is full.
    [[nodiscard]] bool submit(std::move_only_function<void()> call);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace baton
