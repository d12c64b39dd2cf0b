// This daemon in the cluster: the thread that feeds the ClusterNode and does what it asks for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "model/cluster_state.h"
#include "nats/connection.h"
#include "queue/cluster/cluster_node.h"
#include "queue/cluster/partition_copies.h"
#include "queue/cluster/partition_host.h"
#include "queue/engine/commit_pipeline.h"
#include "queue/remote/transport.h"
#include "runtime/io_pool.h"

namespace baton::queue::cluster {

struct ClusterConfig {
    std::string name = "baton";  ///< of subjects and the bucket: A-Z a-z 0-9 _ -
    int replicas = 1;            ///< of the bucket
    ClusterNodeConfig node{};    ///< its `id` is made from its name
    PipelineConfig pipeline{};   ///< of each partition's engine
    remote::CommandServerConfig server{};
};

/// `start` once, `stop` once. All methods from any thread outside the IoPool.
class ClusterMember {
public:
    virtual ~ClusterMember() = default;

    /// Joins, and returns when this daemon is known and every partition has a leader, or at the
    /// deadline. Fails: unavailable (NATS is not there, or the deadline came), conflict (the
    /// cluster has another number of partitions).
    [[nodiscard]] virtual Result<void> start(Deadline deadline) = 0;
    /// Hands over what it leads, ends every engine, leaves. What has not been handed over by the
    /// deadline is left to be taken.
    virtual void stop(Deadline deadline) = 0;

    [[nodiscard]] virtual remote::Transport& transport() = 0;
    /// As of a moment ago.
    [[nodiscard]] virtual ClusterState state() const = 0;
};

/// How partitions are kept on this daemon. `copy` is never called while a store is open.
struct PartitionStores {
    OpenStore open;
    CopyLog copy;
};

/// The references must outlive it.
[[nodiscard]] Result<std::unique_ptr<ClusterMember>> make_cluster_member(ClusterConfig config,
    std::shared_ptr<nats::Connection> connection, PartitionStores stores, IoPool& io,
    const Clock& clock, MetricRegistry& metrics, baton::Log log);

}  // namespace baton::queue::cluster
