// The engine of one partition on this daemon, for one turn of leading it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "model/queue_operations.h"
#include "queue/cluster/cluster_events.h"
#include "queue/engine/commit_pipeline.h"
#include "queue/engine/store.h"
#include "queue/remote/command_server.h"
#include "runtime/io_pool.h"

namespace baton::queue::cluster {

/// Makes the store of a partition. Nothing is read or taken over before its `recover`. It calls
/// `on_trouble`, from any thread, while part of what it is kept by is away.
using OpenStore =
    std::function<Result<std::unique_ptr<Store>>(Partition, std::function<void()> on_trouble)>;

struct HostConfig {
    Partition partition = 0;
    Ticket turn = 0;
    std::uint32_t partitions = 1;
    PipelineConfig pipeline{};
    remote::CommandServerConfig server{};
};

/// What all hosts of a daemon stand on; outlives them.
struct HostContext {
    OpenStore open_store;
    IoPool& io;
    const Clock& clock;
    MetricRegistry& metrics;
    baton::Log log;
    std::function<void(ClusterEvent)> tell;   ///< from any thread
    remote::CommandServer::EventSink events;  ///< cancelled leases, to all daemons
    /// What counts for the quotas in a partition beside what it keeps itself; from any thread.
    std::function<std::vector<TenantUsage>(Partition)> kept_elsewhere;
};

/// Opens on a thread of its own, which also ends it. It tells Opened or OpenFailed, maybe Broken,
/// and after `close` Closed. All methods from any thread; none blocks but the destructor, which
/// waits for the end.
class PartitionHost final {
public:
    PartitionHost(HostConfig config, const HostContext& context);
    ~PartitionHost();
    PartitionHost(const PartitionHost&) = delete;
    PartitionHost& operator=(const PartitionHost&) = delete;

    /// Commands are taken from now on.
    void serve();
    /// Until then answers may be given that needed no commit.
    void answer_until(SteadyTime until);
    /// Commits something; tells Proved when it is durable.
    void prove(Ticket proof);
    /// Tells the engine what the tenants keep elsewhere; `answer`, on any thread and not after the
    /// host has gone, hears what they keep here. It never does when nothing is served, or while an
    /// earlier answer is awaited.
    void share_quotas(
        std::vector<TenantUsage> elsewhere, std::function<void(const QuotaUsage&)> answer);
    void close();

    /// Gives a command to the engine. False: nothing is served here, and `answer` was not touched.
    [[nodiscard]] bool receive(const Bytes& request, Completion<Bytes>& answer);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace baton::queue::cluster
