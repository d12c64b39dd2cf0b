// The messages of a queue that may be handed out, in the order its strategy gives them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "model/queue_config.h"
#include "queue/engine/costs.h"
#include "queue/engine/deadline_lanes.h"
#include "queue/engine/fair_lanes.h"
#include "queue/engine/level_turns.h"

namespace baton::queue {

/// - strict: the highest level that has something; inside a level fairness keys take turns.
/// - priority_weighted: levels share by weight; inside a level as strict.
/// - fair: fairness keys take turns whatever the level; inside a key by seq.
/// - deadline: the earliest deadline first, of one deadline fairness keys take turns; what has none
///   comes after that, as strict.
///
/// A `Look` says how things stand: `holds(seq, level)` whether an entry still stands,
/// `weight(key)` ≥ 1, `open(level)` whether the level may give out one more, `fits(seq)` whether
/// the next one is wanted: a `pop` of one that is not gives nothing and changes no turn.
class ReadyMessages {
public:
    /// Forgets every entry, the credits and what is paused, but no cost.
    void begin_anew(const SchedulingConfig& config) {
        Costs costs = std::move(costs_);
        *this = ReadyMessages();
        costs_ = std::move(costs);
        config_ = config;
    }
    [[nodiscard]] const SchedulingConfig& config() const noexcept { return config_; }

    /// `deadline`: TimePoint::max() for none.
    void push(std::uint32_t key, std::uint64_t seq, Level level, TimePoint deadline) {
        const auto place = static_cast<std::size_t>(level);
        if (config_.strategy == Strategy::fair) {
            keys_.push(key, seq, place);
        } else if (config_.strategy == Strategy::deadline && deadline != TimePoint::max()) {
            deadlines_.push(key, seq, place, deadline);
        } else {
            levels_[place].push(key, seq);
        }
    }
    void prefetch(std::uint32_t key, Level level) const {
        levels_[static_cast<std::size_t>(level)].prefetch(key);
    }
    void prefetch_end(std::uint32_t key, Level level) const {
        levels_[static_cast<std::size_t>(level)].prefetch_end(key);
    }

    void pause(std::uint32_t key) {
        for (auto& level : levels_) level.pause(key);
        if (config_.strategy == Strategy::fair) keys_.pause(key);
        if (config_.strategy == Strategy::deadline) deadlines_.pause(key);
    }
    void resume(std::uint32_t key) {
        for (auto& level : levels_) level.resume(key);
        if (config_.strategy == Strategy::fair) keys_.resume(key);
        if (config_.strategy == Strategy::deadline) deadlines_.resume(key);
    }

    template <class Look>
    [[nodiscard]] std::optional<std::uint64_t> pop(const Look& look) {
        const auto holds = [&](std::uint64_t seq, std::size_t place) {
            return look.holds(seq, static_cast<Level>(place));
        };
        const auto weight = [&](std::uint32_t key) { return look.weight(key); };
        const auto cost = [&](std::uint64_t seq) { return costs_.of(seq); };
        const auto open = [&](std::size_t place) { return look.open(static_cast<Level>(place)); };
        bool wanted = true;  // what came up next
        const auto fits = [&](std::uint64_t seq) {
            wanted = look.fits(seq);
            return wanted;
        };
        const auto from = [&](std::size_t place) {
            return levels_[place].pop([&](std::uint64_t seq) { return holds(seq, place); }, weight,
                cost, AllOpen(), fits);
        };
        const auto has = [&](std::size_t i) { return wanted && levels_[i].has_turns() && open(i); };
        if (config_.strategy == Strategy::priority_weighted) {
            return turns_.pop(config_.level_weights, has, from, cost);
        }
        if (config_.strategy == Strategy::fair) {
            return keys_.pop(holds, weight, cost, open, fits);
        }
        if (config_.strategy == Strategy::deadline) {
            if (const auto seq = deadlines_.pop(holds, open, fits)) return seq;
        }
        for (std::size_t i = 0; i < level_count; ++i) {
            if (!has(i)) continue;
            if (const auto seq = from(i)) return seq;
        }
        return std::nullopt;
    }

    /// What a message counts for: ≥ 1, and 1 if nobody says so.
    void set_cost(std::uint64_t seq, std::uint32_t cost) { costs_.put(seq, cost); }
    void forget_cost(std::uint64_t seq) { costs_.erase(seq); }
    /// A message of `key` that was given out at `level` turned out to cost this.
    void charge(std::uint32_t key, std::uint64_t seq, Level level, std::uint32_t cost) {
        add(key, level, std::int64_t{cost} - costs_.of(seq));
        costs_.put(seq, cost);
    }
    /// It was given out for nothing.
    void refund(std::uint32_t key, std::uint64_t seq, Level level) {
        add(key, level, -std::int64_t{costs_.of(seq)});
    }

    /// How many are given out before `seq`, which stands at `level` with `key`, counted up to
    /// `max`: exactly when every message costs 1, but for priority_weighted, which assumes that the
    /// levels use their shares up.
    template <class Look>
    [[nodiscard]] std::uint64_t ahead_of(std::uint32_t key, std::uint64_t seq, Level level,
        TimePoint deadline, std::uint64_t max, const Look& look) const {
        const auto holds = [&](std::uint64_t entry, std::size_t place) {
            return look.holds(entry, static_cast<Level>(place));
        };
        const auto weight = [&](std::uint32_t other) { return look.weight(other); };
        if (config_.strategy == Strategy::fair) return keys_.ahead_of(key, seq, max, holds, weight);
        std::uint64_t ahead = 0;
        if (config_.strategy == Strategy::deadline) {
            ahead = deadlines_.ahead_of(seq, max, holds);
            if (deadline != TimePoint::max()) return ahead;
        }
        const auto own = static_cast<std::size_t>(level);
        ahead += levels_[own].ahead_of(
            key, seq, max - ahead, [&](std::uint64_t entry) { return holds(entry, own); }, weight);
        const std::uint64_t same = ahead;
        const bool shares = config_.strategy == Strategy::priority_weighted;
        for (std::size_t i = 0; i < level_count && ahead < max; ++i) {
            if (i == own || (i > own && !shares) || !look.open(static_cast<Level>(i))) continue;
            const std::uint64_t all =
                levels_[i].count(max - ahead, [&](std::uint64_t entry) { return holds(entry, i); });
            ahead += shares ? std::min(all, part_of(same, i, own)) : all;
        }
        return ahead;
    }

    /// Entries that have not come up yet, standing or not.
    [[nodiscard]] std::size_t size() const noexcept {
        std::size_t size = keys_.size() + deadlines_.size();
        for (const auto& level : levels_) size += level.size();
        return size;
    }
    template <class Holds>
    void shrink(const Holds& holds) {
        for (std::size_t i = 0; i < level_count; ++i) {
            levels_[i].shrink([&](std::uint64_t seq) { return holds(seq, static_cast<Level>(i)); });
        }
        const auto at_place = [&](std::uint64_t seq, std::size_t place) {
            return holds(seq, static_cast<Level>(place));
        };
        keys_.shrink(at_place);
        deadlines_.shrink(at_place);
    }

private:
    void add(std::uint32_t key, Level level, std::int64_t more) {
        const auto place = static_cast<std::size_t>(level);
        turns_.charge(place, more);
        if (config_.strategy == Strategy::fair) {
            keys_.charge(key, more);
        } else {
            levels_[place].charge(key, more);
        }
    }
    /// What `level` gives out while its `own` one gives out `count` and one more.
    [[nodiscard]] std::uint64_t part_of(
        std::uint64_t count, std::size_t level, std::size_t own) const {
        const std::uint64_t weight = config_.level_weights[own];
        const std::uint64_t rounds = count / weight + (level < own ? 1 : 0);
        return rounds * config_.level_weights[level];
    }

    SchedulingConfig config_;
    Costs costs_;
    std::array<FairLanes, level_count> levels_;
    LevelTurns turns_;         // priority_weighted
    Lanes<level_count> keys_;  // fair
    DeadlineLanes deadlines_;  // deadline
};

}  // namespace baton::queue
