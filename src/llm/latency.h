// What is known of how long an endpoint takes: percentiles of the last minutes, and the wait that
// a next request may expect. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace baton::llm {

/// Percentiles of durations, to within 7 %, over the last two to four minutes. 1 ms .. 1 h.
class Percentiles final {
public:
    void add(Duration took, SteadyTime now) noexcept;
    /// `share` 0..1; 0 when nothing was seen lately.
    [[nodiscard]] Duration at(double share, SteadyTime now) const noexcept;
    [[nodiscard]] std::uint64_t count(SteadyTime now) const noexcept;

private:
    static constexpr std::size_t buckets = 112;
    struct Window {
        std::int64_t number = -1;  ///< of its two minutes
        std::array<std::uint32_t, buckets> counts{};
        std::uint64_t total = 0;
    };

    [[nodiscard]] std::array<const Window*, 2> current(SteadyTime now) const noexcept;

    std::array<Window, 2> windows_{};
};

/// An average that jumps up to a peak at once and comes down with time and with each better value,
/// so that an endpoint in trouble is believed to be (peak EWMA, as Finagle has it).
class PeakAverage final {
public:
    void add(double value, SteadyTime now) noexcept;
    /// Forgets what was before.
    void set(double value, SteadyTime now) noexcept;
    [[nodiscard]] double value() const noexcept { return value_; }  ///< 0: none yet

private:
    double value_ = 0;
    SteadyTime at_{};
};

}  // namespace baton::llm
