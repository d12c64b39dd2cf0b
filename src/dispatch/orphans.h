// Messages that workers of an earlier daemon were busy with when it died.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "queue/queues.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// Gives every leased message of the LLM queue back, as if its lease had ended just now: a failure,
/// so that a message which takes the daemon down again and again becomes a dead letter. Call before
/// the first worker, and only where no other process takes from that queue (the data folder's lock
/// says so, but for a cluster), so that whoever held these leases is gone. Returns how many
/// there were. Fails: what the queues fail with.
[[nodiscard]] Task<Result<std::uint64_t>> take_back_orphans(queue::Queues& queues);

}  // namespace baton::dispatch
