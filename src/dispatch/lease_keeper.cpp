#include "dispatch/lease_keeper.h"

#include <algorithm>

namespace baton::dispatch {

Task<void> hold_lease(queue::Consumer& consumer, Receipt receipt, Duration lease,
    Cancels::Watched& cancel, const Log& log) {
    const Duration half = std::max(lease / 2, Duration(1));
    const Duration soon = std::max(lease / 10, Duration(1));
    Deadline lease_end = Deadline::after(lease);
    Duration pause = half;
    while (true) {
        co_await cancel.wait(Deadline::after(pause));
        if (cancel.is_cancelled()) co_return;
        const Deadline renewed_end = Deadline::after(lease);
        const auto extended = co_await consumer.extend(receipt, lease);
        pause = extended ? half : soon;
        if (extended) {
            lease_end = renewed_end;
            continue;
        }
        const Errc code = extended.error().code;
        if (code == Errc::lease_lost || code == Errc::message_not_found ||
            code == Errc::queue_not_found) {
            co_return;
        }
        log.warn("renewing a lease failed",
            {{"message_id", receipt.message.text()}, {"error", to_string(extended.error())}});
        if (lease_end.expired()) co_return;
    }
}

}  // namespace baton::dispatch
