// A clock that moves only when the test says so.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace baton::test {

/// Starts at 2026-01-01T00:00:00Z. Safe to use from any thread.
class FakeClock final : public Clock {
public:
    static constexpr TimePoint start = from_unix_ms(1'767'225'600'000);

    explicit FakeClock(TimePoint now = start) : now_ms_(to_unix_ms(now)) {}

    [[nodiscard]] TimePoint now() const override { return from_unix_ms(now_ms_.load()); }
    [[nodiscard]] SteadyTime steady_now() const override {
        return SteadyTime(Duration(steady_ms_.load()));
    }

    /// Time passes, on both clocks.
    void advance(Duration by) {
        now_ms_ += by.count();
        steady_ms_ += by.count();
    }
    /// Somebody sets the wall clock, forward or back; no time passes.
    void step(Duration by) { now_ms_ += by.count(); }
    void set(TimePoint now) { now_ms_ = to_unix_ms(now); }

private:
    std::atomic<std::int64_t> now_ms_;
    std::atomic<std::int64_t> steady_ms_{1'000'000};
};

}  // namespace baton::test
