// What messages cost on average lately. Pure integers, so that equal histories give equal turns.
#pragma once

#include <algorithm>
#include <cstdint>

namespace baton::queue {

/// Follows the last hundred or so. Exactly 1 while every message costs 1.
class MeanCost {
public:
    void add(std::int64_t cost) noexcept { sum_ += cost - (sum_ >> shift); }
    /// ≥ 1.
    [[nodiscard]] std::int64_t value() const noexcept {
        return std::max<std::int64_t>(sum_ >> shift, 1);
    }

private:
    static constexpr int shift = 6;
    std::int64_t sum_ = std::int64_t{1} << shift;
};

}  // namespace baton::queue
