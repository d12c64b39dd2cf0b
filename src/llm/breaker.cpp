#include "llm/breaker.h"

#include <algorithm>

namespace baton::llm {
namespace {

/// How soon to look again while somebody else's trial is under way.
constexpr Duration trial_patience{100};

}  // namespace

std::string_view to_string(BreakerState state) noexcept {
    switch (state) {
        case BreakerState::open: return "open";
        case BreakerState::half_open: return "half_open";
        case BreakerState::closed: break;
    }
    return "closed";
}

BreakerState Breaker::state(SteadyTime now) const noexcept {
    if (is_closed_) return BreakerState::closed;
    return on_trial_ || now >= half_open_at_ ? BreakerState::half_open : BreakerState::open;
}

bool Breaker::admits(SteadyTime now) const noexcept {
    return is_closed_ || (!on_trial_ && now >= half_open_at_);
}

SteadyTime Breaker::admits_at(SteadyTime now) const noexcept {
    if (is_closed_) return now;
    return on_trial_ ? now + trial_patience : half_open_at_;
}

bool Breaker::take(SteadyTime) noexcept {
    on_trial_ = !is_closed_;
    return on_trial_;
}

void Breaker::succeeded() noexcept {
    failures_ = 0;
    is_closed_ = true;
    on_trial_ = false;
    open_for_ = Duration(0);
}

void Breaker::failed(bool on_trial, SteadyTime now) noexcept {
    ++failures_;
    if (on_trial) on_trial_ = false;
    if (on_trial || (is_closed_ && failures_ >= config_.max_failures)) open(now);
}

void Breaker::ended(bool on_trial) noexcept {
    if (on_trial) on_trial_ = false;
}

void Breaker::open(SteadyTime now) noexcept {
    open_for_ = std::clamp(open_for_ * 2, config_.open_min, config_.open_max);
    is_closed_ = false;
    half_open_at_ = now + open_for_;
    trial_not_before_ = half_open_at_;
}

void Breaker::probe_succeeded(SteadyTime now) noexcept {
    if (is_closed_) {
        failures_ = 0;
        return;
    }
    half_open_at_ = std::min(half_open_at_, std::max(now, trial_not_before_));
}

void Breaker::probe_failed(SteadyTime now, SteadyTime next) noexcept {
    if (is_closed_) {
        failed(false, now);
    } else if (!on_trial_) {
        half_open_at_ = std::max(half_open_at_, next + config_.open_min);
    }
}

}  // namespace baton::llm
