// The stores of a cluster's partitions: journals on logs in JetStream.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
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

/// Who is told of a log; both may be missing.
struct LogWatch {
    const LogMetrics* metrics = nullptr;  ///< outlives the store
    /// One of its streams is away: queue/store/jetstream/jetstream_log.h.
    std::function<void()> on_trouble{};
};

/// Its copy is in the folder `cluster` of the data folder. Nothing is read or taken over before its
/// `recover`. Fails: unavailable, what making the folder fails with.
[[nodiscard]] Result<std::unique_ptr<queue::Store>> open_partition(const Config& config,
    const std::shared_ptr<nats::Connection>& logs, const std::filesystem::path& data_dir,
    queue::cluster::Partition partition, LogWatch watch = {});

/// Brings that copy up to date without taking anything over, while no store of the partition is
/// open here. Fails: cancelled, not_found (nobody has led it yet), unavailable, what the disk fails
/// with.
[[nodiscard]] Result<void> copy_partition(const Config& config,
    const std::shared_ptr<nats::Connection>& logs, const std::filesystem::path& data_dir,
    queue::cluster::Partition partition, const std::stop_token& stop);

}  // namespace baton::app
