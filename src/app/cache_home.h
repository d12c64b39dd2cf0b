// The cache of the configuration: what it is to its users, and how its server is.
#pragma once

#include <memory>

#include "app/config.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cache/cache.h"
#include "runtime/task.h"

namespace baton::app {

/// Safe to use from any thread. Connects when it is used.
class CacheHome final {
public:
    /// `clock` and `registry` outlive it. Fails: invalid_config (a file of `database.redis.tls`).
    [[nodiscard]] static Result<std::unique_ptr<CacheHome>> make(
        const Config& config, const Clock& clock, MetricRegistry& registry, const Log& log);

    /// Counted, and with the policy of `cache.on_failure`. Lives as long as this.
    [[nodiscard]] cache::Cache& cache() noexcept { return *ruled_; }

    /// Whether there is a server that may be away.
    [[nodiscard]] bool has_server() const noexcept { return has_server_; }
    /// Asks the server, past the policy. Fails: as cache::Cache does.
    [[nodiscard]] Task<Result<void>> check();

private:
    CacheHome(bool has_server, std::shared_ptr<cache::Cache> own,
        std::unique_ptr<cache::Cache> ruled) noexcept;

    bool has_server_;
    std::shared_ptr<cache::Cache> own_;
    std::unique_ptr<cache::Cache> ruled_;
};

}  // namespace baton::app
