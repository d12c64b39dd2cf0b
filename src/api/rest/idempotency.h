// Requests with an Idempotency-Key are done once: the layer in front of routes that make something.
// Why it is built this way: docs/adr/0021.
#pragma once

#include <string>
#include <string_view>

#include "api/rest/call.h"
#include "api/rest/idempotency_metrics.h"
#include "api/rest/idempotency_record.h"
#include "api/rest/trouble_log.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cache/cache.h"
#include "net/http.h"
#include "runtime/task.h"

namespace baton::api::rest {

struct IdempotencyConfig {
    Duration ttl{86'400'000};  ///< of a key: 1 ms .. cache::ttl_max
    Duration lease{15'000};    ///< so long the first attempt is waited for; ≤ ttl
};

/// Safe to use from any thread.
class Idempotency final {
public:
    /// The references must outlive it. `log` hears once a minute of keys that could not be
    /// remembered and of answers that could not be kept; of a cache that is away or refuses us the
    /// cache tells itself.
    Idempotency(cache::Cache& cache, IdempotencyConfig config, MetricRegistry& registry, Log log);

    /// Whether a request asks for this.
    [[nodiscard]] static bool concerns(const net::Request& request) noexcept;

    /// What `handler` answers, or what it answered when the caller's key came first: then the
    /// answer has the field `Baton-Duplicate: true`, as it has when the handler found its work
    /// done (`Call::is_repeat`). `handler` sees `Call::dedup_key` and `Call::draw`. Goes on to its
    /// end when the caller is cancelled.
    /// Fails: as `handler` does; with the field Idempotency-Key: invalid_argument, invalid_utf8,
    /// already_exists (the key of another request), conflict with retry_after (under way),
    /// unavailable with retry_after (the cache; nothing was done).
    [[nodiscard]] Task<Result<net::Response>> answer(Call& call, RouteHandler handler);

private:
    struct Claim;

    Task<Result<net::Response>> once(Call& call, RouteHandler handler, std::string_view key);
    Task<Result<void>> stake(Claim& claim);
    Task<Result<void>> look(Claim& claim);
    Task<void> end_lease(const Claim& claim);
    Task<Result<net::Response>> keep(const Call& call, Claim claim, Result<net::Response> result);
    Error away(const Error& error);
    Error under_way();

    cache::Cache& cache_;
    const IdempotencyConfig config_;
    IdempotencyMetrics metrics_;
    const Log log_;
    TroubleLog not_remembered_;
    TroubleLog not_kept_;
};

}  // namespace baton::api::rest
