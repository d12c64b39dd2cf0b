#include "queue/cluster/partition_copies.h"

#include <utility>

namespace baton::queue::cluster {

PartitionCopies::PartitionCopies(CopyLog copy, baton::Log log)
    : copy_(std::move(copy)), log_(std::move(log)) {}

PartitionCopies::~PartitionCopies() { stop(); }

void PartitionCopies::begin(Partition partition) {
    const std::scoped_lock lock(mutex_);
    if (is_stopped_ || !under_way_.insert(partition).second) return;
    // The thread before it, if any, has nothing left to do.
    threads_[partition] =
        std::jthread([this, partition](const std::stop_token& stop) { make(partition, stop); });
}

void PartitionCopies::make(Partition partition, const std::stop_token& stop) {
    const auto copied = copy_(partition, stop);
    log_.info(copied ? "the log of a silent leader was copied"
                     : "the log of a silent leader could not be copied yet",
        {{"partition", partition}, {"error", copied ? std::string() : to_string(copied.error())}});
    const std::scoped_lock lock(mutex_);
    under_way_.erase(partition);
    ended_.notify_all();
}

void PartitionCopies::wait(Partition partition) {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return !under_way_.contains(partition); });
}

void PartitionCopies::stop() {
    std::map<Partition, std::jthread> ending;
    {
        const std::scoped_lock lock(mutex_);
        is_stopped_ = true;
        ending.swap(threads_);
    }
    for (auto& [partition, thread] : ending) thread.request_stop();
}

}  // namespace baton::queue::cluster
