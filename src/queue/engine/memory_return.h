// When the process gives memory back that messages took which have gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <malloc.h>

namespace baton::queue {

/// The allocator keeps freed memory, which is right while messages come and go; after a large
/// backlog has gone the system gets it back. A trim costs some 10 ms, so it must be worth it.
class MemoryReturn {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::uint64_t gone_min = 100'000;
    static constexpr std::chrono::seconds pause{5};

    void note_gone(std::uint64_t messages) noexcept { gone_ += messages; }
    /// Whether `is_due` may say yes: a cheap look before `left` is counted.
    [[nodiscard]] bool may_be_due(Time now) const noexcept {
        return gone_ >= gone_min && now >= next_;
    }
    /// More messages have gone since the last trim than are left.
    [[nodiscard]] bool is_due(std::uint64_t left, Time now) const noexcept {
        return may_be_due(now) && gone_ > left;
    }
    void trim(Time now) noexcept {
        ::malloc_trim(0);
        gone_ = 0;
        next_ = now + pause;
    }

private:
    std::uint64_t gone_ = 0;
    Time next_{};
};

}  // namespace baton::queue
