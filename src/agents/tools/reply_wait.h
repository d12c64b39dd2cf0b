// What a tool says that waits for the reply to a message.
#pragma once

#include "agents/tools/built_in.h"

namespace baton::agents {

inline constexpr std::int64_t wait_seconds_max = 3'600;  ///< as long as a queue keeps replies
inline constexpr std::int64_t wait_seconds_default = 300;

/// The reply's text; an error when the message failed, is gone, or `wait` is over; else `wait`
/// again. When the call has waited before, the run will be woken. Fails: as queue::Browser::get.
[[nodiscard]] Task<Result<ToolOutcome>> look_for_reply(
    const BuiltInDeps& deps, const ToolContext& context, ToolWait wait);

}  // namespace baton::agents
