// Keeping the lease of a message while it is worked on.
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "model/message.h"
#include "queue/consumer.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// Renews the lease at half its time until the queue says that it is lost, or renewing has failed
/// for a whole lease. Being late alone ends nothing: a machine that stood still asks the queue
/// first. The references must outlive the task; cancel it when the work is done.
[[nodiscard]] Task<void> hold_lease(
    queue::Consumer& queue, Receipt receipt, Duration lease, const Log& log);

}  // namespace baton::dispatch
