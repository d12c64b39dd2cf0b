#include "llm/latency.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace baton::llm {
namespace {

constexpr double growth = 1.145;       // bucket to bucket; 112 of them reach past one hour
constexpr double memory_seconds = 10;  // after it a peak counts for a third, whatever came
constexpr double least_step = 0.2;     // of the way to a better value, with each one
constexpr std::chrono::minutes window_length{2};

std::int64_t window_of(SteadyTime now) noexcept { return now.time_since_epoch() / window_length; }

std::size_t bucket_of(Duration took, std::size_t buckets) noexcept {
    if (took <= Duration(1)) return 0;
    const double place = std::log(static_cast<double>(took.count())) / std::log(growth);
    return std::min(static_cast<std::size_t>(place) + 1, buckets - 1);
}

/// The middle of a bucket.
Duration middle_of(std::size_t bucket) noexcept {
    return Duration(std::llround(std::pow(growth, static_cast<double>(bucket) - 0.5)));
}

}  // namespace

void Percentiles::add(Duration took, SteadyTime now) noexcept {
    const std::int64_t number = window_of(now);
    Window& window = windows_[static_cast<std::size_t>(number & 1)];
    if (window.number != number) window = Window{.number = number};
    ++window.counts[bucket_of(took, buckets)];
    ++window.total;
}

std::array<const Percentiles::Window*, 2> Percentiles::current(SteadyTime now) const noexcept {
    static constexpr Window empty{};
    const std::int64_t number = window_of(now);
    std::array<const Window*, 2> found{&empty, &empty};
    for (std::size_t i = 0; i < 2; ++i) {
        if (windows_[i].number >= number - 1) found[i] = &windows_[i];
    }
    return found;
}

std::uint64_t Percentiles::count(SteadyTime now) const noexcept {
    const auto [a, b] = current(now);
    return a->total + b->total;
}

Duration Percentiles::at(double share, SteadyTime now) const noexcept {
    const auto [a, b] = current(now);
    const std::uint64_t total = a->total + b->total;
    if (total == 0) return Duration(0);
    const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
        seen += a->counts[i] + b->counts[i];
        if (seen >= std::max<std::uint64_t>(rank, 1)) return middle_of(i);
    }
    return middle_of(buckets - 1);
}

void PeakAverage::add(double value, SteadyTime now) noexcept {
    if (value_ <= 0 || value >= value_) {
        set(value, now);
        return;
    }
    const double seconds = std::chrono::duration<double>(now - at_).count();
    const double step = std::max(1 - std::exp(-seconds / memory_seconds), least_step);
    set(value_ + (value - value_) * step, now);
}

void PeakAverage::set(double value, SteadyTime now) noexcept {
    value_ = value;
    at_ = now;
}

}  // namespace baton::llm
