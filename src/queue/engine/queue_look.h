// How a queue stands, for the order of its ready messages.
#pragma once

#include <cstdint>
#include <optional>

#include "base/answer_budget.h"
#include "queue/engine/queue_state.h"

namespace baton::queue {

/// A Look of ReadyMessages at one instant. Refers to the queue.
class QueueLook final {
public:
    /// `only`: no other level is open. `budget`: of the answer that is being made; must outlive it.
    QueueLook(const QueueState& queue, std::optional<Level> only, TimePoint now,
        const AnswerBudget* budget = nullptr)
        : queue_(queue), only_(only), now_(now), budget_(budget) {}

    /// One that has expired waits for its timer only.
    [[nodiscard]] bool holds(std::uint64_t seq, Level level) const {
        return queue_.in_lane(seq, level) && queue_.table_.find(seq)->expires_at > now_;
    }
    [[nodiscard]] std::uint32_t weight(std::uint32_t key) const { return queue_.weight_of(key); }
    /// Whether the answer holds one that is about to be handed out.
    [[nodiscard]] bool fits(std::uint64_t seq) const {
        return budget_ == nullptr || budget_->is_empty() ||
               budget_->holds(queue_.answer_bytes(seq, *queue_.table_.find(seq)));
    }
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
    const AnswerBudget* budget_;
};

}  // namespace baton::queue
