// Keeps the lease of a message while its run is under way.
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "dispatch/cancels.h"
#include "model/message.h"
#include "queue/consumer.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// Renews the lease of `lease` until the message is cancelled, the queue says that it is lost, or
/// renewing has failed for a whole lease. Being late alone ends nothing: a machine that stood still
/// asks the queue first.
[[nodiscard]] Task<void> hold_lease(queue::Consumer& consumer, Receipt receipt, Duration lease,
    Cancels::Watched& cancel, const Log& log);

}  // namespace baton::dispatch
