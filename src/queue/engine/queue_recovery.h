// How a queue comes back from its store. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "queue/engine/queue_state.h"

namespace baton::queue {

/// What the store has of one queue, messages by seq, then `finish` once. A view: make it where it
/// is used.
class QueueRecovery {
public:
    explicit QueueRecovery(QueueState& queue) : queue_(queue) {}

    /// Larger than every seq ever given out.
    void next_seq(std::uint64_t next_seq) { queue_.next_seq_ = next_seq; }
    void message(RecoveredMessage message);
    void dedup(std::uint64_t first, std::string key, TimePoint until);
    void paused_key(PausedKey key);
    void finish(TimePoint now);

private:
    QueueState& queue_;
};

}  // namespace baton::queue
