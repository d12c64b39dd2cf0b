// Who leads which partition, as this daemon knows it at the moment.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "queue/cluster/cluster_node.h"

namespace baton::queue::cluster {

/// Written by the thread of the ClusterNode, read by all.
class Directory {
public:
    explicit Directory(std::uint32_t partitions) : leaders_(partitions) {}

    void set(std::vector<LeaderView> leaders, Result<void> health) {
        const std::scoped_lock lock(mutex_);
        leaders_ = std::move(leaders);
        health_ = std::move(health);
    }
    [[nodiscard]] LeaderView leader(Partition partition) const {
        const std::scoped_lock lock(mutex_);
        return leaders_[partition];
    }
    [[nodiscard]] Result<void> health() const {
        const std::scoped_lock lock(mutex_);
        return health_;
    }
    /// Whether this daemon has been without NATS for a while: nothing it sends arrives, and no
    /// answer comes.
    void set_cut_off(bool is_cut_off) { is_cut_off_ = is_cut_off; }
    [[nodiscard]] bool is_cut_off() const { return is_cut_off_; }

private:
    mutable std::mutex mutex_;
    std::vector<LeaderView> leaders_;
    Result<void> health_;
    std::atomic<bool> is_cut_off_{false};
};

}  // namespace baton::queue::cluster
