// Exponential backoff with jitter, as a pure function.
#pragma once

#include "base/clock.h"

namespace baton {

struct Backoff {
    Duration initial{1000};   ///< before the first retry; > 0
    Duration max{60'000};     ///< no delay is longer; ≥ initial
    double multiplier = 2.0;  ///< ≥ 1
    double jitter = 0.2;      ///< 0..1: the delay is drawn from [d·(1-jitter), d·(1+jitter)]
};

/// The delay before retry number `retry` (1, 2, …). `random` is drawn evenly from [0, 1).
[[nodiscard]] Duration backoff_delay(
    const Backoff& backoff, unsigned retry, double random) noexcept;

}  // namespace baton
