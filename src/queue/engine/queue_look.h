// How a queue stands, for the order of its ready messages.
#pragma once

#include <cstdint>
#include <optional>

#include "queue/engine/queue_state.h"

namespace baton::queue {

/// A Look of ReadyMessages at one instant. Refers to the queue.
class QueueLook final {
public:
    /// `only`: no other level is open.
    QueueLook(const QueueState& queue, std::optional<Level> only, TimePoint now)
        : queue_(queue), only_(only), now_(now) {}

    /// One that has expired waits for its timer only.
    [[nodiscard]] bool holds(std::uint64_t seq, Level level) const {
        return queue_.in_lane(seq, level) && queue_.table_.find(seq)->expires_at > now_;
    }
    [[nodiscard]] std::uint32_t weight(std::uint32_t key) const { return queue_.weight_of(key); }
    [[nodiscard]] bool open(Level level) const {
        if (only_ && *only_ != level) return false;
        const auto i = static_cast<std::size_t>(level);
        const std::uint32_t limit = queue_.info_.config.levels[i].max_concurrent;
        return limit == 0 || queue_.levels_[i].leased < limit;
    }

private:
    const QueueState& queue_;
    std::optional<Level> only_;
    TimePoint now_;
};

}  // namespace baton::queue
