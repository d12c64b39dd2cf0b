// An absolute end to waiting, passed down through every call that may wait.
#pragma once

#include <algorithm>
#include <chrono>

namespace baton {

/// A point on the steady clock; `never()` does not come. A value; compare and copy freely.
class Deadline {
public:
    using SteadyClock = std::chrono::steady_clock;

    [[nodiscard]] static Deadline never() noexcept {
        return Deadline(SteadyClock::time_point::max());
    }
    [[nodiscard]] static Deadline after(std::chrono::milliseconds delay) noexcept {
        const auto now = SteadyClock::now();
        return delay >= SteadyClock::time_point::max() - now ? never() : Deadline(now + delay);
    }

    [[nodiscard]] SteadyClock::time_point at() const noexcept { return at_; }
    [[nodiscard]] bool is_never() const noexcept { return at_ == SteadyClock::time_point::max(); }
    [[nodiscard]] bool expired() const noexcept { return !is_never() && SteadyClock::now() >= at_; }

    /// What is left, never negative, rounded up so that waiting for it does not end early.
    [[nodiscard]] std::chrono::milliseconds remaining() const noexcept {
        if (is_never()) return std::chrono::milliseconds::max();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - SteadyClock::now());
        return std::max(left, std::chrono::milliseconds(0));
    }

    /// The earlier of two.
    [[nodiscard]] Deadline min(Deadline other) const noexcept {
        return at_ < other.at_ ? *this : other;
    }

    auto operator<=>(const Deadline&) const = default;

private:
    explicit Deadline(SteadyClock::time_point at) noexcept : at_(at) {}
    SteadyClock::time_point at_;
};

}  // namespace baton
