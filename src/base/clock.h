// Time as a port, so that every rule about time can be tested without waiting.
#pragma once

#include <chrono>
#include <cstdint>

namespace baton {

using Duration = std::chrono::milliseconds;
/// Wall time, UTC, in milliseconds: what is stored and shown.
using TimePoint = std::chrono::sys_time<Duration>;

/// Time that only goes forward, second by second, whatever is done to the wall clock. Its zero
/// means nothing, so it is for measuring within one process.
using SteadyTime = std::chrono::steady_clock::time_point;

/// Where the present comes from. Implementations are safe to call from any thread.
class Clock {
public:
    virtual ~Clock() = default;
    /// May jump in both directions when somebody sets the clock.
    [[nodiscard]] virtual TimePoint now() const = 0;
    [[nodiscard]] virtual SteadyTime steady_now() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] TimePoint now() const override {
        return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    }
    [[nodiscard]] SteadyTime steady_now() const override {
        return std::chrono::steady_clock::now();
    }
};

[[nodiscard]] constexpr std::int64_t to_unix_ms(TimePoint time) noexcept {
    return time.time_since_epoch().count();
}
[[nodiscard]] constexpr TimePoint from_unix_ms(std::int64_t ms) noexcept {
    return TimePoint(Duration(ms));
}

}  // namespace baton
