// All partitions of a cluster kept from its daemons, for who works on the logs without an engine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "nats/connection.h"
#include "queue/cluster/cluster_node.h"
#include "runtime/deadline.h"

namespace baton::queue::cluster {

struct HoldConfig {
    std::string name = "baton";  ///< of the cluster
    int replicas = 1;            ///< of its bucket
    std::uint32_t partitions = 1;
    /// Takes the partitions from daemons that run. They lead again when the hold ends; commands
    /// wait for it as for a new leader, and fail with `unavailable` when it lasts too long. What
    /// queues in memory have is gone, as with every change of a leader.
    bool take_over = false;
    ClusterTiming timing{};
};

/// Has every partition's key and renews it on a thread of its own, until its destruction gives all
/// of them up. It keeps others from leading; that nobody else writes to a log is up to the log,
/// which has to be taken over after this was made. All methods from any thread.
class ClusterHold {
public:
    virtual ~ClusterHold() = default;
    /// Fails: conflict, when a partition was taken meanwhile.
    [[nodiscard]] virtual Result<void> check() const = 0;
};

/// Blocks. Daemons that have just ended are waited for (up to the bucket's ttl). Fails: conflict
/// (daemons run and are not to be taken from, or have another number of partitions), unavailable
/// (NATS is not there, or the deadline came).
[[nodiscard]] Result<std::unique_ptr<ClusterHold>> hold_cluster(
    HoldConfig config, std::shared_ptr<nats::Connection> connection, Deadline deadline);

}  // namespace baton::queue::cluster
