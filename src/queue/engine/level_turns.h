// Levels that share by weight: the strategy priority_weighted.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/queue_config.h"
#include "queue/engine/mean_cost.h"

namespace baton::queue {

/// In a round each level may give out as many messages of mean cost as it weighs, the higher ones
/// first: so a message of a level that has not used its round up is next, however full the levels
/// below are. The round ends when all levels that have messages have used it up; so none of them
/// starves.
class LevelTurns {
public:
    /// `has(level)`: whether it may give out something now; may be wrong once, until `pop(level)`
    /// has returned nothing. `cost(seq)`: ≥ 1.
    template <class Has, class Pop, class Cost>
    [[nodiscard]] std::optional<std::uint64_t> pop(
        const std::array<std::uint32_t, level_count>& weights, const Has& has, const Pop& pop_from,
        const Cost& cost) {
        do {
            for (std::size_t i = 0; i < level_count; ++i) {
                if (credit_[i] <= 0 || !has(i)) continue;
                const std::optional<std::uint64_t> seq = pop_from(i);
                if (!seq) continue;
                const std::int64_t costs = cost(*seq);
                credit_[i] -= costs;
                mean_.add(costs);
                return seq;
            }
        } while (begin_round(weights, has));
        return std::nullopt;
    }

    /// What a level gave out turned out to cost so much more, or less.
    void charge(std::size_t level, std::int64_t more) noexcept { credit_[level] -= more; }

private:
    /// False when no level has anything.
    template <class Has>
    [[nodiscard]] bool begin_round(
        const std::array<std::uint32_t, level_count>& weights, const Has& has) {
        std::array<std::int64_t, level_count> turn{};
        std::int64_t rounds = INT64_MAX;  // until the first level has paid back its debt
        for (std::size_t i = 0; i < level_count; ++i) {
            turn[i] = static_cast<std::int64_t>(weights[i]) * mean_.value();
            if (has(i)) {
                rounds = std::min(rounds, 1 + std::max<std::int64_t>(-credit_[i], 0) / turn[i]);
            }
        }
        if (rounds == INT64_MAX) return false;
        for (std::size_t i = 0; i < level_count; ++i) {
            credit_[i] = std::min(credit_[i] + rounds * turn[i], turn[i]);
        }
        return true;
    }

    std::array<std::int64_t, level_count> credit_{};
    MeanCost mean_;
};

}  // namespace baton::queue
