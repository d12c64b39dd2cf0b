#include "runtime/task_group.h"

#include <cassert>
#include <exception>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace baton {

TaskGroup::TaskGroup(Executor executor) : executor_(std::move(executor)), ended_(executor_) {}

TaskGroup::~TaskGroup() { assert(running_.empty() && "stop() a TaskGroup before it goes"); }

bool TaskGroup::spawn(std::function<Task<void>()> body) {
    return start(std::move(body)) != nullptr;
}

std::function<void()> TaskGroup::spawn_cancellable(std::function<Task<void>()> body) {
    const auto task = start(std::move(body));
    if (!task) return {};
    return [weak = std::weak_ptr<Running>(task)] {
        if (const auto running = weak.lock())
            running->signal.emit(asio::cancellation_type::terminal);
    };
}

std::shared_ptr<TaskGroup::Running> TaskGroup::start(std::function<Task<void>()> body) {
    if (stopping_) return nullptr;
    auto task = std::make_shared<Running>();
    task->body = std::move(body);
    const auto position = running_.insert(running_.end(), task);
    const auto on_end = [this, position](const std::exception_ptr& error) {
        running_.erase(position);
        ended_.notify_all();
        if (!error) return;
        try {
            std::rethrow_exception(error);
        } catch (const boost::system::system_error& e) {
            if (e.code() != asio::error::operation_aborted) throw;
        }
    };
    // The frame holds `task` through its argument, so the callable outlives the coroutine it made.
    const auto run = [](std::shared_ptr<Running> self) -> Task<void> { co_await self->body(); };
    asio::co_spawn(executor_, run(task), asio::bind_cancellation_slot(task->signal.slot(), on_end));
    return task;
}

Task<std::size_t> TaskGroup::drain(Deadline deadline) {
    stopping_ = true;
    while (!running_.empty() && !deadline.expired()) {
        const auto waited = co_await ended_.wait(deadline);
        if (!waited) break;
    }
    const std::size_t cancelled = running_.size();
    while (!running_.empty()) {
        // A signal may end its task at once and change the list: walk over a copy.
        const auto tasks = running_;
        for (const auto& task : tasks) task->signal.emit(asio::cancellation_type::terminal);
        if (running_.empty()) break;
        // Some operations cannot hear a signal just when it comes; ask again.
        const auto waited = co_await ended_.wait(Deadline::after(std::chrono::milliseconds(50)));
        static_cast<void>(waited);
    }
    co_return cancelled;
}

Task<void> TaskGroup::stop() {
    const auto cancelled = co_await drain(Deadline::after(std::chrono::milliseconds(0)));
    static_cast<void>(cancelled);
}

}  // namespace baton
