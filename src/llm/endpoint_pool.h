// The pool over endpoints of one daemon: the coroutines around pool_state.h.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "llm/pool.h"
#include "llm/pool_config.h"
#include "llm/pool_records.h"
#include "llm/provider.h"
#include "llm/shared_limits.h"
#include "runtime/task.h"

namespace baton::llm {

/// An endpoint and the way to it.
struct PoolEndpoint {
    EndpointConfig config{};
    std::unique_ptr<Provider> provider;
};

/// A pool with work of its own: probes of endpoints, and writing its records. `start` once and
/// `stop` once, on the executor it was made with; chats may be asked before, between and after.
class EndpointPool : public Pool {
public:
    [[nodiscard]] virtual Task<void> start() = 0;
    /// Ends the probes and writes the last records. Must have returned before destruction, when
    /// `start` was called.
    [[nodiscard]] virtual Task<void> stop() = 0;
    /// Lives as long as the pool. For one that was made with `shares_limits`.
    [[nodiscard]] virtual SharedLimits& shared_limits() = 0;
};

struct PoolDeps {
    Executor executor;
    /// Null: nothing is kept over a restart. Else what a limit of money binds is sent between
    /// `start` and `stop` only, when it was claimed there.
    PoolRecords* records = nullptr;
    const Clock& clock;
    MetricRegistry& metrics;
    /// All limits but those of money hold for several daemons together: nothing they bind is sent
    /// until EndpointPool::shared_limits() is told that it may.
    bool shares_limits = false;
};

/// The references must outlive it. Blocks while it reads the records.
/// Fails: invalid_argument (no endpoint, more than 64, a name twice), and as PoolRecords.
[[nodiscard]] Result<std::unique_ptr<EndpointPool>> make_endpoint_pool(
    const PoolDeps& deps, const PoolConfig& config, std::vector<PoolEndpoint> endpoints, Log log);

}  // namespace baton::llm
