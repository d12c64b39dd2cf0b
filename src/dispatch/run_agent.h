// One run of an agent; what the model says goes into the message's output while it says it.
#pragma once

#include "agents/agent.h"
#include "base/result.h"
#include "model/conversation.h"
#include "model/message.h"
#include "queue/outputs.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// Returns what the run returns, after all that was said is in the output: whoever reads it to its
/// end has the whole answer. A message that is tried again adds only what earlier tries did not say
/// (model/output_text.h). One append at a time; what comes meanwhile is the next event. When an
/// append fails the rest of the answer is not told, and the run goes on: the answer is the reply.
/// A run that throws fails with `cancelled` or `internal`. The references must outlive the task.
[[nodiscard]] Task<Result<DialogReply>> run_agent(agents::Runtime& runtime, queue::Outputs& outputs,
    Receipt receipt, DialogMessage message, Deadline deadline);

}  // namespace baton::dispatch
