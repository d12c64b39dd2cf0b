// The queues of one process: the engine behind the ports of queue/queues.h, on any store.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "queue/engine/commit_pipeline.h"
#include "queue/engine/store.h"
#include "queue/queues.h"

namespace baton::queue {

/// Recovers from the store and starts the commit pipeline. The references must outlive the result.
/// Fails: storage_io, storage_corrupt.
[[nodiscard]] Result<std::unique_ptr<Queues>> make_engine_queues(std::unique_ptr<Store> store,
    PipelineConfig config, const Clock& clock, MetricRegistry& metrics, baton::Log log);

}  // namespace baton::queue
