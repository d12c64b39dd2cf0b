// Which queue a receipt belongs to, without asking the engine each time.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/id.h"
#include "base/result.h"
#include "queue/queues.h"
#include "runtime/task.h"

namespace baton::service {

/// The uids of queues by name. What is remembered may be of a queue that was deleted or made anew:
/// its receipts are void then, and the queues say so. Safe to use from any thread.
class QueueUids final {
public:
    /// `queues` must outlive it.
    explicit QueueUids(queue::QueueAdmin& queues) noexcept : queues_(queues) {}

    /// Whether the queue of this name had messages of `uid` when it was last looked at.
    [[nodiscard]] bool knows(const QueueName& name, std::uint64_t uid) const;

    /// Asks the queues. Fails: queue_not_found.
    [[nodiscard]] Task<Result<std::uint64_t>> look_up(QueueName name);

private:
    static constexpr std::size_t remembered_max = 10'000;

    queue::QueueAdmin& queues_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::uint64_t> by_name_;
};

}  // namespace baton::service
