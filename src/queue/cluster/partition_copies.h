// Copies of logs, brought up to date while it is waited whether their leaders are dead.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

#include "base/log.h"
#include "base/result.h"
#include "queue/cluster/partition_map.h"

namespace baton::queue::cluster {

/// Reads what this daemon's copy of a partition's log lacks, and takes nothing over. Blocks; ends
/// soon when it is asked to stop.
using CopyLog = std::function<Result<void>(Partition, const std::stop_token&)>;

/// Each copy is made on a thread of its own. All methods from any thread; the destructor stops.
class PartitionCopies final {
public:
    PartitionCopies(CopyLog copy, baton::Log log);
    ~PartitionCopies();
    PartitionCopies(const PartitionCopies&) = delete;
    PartitionCopies& operator=(const PartitionCopies&) = delete;

    /// Unless one is under way, or it was stopped.
    void begin(Partition partition);
    /// Returns when none of that partition is under way.
    void wait(Partition partition);
    /// Ends all that are under way, and begins no more.
    void stop();

private:
    void make(Partition partition, const std::stop_token& stop);

    const CopyLog copy_;
    baton::Log log_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool is_stopped_ = false;
    std::set<Partition> under_way_;
    std::map<Partition, std::jthread> threads_;  ///< the last one of each
};

}  // namespace baton::queue::cluster
