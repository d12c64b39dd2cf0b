// From a work item to how its run ends.
#pragma once

#include "dispatch/dispatcher.h"
#include "dispatch/settlement.h"
#include "dispatch/work_item.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// Runs the item: an agent for a message, whose turn is marked as processing before, the pool for a
/// chat. A chat that was answered before and not acked ends with that answer and asks nobody.
/// The arguments must outlive the task.
[[nodiscard]] Task<RunEnd> answer(
    const DispatchDeps& deps, const Run& run, const WorkItem& item, Deadline deadline);

}  // namespace baton::dispatch
