// Kept steps as people read them.
#pragma once

#include <vector>

#include "base/result.h"
#include "conversations/run_steps.h"
#include "model/run_trace.h"

namespace baton::agents {

/// The steps of a page in their order, each call of a tool with the arguments that the model gave.
/// Pure. Fails: storage_corrupt for a step that cannot be read.
[[nodiscard]] Result<std::vector<TracedStep>> trace_of(const conversations::StepPage& page);

}  // namespace baton::agents
