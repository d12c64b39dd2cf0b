#include "runtime/backoff.h"

#include <algorithm>
#include <cmath>

namespace baton {

Duration backoff_delay(const Backoff& backoff, unsigned retry, double random) noexcept {
    const auto initial = static_cast<double>(backoff.initial.count());
    const auto limit = static_cast<double>(backoff.max.count());
    const double exponent = retry == 0 ? 0 : static_cast<double>(retry - 1);
    const double base = std::min(limit, initial * std::pow(backoff.multiplier, exponent));
    const double spread = 1 - backoff.jitter + 2 * backoff.jitter * random;
    return Duration(std::llround(std::min(limit, base * spread)));
}

}  // namespace baton
