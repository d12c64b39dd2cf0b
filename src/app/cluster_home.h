// This daemon's place in a cluster on NATS: connections, membership, and the queues of all daemons.
#pragma once

#include <filesystem>
#include <memory>

#include "app/config.h"
#include "app/roles.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "model/cluster_state.h"
#include "queue/queues.h"
#include "runtime/deadline.h"
#include "runtime/io_pool.h"

namespace baton::app {

/// Everything behind `queue.store: jetstream`.
class ClusterHome {
public:
    virtual ~ClusterHome() = default;

    /// Returns when every partition has a leader, of this daemon or another. Call once; when it
    /// fails `leave` ends what was begun. Fails: unavailable, unauthenticated, conflict,
    /// invalid_config, data_dir_unusable.
    [[nodiscard]] virtual Result<void> join() = 0;
    /// After `join`.
    [[nodiscard]] virtual queue::Queues& queues() = 0;
    /// After `join`; from any thread.
    [[nodiscard]] virtual ClusterState state() const = 0;
    /// After the queues were stopped: hands over what this daemon leads, and leaves.
    virtual void leave(Deadline deadline) = 0;
};

/// The references must outlive the result.
[[nodiscard]] std::unique_ptr<ClusterHome> make_cluster_home(const Config& config,
    const Roles& roles, const std::filesystem::path& data_dir, IoPool& io, const Clock& clock,
    MetricRegistry& metrics, const Log& log);

}  // namespace baton::app
