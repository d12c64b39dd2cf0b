// Crossing executors by message: a task runs where its state lives, the caller waits where it is.
#pragma once

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/asio/co_spawn.hpp>

#include "runtime/task.h"

namespace baton {

namespace detail {

/// How a task ended. Not a bare exception_ptr: Asio would throw it in the wrong place.
template <class T>
struct Outcome {
    std::exception_ptr failure;
    T value;
};

}  // namespace detail

/// Runs a task on another executor and resumes on the caller's with its value or exception.
/// Cancelling the caller does not reach the task (signals must not cross threads): give it a
/// deadline. T must be default constructible (an Asio rule).
template <class T>
[[nodiscard]] Task<T> run_on(Executor executor, Task<T> task) {
    using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
    using Outcome = detail::Outcome<Value>;
    auto start = [executor, task = std::move(task)](Completion<Outcome> done) mutable {
        if constexpr (std::is_void_v<T>) {
            auto on_end = [done = std::move(done)](std::exception_ptr failure) mutable {
                done(Outcome{.failure = std::move(failure), .value = {}});
            };
            asio::co_spawn(executor, std::move(task), std::move(on_end));
        } else {
            auto on_end = [done = std::move(done)](std::exception_ptr failure, T value) mutable {
                done(Outcome{.failure = std::move(failure), .value = std::move(value)});
            };
            asio::co_spawn(executor, std::move(task), std::move(on_end));
        }
    };
    auto outcome = co_await await_completion<Outcome>(std::move(start));
    if (outcome.failure) std::rethrow_exception(outcome.failure);
    if constexpr (!std::is_void_v<T>) co_return std::move(outcome.value);
}

}  // namespace baton
