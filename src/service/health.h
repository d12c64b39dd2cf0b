// Whether the daemon lives, is ready for work, and how its parts are.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "conversations/conversations.h"
#include "model/cluster_state.h"
#include "queue/queues.h"

namespace baton::service {

struct ComponentHealth {
    std::string name;
    bool healthy = false;
    std::string detail;     ///< why it is not healthy
    bool is_needed = true;  ///< without it the daemon is not ready for work
    std::chrono::microseconds response_time{0};
};

struct HealthReport {
    bool ready = false;  ///< the phase is `running` and every component that is needed is healthy
    std::string phase;   ///< starting | running | draining
    std::string version;
    std::chrono::seconds uptime{0};
    std::vector<ComponentHealth>
        components;  ///< queue, database, dispatcher; cluster and cache where there is one
    std::optional<ClusterState> cluster;
};

/// What not every daemon has. Asked from any thread; empty: there is none.
struct HealthParts {
    std::function<ClusterState()> cluster{};
    /// Whether the server of the cache answers. Most requests do without, so its absence takes no
    /// daemon out of service.
    std::function<Task<Result<void>>()> cache{};
};

/// Answers "are you well?". Safe to use from any thread. Liveness needs no call: who can answer
/// lives.
class HealthService final {
public:
    enum class Phase : std::uint8_t { starting, running, draining };

    /// The references must outlive it. `version` is shown.
    HealthService(const queue::Queues& queues, conversations::Conversations& conversations,
        const Clock& clock, std::string version, HealthParts parts = {});

    /// The composition root tells: running once the dispatcher has started, draining when the end
    /// begins.
    void set_phase(Phase phase) noexcept { phase_.store(phase, std::memory_order_relaxed); }

    /// Asks every component. Never fails: what is wrong stands in the report.
    [[nodiscard]] Task<HealthReport> check();

private:
    const queue::Queues& queues_;
    conversations::Conversations& conversations_;
    const Clock& clock_;
    std::string version_;
    HealthParts parts_;
    TimePoint started_at_;
    std::atomic<Phase> phase_{Phase::starting};
};

}  // namespace baton::service
