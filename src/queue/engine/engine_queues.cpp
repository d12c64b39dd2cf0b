#include "queue/engine/engine_queues.h"

#include <utility>

#include "queue/engine/engine_ports.h"

namespace baton::queue {

EngineQueues::EngineQueues(std::unique_ptr<Store> store, PipelineConfig config, const Clock& clock,
    MetricRegistry& metrics, baton::Log log)
    : pipeline_(std::move(store), std::move(config), clock, metrics, std::move(log)) {}

Result<std::unique_ptr<Queues>> make_engine_queues(std::unique_ptr<Store> store,
    PipelineConfig config, const Clock& clock, MetricRegistry& metrics, baton::Log log) {
    return make_partition_queues(
        std::move(store), std::move(config), clock, metrics, std::move(log));
}

Result<std::unique_ptr<PartitionQueues>> make_partition_queues(std::unique_ptr<Store> store,
    PipelineConfig config, const Clock& clock, MetricRegistry& metrics, baton::Log log) {
    auto queues = std::make_unique<EngineQueues>(
        std::move(store), std::move(config), clock, metrics, std::move(log));
    BATON_TRY_VOID(queues->start());
    return queues;
}

}  // namespace baton::queue
