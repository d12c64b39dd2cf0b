// The provider port: one chat with one endpoint. Streaming is the native form.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/chat.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::llm {

/// Receives the answer piece by piece, in order, on the caller's executor. Never called with an
/// empty delta.
using ChatSink = std::function<void(const ChatDelta& delta)>;

/// What an endpoint says is left of one of its own limits.
struct RateWindow {
    std::optional<std::uint64_t> remaining{};
    Duration reset{0};  ///< until it is full again; 0: unknown
    bool operator==(const RateWindow&) const = default;
};

/// The limits an endpoint reports with its answers (x-ratelimit-…, anthropic-ratelimit-…).
struct RateReport {
    RateWindow requests{};
    RateWindow input_tokens{};  ///< of providers that count all tokens together: those
    RateWindow output_tokens{};
    bool operator==(const RateReport&) const = default;
};

/// Called at most once, before the first delta, and also when the answer is a refusal.
using RateSink = std::function<void(const RateReport& report)>;

/// One endpoint of one provider. Safe to use from any thread. Retries nothing: who calls decides.
/// Errors of all calls: provider_unavailable (unreachable, 5xx, overloaded, cut stream, and what
/// refuses our key), provider_rate_limited (429; Error.retry_after from Retry-After),
/// provider_rejected (other 4xx: the same request will fail again), provider_protocol (an answer
/// that makes no sense), unsupported (what this kind of endpoint cannot do, with the field),
/// deadline_exceeded, cancelled. provider_error.h says what the field of the others means.
class Provider {
public:
    virtual ~Provider() = default;

    /// Runs the chat and returns the whole answer after its last piece went to `sink`. Both sinks
    /// may be empty. Cancelling the task ends the request to the provider.
    [[nodiscard]] virtual Task<Result<ChatResult>> chat(
        ChatRequest request, ChatSink sink, RateSink on_rate, Deadline deadline) = 0;

    [[nodiscard]] virtual Task<Result<EmbeddingResult>> embed(
        EmbeddingRequest request, Deadline deadline) = 0;

    /// The models the endpoint offers, as it names them; also the cheapest question that proves it
    /// answers (the active health probe).
    [[nodiscard]] virtual Task<Result<std::vector<std::string>>> models(Deadline deadline) = 0;

    /// "openai", "anthropic", "ollama", "echo".
    [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
};

}  // namespace baton::llm
