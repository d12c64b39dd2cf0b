// What the use cases of this folder check before they call the queues.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "access/access.h"
#include "base/clock.h"
#include "base/result.h"
#include "queue/queues.h"
#include "runtime/task.h"
#include "service/queue_service.h"
#include "service/system_queues.h"

namespace baton::service {

/// The one place where an operation on queues meets permissions: who has a key may use them all.
[[nodiscard]] inline Result<void> allow(const access::Identity& who) {
    return access::require(who, access::Role::member);
}

/// The same of an operation that changes the queue, or what is in it.
[[nodiscard]] inline Result<void> allow_change(
    const access::Identity& who, const QueueName& queue) {
    BATON_TRY_VOID(allow(who));
    return SystemQueues::may_change(who, queue);
}

/// A task that has failed already, so that a call on the fast path needs no coroutine of its own.
template <class T>
[[nodiscard]] Task<Result<T>> failed(Error error) {
    co_return fail(std::move(error));
}

template <class Value>
[[nodiscard]] Result<void> in_range(std::string_view field, Value value, Value min, Value max) {
    if (value >= min && value <= max) return {};
    return fail_field(Errc::invalid_argument, std::string(field),
        fmt::format("{} is {}, and must be {} to {}", field, value, min, max));
}

[[nodiscard]] inline Result<void> in_range(
    std::string_view field, Duration value, Duration min, Duration max) {
    return in_range(field, value.count(), min.count(), max.count());
}

[[nodiscard]] inline Result<void> check_pop(
    const access::Identity& who, const PopOptions& options) {
    BATON_TRY_VOID(allow(who));
    BATON_TRY_VOID(in_range<std::uint32_t>("max", options.max, 1, QueueLimits::pop_max));
    BATON_TRY_VOID(in_range("lease_ms", options.lease, Duration(1), QueueLimits::lease_max));
    return in_range("wait_ms", options.wait, Duration(0), QueueLimits::wait_max);
}

[[nodiscard]] inline queue::PopRequest pop_request(QueueName queue, const PopOptions& options) {
    return {.queue = std::move(queue),
        .max = options.max,
        .lease = options.lease,
        .wait = Deadline::after(options.wait),
        .level = options.level};
}

}  // namespace baton::service
