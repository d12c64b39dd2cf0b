// The stores of a cluster's partitions: journals on logs in JetStream.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/config.h"
#include "app/log_metrics.h"
#include "base/result.h"
#include "nats/connection.h"
#include "queue/cluster/partition_map.h"
#include "queue/engine/store.h"

namespace baton::app {

[[nodiscard]] nats::ConnectionConfig connection_config(const NatsSettings& nats, std::string name);

[[nodiscard]] std::string log_stream(const Config& config, queue::cluster::Partition partition);

/// Its copy is in the folder `cluster` of the data folder. `metrics`, when given, counts the log
/// and must outlive the store. Nothing is read or taken over before its `recover`. Fails:
/// unavailable, what making the folder fails with.
[[nodiscard]] Result<std::unique_ptr<queue::Store>> open_partition(const Config& config,
    const std::shared_ptr<nats::Connection>& logs, const std::filesystem::path& data_dir,
    queue::cluster::Partition partition, const LogMetrics* metrics = nullptr);

}  // namespace baton::app
