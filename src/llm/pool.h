// The pool port: a chat by model name, sent to the best endpoint that may take it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "llm/limits.h"
#include "llm/provider.h"
#include "model/chat.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::llm {

/// Who asks, as far as limits and affinity go.
struct Asker {
    TenantId tenant{};
    std::string session{};  ///< conversations stay with an endpoint by it; empty: none
};

/// A breaker: closed lets all through, open nothing, half_open one probe at a time.
enum class BreakerState : std::uint8_t { closed, open, half_open };
[[nodiscard]] std::string_view to_string(BreakerState state) noexcept;

/// One endpoint as people see it.
struct EndpointStatus {
    std::string name{};
    std::string provider{};             ///< kind
    std::string base_url{};             ///< without credentials
    std::vector<std::string> models{};  ///< aliases; empty: any
    std::uint32_t weight = 1;           ///< 0: takes nothing new
    BreakerState breaker = BreakerState::closed;
    TimePoint cools_until{};    ///< takes nothing before; in the past: takes requests
    std::string cool_reason{};  ///< why; also of the last failure when it does not cool
    std::uint32_t in_flight = 0;
    std::uint64_t requests = 0;  ///< since the daemon's start, like all counts
    std::uint64_t failures = 0;
    Duration latency_p50{0};  ///< of the last minutes' answers; 0: none yet
    Duration latency_p95{0};
    Duration latency_p99{0};
    Duration first_token_p50{0};
    Duration first_token_p99{0};
    TokenUsage tokens{};
    double cost = 0;        ///< in the currency of the configuration's prices
    double cost_today = 0;  ///< UTC day; kept over restarts, and of others as last heard
    bool operator==(const EndpointStatus&) const = default;
};

/// Chats by alias over all endpoints. Safe to use from any thread; resumes on the caller's
/// executor.
class Pool {
public:
    virtual ~Pool() = default;

    /// Picks an endpoint, reserves an estimate of tokens and money, asks, settles the fact. Goes
    /// on to the next endpoint when one fails before its first piece and the failure may be the
    /// endpoint's own. The result says who answered, and for how much. Fails as Provider::chat;
    /// not_found (no endpoint serves the model); provider_rate_limited with retry_after when every
    /// endpoint of the model cools or is at a limit, or the tenant or the model is: the time at
    /// which the first may take it.
    [[nodiscard]] virtual Task<Result<ChatResult>> chat(
        Asker asker, ChatRequest request, ChatSink sink, Deadline deadline) = 0;

    /// The same for embeddings.
    [[nodiscard]] virtual Task<Result<EmbeddingResult>> embed(
        Asker asker, EmbeddingRequest request, Deadline deadline) = 0;

    /// Every alias, sorted.
    [[nodiscard]] virtual std::vector<std::string> models() const = 0;

    /// Whether some endpoint serves the alias.
    [[nodiscard]] virtual bool serves(std::string_view model) const = 0;

    /// When a chat with `model` may be taken, as far as is known now; TimePoint::min() when at
    /// once.
    [[nodiscard]] virtual TimePoint ready_at(std::string_view model) const = 0;

    /// What is left of the limits that bind the asker with `model`: the tightest of the tenant's
    /// and the model's, what is under way counted by its estimate. Limits of endpoints are
    /// nobody's.
    [[nodiscard]] virtual Rooms rooms(const Asker& asker, std::string_view model) const = 0;

    /// How long an answer of `model` takes from pick to end, from what was seen lately; 0: unknown.
    [[nodiscard]] virtual Duration expected_time(std::string_view model) const = 0;

    /// In the order of the configuration.
    [[nodiscard]] virtual std::vector<EndpointStatus> status() const = 0;

    /// From the next pick on; 0 takes the endpoint out of rotation and lets what runs finish.
    /// Fails: not_found.
    [[nodiscard]] virtual Result<void> set_weight(
        std::string_view endpoint, std::uint32_t weight) = 0;
};

}  // namespace baton::llm
