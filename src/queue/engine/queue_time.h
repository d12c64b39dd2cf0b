// The time that queues go by: the wall clock, but it never goes back and never stands still.
#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.h"

namespace baton::queue {

/// Whoever goes on with queues may have a clock that is behind what they have seen: after a
/// restart, on another machine, or because it was set back. Then time goes on from there at half
/// the clock's pace until the clock has caught up: order by time stays, and leases and delays end.
class QueueTime {
public:
    /// The time when the clock says `clock`.
    TimePoint at(TimePoint clock) {
        if (!clock_ || clock < *clock_) anchor(clock);
        clock_ = clock;
        now_ = std::max({now_, clock, anchor_now_ + (clock - anchor_clock_) / 2});
        return now_;
    }
    /// It has been so late already.
    void reach(TimePoint time) {
        if (time <= now_) return;
        now_ = time;
        if (clock_) anchor(*clock_);
    }

private:
    void anchor(TimePoint clock) {
        anchor_clock_ = clock;
        anchor_now_ = now_;
    }

    std::optional<TimePoint> clock_{};
    TimePoint now_{};
    TimePoint anchor_clock_{};  ///< from here on half the pace
    TimePoint anchor_now_{};
};

}  // namespace baton::queue
