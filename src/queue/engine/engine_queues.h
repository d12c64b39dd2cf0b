// The queues of one process: the engine behind the ports of queue/queues.h, on any store.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "queue/engine/commit_pipeline.h"
#include "queue/engine/store.h"
#include "queue/queues.h"

namespace baton::queue {

/// The queues of an engine that is one of several: a tenant's quota holds for what it keeps in all
/// of them.
class PartitionQueues : public Queues {
public:
    /// From now on `elsewhere` counts for the quotas beside what is kept here, in place of what was
    /// said before; each tenant once. It is not stored: after a start it has to be said anew.
    /// Returns what counts elsewhere of what is kept here.
    [[nodiscard]] virtual Task<Result<QuotaUsage>> share_quotas(
        std::vector<TenantUsage> elsewhere) = 0;
};

/// Recovers from the store and starts the commit pipeline. The references must outlive the result.
/// Fails: storage_io, storage_corrupt.
[[nodiscard]] Result<std::unique_ptr<Queues>> make_engine_queues(std::unique_ptr<Store> store,
    PipelineConfig config, const Clock& clock, MetricRegistry& metrics, baton::Log log);
[[nodiscard]] Result<std::unique_ptr<PartitionQueues>> make_partition_queues(
    std::unique_ptr<Store> store, PipelineConfig config, const Clock& clock,
    MetricRegistry& metrics, baton::Log log);

}  // namespace baton::queue
