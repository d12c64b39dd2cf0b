// One run of what the LLM queue carries; what the model says goes into the message's output while
// it says it.
#pragma once

#include "agents/agent.h"
#include "base/result.h"
#include "dispatch/work_item.h"
#include "llm/pool.h"
#include "model/conversation.h"
#include "model/message.h"
#include "queue/outputs.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::dispatch {

// Both return what the run returns, after all that was said is in the output: whoever reads it to
// its end has the whole answer. When an append fails the rest of the answer is not told, and the
// run goes on: the answer is the reply. A run that throws fails with `cancelled` or `internal`. The
// references must outlive the task.

/// Runs an agent; the output's events are text, and a message that is tried again adds only what
/// earlier tries did not say (model/output_text.h).
[[nodiscard]] Task<Result<DialogReply>> run_agent(agents::Runtime& runtime, queue::Outputs& outputs,
    Receipt receipt, DialogMessage message, Deadline deadline);

/// Asks a model; the output's events are as `to_output_event` makes them.
[[nodiscard]] Task<Result<ChatResult>> run_chat(
    llm::Pool& pool, queue::Outputs& outputs, Receipt receipt, ChatWork work, Deadline deadline);

}  // namespace baton::dispatch
