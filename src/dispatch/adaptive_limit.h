// How many runs go on at a time: additive increase, multiplicative decrease. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace baton::dispatch {

struct AdaptiveConfig {
    std::uint32_t min = 1;   ///< runs at a time, 1..max
    std::uint32_t max = 16;  ///< 1..4,096
    /// A run that takes longer says that there are too many; 0: none does.
    Duration latency_target{0};
};

/// After as many good runs as the limit says, one more may run; a run that was refused for its rate
/// or took too long takes three tenths away. Runs that began before the last decrease say nothing
/// new, so one wave of refusals counts once. Starts at `max`. Use on one thread.
class AdaptiveLimit final {
public:
    explicit AdaptiveLimit(const AdaptiveConfig& config)
        : config_(config), limit_(std::max<double>(config.min, config.max)) {}

    [[nodiscard]] std::uint32_t limit() const noexcept {
        return static_cast<std::uint32_t>(limit_);
    }

    /// A run that began at `began` was answered after `took`. Whether the limit changed.
    bool answered(SteadyTime began, Duration took, SteadyTime now) {
        if (config_.latency_target > Duration(0) && took > config_.latency_target) {
            return refused(began, now);
        }
        if (limit() >= config_.max || ++good_ < limit()) return false;
        good_ = 0;
        limit_ = std::min<double>(config_.max, limit() + 1);
        return true;
    }
    /// A run that began at `began` met a rate limit or an overload. Whether the limit changed.
    bool refused(SteadyTime began, SteadyTime now) {
        good_ = 0;
        if (began < decreased_at_) return false;
        decreased_at_ = now;
        const auto before = limit();
        limit_ = std::max<double>(config_.min, limit_ * factor);
        return limit() != before;
    }

private:
    static constexpr double factor = 0.7;

    AdaptiveConfig config_;
    double limit_;
    std::uint32_t good_ = 0;
    SteadyTime decreased_at_ = SteadyTime::min();
};

}  // namespace baton::dispatch
