// Queues in which the service itself keeps what it has accepted: who may lay hands on them.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "access/access.h"
#include "base/id.h"
#include "base/result.h"
#include "model/message.h"
#include "queue/queue_admin.h"
#include "runtime/task.h"

namespace baton::service {

/// The one rule for them, so far for `llm`, where messages to agents wait: administrators only may
/// change them (configuration, pauses, purge, redrive) and what is in them (pop, settle, cancel,
/// reschedule, reply, append to an output). Everybody may post and look. Safe to use from any
/// thread.
class SystemQueues final {
public:
    /// `queues` must outlive it.
    explicit SystemQueues(queue::QueueAdmin& queues) noexcept : queues_(queues) {}

    /// Of a queue by its name. Fails: permission_denied (field `queue`).
    [[nodiscard]] static Result<void> may_change(
        const access::Identity& who, const QueueName& queue);

    /// Of a message, whichever its queue. `who` must outlive the task.
    /// Fails: permission_denied (field `message_id`), and as QueueAdmin::get_queue.
    [[nodiscard]] Task<Result<void>> may_change(const access::Identity& who, MessageId message);

    /// Which of these uids is that of a queue that `who` may not change, and why not; absent: none.
    /// Asks the queues once, if it has not seen them all before. `who` must outlive the task.
    /// Fails: as QueueAdmin::get_queue.
    struct Refusal {
        std::uint64_t uid = 0;
        Error error{};
    };
    [[nodiscard]] Task<Result<std::optional<Refusal>>> refusal(
        const access::Identity& who, std::vector<std::uint64_t> uids);

private:
    static constexpr std::size_t remembered_max = 10'000;

    [[nodiscard]] bool are_others(const std::vector<std::uint64_t>& uids) const;
    void remember(const std::vector<std::uint64_t>& uids);

    queue::QueueAdmin& queues_;
    std::atomic<std::uint64_t> own_{0};  ///< uid of `llm` when it was last seen; 0: never
    mutable std::mutex mutex_;
    std::unordered_set<std::uint64_t> others_;  ///< uids are random: these will never be theirs
};

}  // namespace baton::service
