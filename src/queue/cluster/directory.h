// Who leads which partition and which queues are guests there, as this daemon knows it at the
// moment.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "queue/cluster/cluster_node.h"

namespace baton::queue::cluster {

/// Written by the thread of the ClusterNode, read by all.
class Directory {
public:
    explicit Directory(std::uint32_t partitions) : map_(partitions), leaders_(partitions) {}

    void set(std::vector<LeaderView> leaders, Result<void> health) {
        const std::scoped_lock lock(mutex_);
        leaders_ = std::move(leaders);
        health_ = std::move(health);
    }
    void set_guests(std::unordered_map<std::uint64_t, Partition> guests) {
        const std::scoped_lock lock(mutex_);
        guests_ = std::move(guests);
    }
    /// Where messages with this uid in their ids are.
    [[nodiscard]] Partition home_of(std::uint64_t uid) const {
        const std::scoped_lock lock(mutex_);
        const auto guest = guests_.find(uid);
        return guest == guests_.end() ? map_.of_uid(uid) : guest->second;
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
    const PartitionMap map_;
    mutable std::mutex mutex_;
    std::vector<LeaderView> leaders_;
    Result<void> health_;
    std::unordered_map<std::uint64_t, Partition> guests_;  ///< uids that name another partition
    std::atomic<bool> is_cut_off_{false};
};

}  // namespace baton::queue::cluster
