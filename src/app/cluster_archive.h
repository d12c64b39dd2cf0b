// The queues of a whole cluster as stores, held so that no daemon writes meanwhile: what an export
// reads and an import writes.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "app/config.h"
#include "base/result.h"
#include "queue/archive/archive.h"

namespace baton::app {

/// Holds the cluster while it lives. Use from one thread.
class ClusterArchive {
public:
    virtual ~ClusterArchive() = default;
    [[nodiscard]] virtual std::span<queue::Store* const> stores() const = 0;
    [[nodiscard]] virtual const queue::Placement& placement() const = 0;
    /// After all was read: nobody has written to the logs since they were, or it fails with
    /// storage_io or conflict.
    [[nodiscard]] virtual Result<void> prove() = 0;
};

/// `data_dir`: where copies of the logs are kept, as a daemon's. `take_over`: also from daemons
/// that run. Fails: unavailable, unauthenticated, conflict (daemons run, or the cluster has another
/// number of partitions).
[[nodiscard]] Result<std::unique_ptr<ClusterArchive>> open_cluster_archive(
    const Config& config, const std::filesystem::path& data_dir, bool take_over);

}  // namespace baton::app
