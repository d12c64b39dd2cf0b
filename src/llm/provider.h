// The provider port: one chat with one endpoint. Streaming is the native form.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "model/chat.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::llm {

/// Receives the answer's text piece by piece, in order, on the caller's executor.
using ChatSink = std::function<void(std::string_view piece)>;

/// One endpoint of one provider. Safe to use from any thread. Retries nothing: who calls decides.
class Provider {
public:
    virtual ~Provider() = default;

    /// Runs the chat and returns the whole answer after its last piece went to `sink` (which may be
    /// empty). Cancelling the task ends the request to the provider. Fails: provider_unavailable
    /// (unreachable, 5xx, cut stream), provider_rate_limited (429; Error.retry_after from
    /// Retry-After), provider_rejected (other 4xx: the same request will fail again),
    /// provider_protocol (an answer that makes no sense), deadline_exceeded, cancelled.
    [[nodiscard]] virtual Task<Result<ChatResult>> chat(
        ChatRequest request, ChatSink sink, Deadline deadline) = 0;

    /// "openai", "echo".
    [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
};

}  // namespace baton::llm
