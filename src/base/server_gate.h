// When a server that is away may be tried again. Shared by all connections to it.
#pragma once

#include <algorithm>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace baton {

/// While the server is away, one connection at a time tries it, after pauses that grow from 100 ms
/// to 2 s. Safe to use from any thread.
class ServerGate final {
public:
    /// Nothing: try now, and say how it went. Else: how long nobody should.
    /// `try_max`: how long the attempt may take; others wait for it.
    [[nodiscard]] std::optional<Duration> closed_for(SteadyTime now, Duration try_max) {
        const std::scoped_lock lock(mutex_);
        if (pause_ == Duration(0)) return std::nullopt;
        if (now < next_) {
            return std::max(Duration(1), std::chrono::ceil<Duration>(next_ - now));
        }
        next_ = now + try_max;
        return std::nullopt;
    }

    void succeeded() {
        const std::scoped_lock lock(mutex_);
        pause_ = Duration(0);
    }

    /// Returns the pause that begins now.
    Duration failed(SteadyTime now) {
        const std::scoped_lock lock(mutex_);
        pause_ = std::clamp(pause_ * 2, pause_min, pause_max);
        next_ = now + pause_;
        return pause_;
    }

private:
    static constexpr Duration pause_min{100};
    static constexpr Duration pause_max{2'000};

    std::mutex mutex_;
    Duration pause_{0};  // 0: the server is there, as far as is known
    SteadyTime next_{};
};

}  // namespace baton
