// The replies to a queue's messages. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "queue/engine/queue_state.h"

namespace baton::queue {

/// A view: make it where it is used.
class QueueReplies {
public:
    explicit QueueReplies(QueueState& queue) : queue_(queue), replies_(queue.recall_.replies) {}

    /// Fails: message_not_found for a seq never given out; message_too_large, quota_exceeded,
    /// storage_full.
    Result<void> put(std::uint64_t seq, std::shared_ptr<const Reply> reply, TimePoint now);
    /// The kept reply (its pointer null: in the store), or nothing. Fails: message_not_found for a
    /// seq never given out.
    Result<std::optional<KeptReply>> find(std::uint64_t seq, TimePoint now);

    void drop_ended(TimePoint now);
    void recover(const RecoveredReply& reply);

private:
    [[nodiscard]] Result<void> check_seq(std::uint64_t seq) const;
    void release(const KeptReply& kept);

    QueueState& queue_;
    KeptBySeq<KeptReply>& replies_;
};

}  // namespace baton::queue
