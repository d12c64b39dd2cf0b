// How long work waits in the queue, from what was seen of it. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "model/queue_config.h"

namespace baton::dispatch {

/// What the queue's workers manage, seen while there was always something to do; until then what
/// `workers` would manage. Not safe to share between threads.
class Capacity {
public:
    /// `workers`: runs at a time, ≥ 1.
    explicit Capacity(std::uint32_t workers) : workers_(workers) {}

    /// Looked at before: whether there is something new to see yet.
    [[nodiscard]] bool is_stale(SteadyTime now) const noexcept {
        return seen_at_ == SteadyTime::min() || now - seen_at_ >= look_again;
    }
    void see(const QueueStats& stats, SteadyTime now) {
        const bool busy = stats.ready > 0;
        if (busy && was_busy_ && stats.acked_total >= acked_ && now > seen_at_) {
            const std::chrono::duration<double, std::milli> took = now - seen_at_;
            const double rate = static_cast<double>(stats.acked_total - acked_) / took.count();
            rate_ = rate_ > 0 ? rate_ + (rate - rate_) * share : rate;
        }
        was_busy_ = busy;
        acked_ = stats.acked_total;
        seen_at_ = now;
    }

    /// Until a message that has so many `ahead` of it is taken, when a run takes `run`; 0: nothing
    /// is known, or it does not wait.
    [[nodiscard]] Duration wait_behind(std::uint64_t ahead, Duration run) const {
        double rate = rate_;  // runs in a millisecond
        if (rate <= 0 && run > Duration(0)) {
            rate = static_cast<double>(workers_) / static_cast<double>(run.count());
        }
        if (rate <= 0) return Duration(0);
        constexpr double wait_max = 1e12;
        return Duration(
            static_cast<std::int64_t>(std::min(static_cast<double>(ahead) / rate, wait_max)));
    }

private:
    static constexpr Duration look_again{1'000};
    static constexpr double share = 0.3;  // of the newest look in the mean

    std::uint32_t workers_;
    double rate_ = 0;
    std::uint64_t acked_ = 0;
    bool was_busy_ = false;
    SteadyTime seen_at_ = SteadyTime::min();
};

}  // namespace baton::dispatch
