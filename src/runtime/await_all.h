// Many tasks at once, awaited together: for calls that gain from being under way at the same time.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/task.h"

namespace baton {

namespace detail {

template <class T>
struct AwaitAllState {
    std::vector<T> results;
    std::size_t left = 0;
    std::exception_ptr error;
    Completion<bool> done;
};

}  // namespace detail

/// Starts every task on the caller's executor (that of a single-threaded context), waits
/// until all have ended, and returns their values in the given order; rethrows the first exception
/// after that. T must be default constructible. Cancellation does not reach the tasks: all run to
/// their end.
template <class T>
Task<std::vector<T>> await_all(std::vector<Task<T>> tasks) {
    if (tasks.empty()) co_return std::vector<T>();
    const Executor executor = co_await asio::this_coro::executor;
    const auto state = std::make_shared<detail::AwaitAllState<T>>();
    state->results.resize(tasks.size());
    state->left = tasks.size();
    const auto start_all = [&](Completion<bool> done) {
        state->done = std::move(done);
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            const auto on_end = [state, i](const std::exception_ptr& error, T value) {
                if (error && !state->error) state->error = error;
                state->results[i] = std::move(value);
                if (--state->left == 0) state->done(true);
            };
            asio::co_spawn(executor, std::move(tasks[i]), on_end);
        }
    };
    const bool all_ended = co_await await_completion<bool>(start_all);
    static_cast<void>(all_ended);
    if (state->error) std::rethrow_exception(state->error);
    co_return std::move(state->results);
}

}  // namespace baton
