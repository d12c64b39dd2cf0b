// What messages count for in the shares of keys and levels.
#pragma once

#include <cstdint>

#include <boost/unordered/unordered_flat_map.hpp>

namespace baton::queue {

/// By seq; whatever costs 1, as most do, takes no memory.
class Costs {
public:
    /// `cost`: ≥ 1.
    void put(std::uint64_t seq, std::uint32_t cost) {
        if (cost != 1) {
            costs_[seq] = cost;
        } else {
            erase(seq);
        }
    }
    [[nodiscard]] std::uint32_t of(std::uint64_t seq) const {
        if (costs_.empty()) return 1;
        const auto found = costs_.find(seq);
        return found == costs_.end() ? 1 : found->second;
    }
    void erase(std::uint64_t seq) {
        if (!costs_.empty()) costs_.erase(seq);
    }

private:
    boost::unordered_flat_map<std::uint64_t, std::uint32_t> costs_;
};

}  // namespace baton::queue
