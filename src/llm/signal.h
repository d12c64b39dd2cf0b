// Wakes one coroutine from any thread, at most once for many reasons that come together.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>

#include "runtime/event.h"
#include "runtime/task.h"

namespace baton::llm {

/// `raise` from any thread; `wait` on the executor only. The executor must outlive it.
class Signal final {
public:
    explicit Signal(Executor executor)
        : executor_(std::move(executor)), event_(std::make_shared<Event>(executor_)) {}

    void raise() {
        if (is_raised_.exchange(true)) return;
        asio::post(executor_, [event = event_] { event->notify_all(); });
    }

    /// Returns when it is raised, or was since the last wait, or at the deadline. Throws
    /// operation_aborted when the task is cancelled.
    Task<void> wait(Deadline deadline) {
        if (!is_raised_.exchange(false)) {
            const auto woken = co_await event_->wait(deadline);
            static_cast<void>(woken);
            is_raised_ = false;
        }
    }

private:
    Executor executor_;
    std::atomic<bool> is_raised_ = false;
    std::shared_ptr<Event> event_;
};

}  // namespace baton::llm
