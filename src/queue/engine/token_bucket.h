// A rate: so many a second, with bursts of one second's worth. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace baton::queue {

/// Counted in thousandths, so that a millisecond brings exactly `per_second` of them. Rate 0: no
/// limit. A bucket starts full; `now` must not go back.
class TokenBucket {
public:
    void set_rate(std::uint32_t per_second, TimePoint now) {
        if (per_second == rate_) return;
        const bool was_limited = rate_ != 0;
        fill(now);
        rate_ = per_second;
        level_ = was_limited ? std::min(level_, full()) : full();
    }

    [[nodiscard]] bool is_limited() const noexcept { return rate_ != 0; }

    /// Whole tokens that are there. Not for rate 0.
    [[nodiscard]] std::uint64_t available(TimePoint now) {
        fill(now);
        return level_ < 0 ? 0 : static_cast<std::uint64_t>(level_ / 1'000);
    }

    /// Until `count` of them are there, or a full bucket if that is less; 0: now. Not for rate 0.
    [[nodiscard]] Duration wait_for(std::uint64_t count, TimePoint now) {
        fill(now);
        const std::int64_t need =
            std::min(full(), static_cast<std::int64_t>(count) * 1'000) - level_;
        if (need <= 0) return Duration(0);
        return Duration((need + rate_ - 1) / rate_);
    }

    /// Takes `count` of them, on credit if need be.
    void take(std::uint64_t count, TimePoint now) {
        if (rate_ == 0) return;
        fill(now);
        level_ -= static_cast<std::int64_t>(count) * 1'000;
    }

private:
    [[nodiscard]] std::int64_t full() const noexcept { return std::int64_t{rate_} * 1'000; }
    void fill(TimePoint now) {
        // A credit of at most one call is paid back within a few seconds at any rate worth having.
        const std::int64_t elapsed = std::clamp<std::int64_t>((now - at_).count(), 0, 100'000'000);
        level_ = std::min(full(), level_ + elapsed * rate_);
        at_ = now;
    }

    std::uint32_t rate_ = 0;
    std::int64_t level_ = 0;
    TimePoint at_{};
};

}  // namespace baton::queue
