#include "runtime/event.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

namespace baton {

Task<Result<void>> Event::wait(Deadline deadline) {
    if (deadline.is_never()) {
        auto [error] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto state = co_await asio::this_coro::cancellation_state;
        if (error && state.cancelled() != asio::cancellation_type::none) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
        co_return Result<void>();
    }
    using asio::experimental::awaitable_operators::operator||;
    asio::steady_timer limit(timer_.get_executor(), deadline.at());
    const auto wait = asio::as_tuple(asio::use_awaitable);
    const auto first = co_await (timer_.async_wait(wait) || limit.async_wait(wait));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        throw boost::system::system_error(asio::error::operation_aborted);
    }
    if (first.index() == 1) co_return fail(Errc::deadline_exceeded, "the wait ran out");
    co_return Result<void>();
}

Task<void> sleep_until(Deadline deadline) {
    asio::steady_timer timer(co_await asio::this_coro::executor, deadline.at());
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace baton
