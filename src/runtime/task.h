// The coroutine vocabulary: Task, Executor, and the bridge from callbacks on other threads.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runtime/handover.h"

namespace baton {

namespace asio = boost::asio;

/// A coroutine. Awaited by its parent, or spawned in a TaskGroup that its owner stops and awaits.
template <class T>
using Task = asio::awaitable<T>;

using Executor = asio::any_io_executor;

/// Ends a wait begun by `await_completion`: call exactly once, from any thread.
template <class T>
using Completion = std::move_only_function<void(T)>;

namespace detail {

/// Hands the value to the handler on the waiting coroutine's executor.
template <class T, class Handler, class Work>
Completion<T> make_completion(Handler handler, Work work) {
    const Executor executor = work.get_executor();
    Handover& handover = Handover::of(executor);
    return [handler = std::move(handler), work = std::move(work), executor, &handover](
               T value) mutable {
        // Kept until the push is through: once the executor has no other work, its context may end,
        // and be destroyed, while this thread is still inside.
        const auto keep = work;
        handover.push(executor, [handler = std::move(handler), work = std::move(work),
                                    value = std::move(value)]() mutable {
            asio::get_associated_cancellation_slot(handler).clear();
            std::move(handler)(std::move(value));
        });
    };
}

}  // namespace detail

/// Suspends until `start`'s Completion is called, and resumes on the caller's executor (that of a
/// single-threaded context) with its value: after all that was completed before, in no order with
/// what is posted. `start` runs at once on the calling thread. T must be default constructible (an
/// Asio rule). Cancellation is ignored: the work under way decides when it ends.
template <class T, class Start>
Task<T> await_completion(Start start) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(T)>(
        [start = std::move(start)](auto handler) mutable {
            auto work = asio::make_work_guard(asio::get_associated_executor(handler));
            start(detail::make_completion<T>(std::move(handler), std::move(work)));
        },
        asio::use_awaitable);
}

/// The same for work that can be called off: when the task is cancelled, `on_cancel` runs on the
/// task's executor and must see to it that the Completion is called soon (with Errc::cancelled).
/// It may run after the Completion was called from another thread; then it must do nothing.
template <class T, class Start, class OnCancel>
Task<T> await_completion(Start start, OnCancel on_cancel) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(T)>(
        [start = std::move(start), on_cancel = std::move(on_cancel)](auto handler) mutable {
            auto work = asio::make_work_guard(asio::get_associated_executor(handler));
            auto slot = asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected()) {
                slot.assign([on_cancel = std::move(on_cancel)](
                                asio::cancellation_type) mutable { on_cancel(); });
            }
            start(detail::make_completion<T>(std::move(handler), std::move(work)));
        },
        asio::use_awaitable);
}

}  // namespace baton
