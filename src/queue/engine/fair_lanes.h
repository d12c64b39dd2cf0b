// Ready messages in lanes, one for each fairness key, served in turns by what they cost: deficit
// round robin (M. Shreedhar and G. Varghese, 1995), but with overdraft.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "queue/engine/key_turns.h"
#include "queue/engine/mean_cost.h"
#include "queue/engine/placed_lane.h"
#include "queue/engine/seq_lane.h"

namespace baton::queue {

/// Lanes that have messages take turns; a turn gives a lane credit for as many messages of mean
/// cost as its key weighs, and it gives out messages while it has credit. A lane that ran dry keeps
/// its debt, until as many rounds have passed as it is worth. Each lane has `places` parts; of
/// those that are open the smallest seq goes first. Entries are hints: `pop` drops those for which
/// `holds(seq)`, or with several places `holds(seq, place)`, says no, `shrink` does it everywhere.
template <std::size_t places>
class Lanes {
public:
    void push(std::uint32_t key, std::uint64_t seq, std::size_t place = 0) {
        if (key >= lanes_.size()) lanes_.resize(key + 1);
        Lane& lane = lanes_[key];
        const bool is_new = lane.empty();
        lane.seqs[place].push(seq, chunks_);
        ++size_;
        if (!is_new) return;
        ++used_;
        turns_.join(key);
    }
    /// Brings the lane of a key closer, which will be pushed to soon; `prefetch_end` its end.
    void prefetch(std::uint32_t key) const {
        if (key < lanes_.size()) __builtin_prefetch(&lanes_[key]);
    }
    void prefetch_end(std::uint32_t key) const {
        if (key < lanes_.size()) lanes_[key].seqs[0].prefetch_end(chunks_);
    }

    /// A paused key's lane fills, and takes no turns.
    void pause(std::uint32_t key) {
        turns_.pause(key);
        if (key < lanes_.size()) lanes_[key].lapse();
    }
    void resume(std::uint32_t key) {
        if (turns_.resume(key) && has_lane(key)) turns_.join(key);
    }

    /// Whether some key may take a turn. Its entries may have fallen away.
    [[nodiscard]] bool has_turns() const noexcept { return !turns_.empty(); }

    /// How many messages of mean cost turns give out before `seq` of lane `key`, counted up to
    /// `max`; as if every place were open.
    template <class Holds, class Weight>
    [[nodiscard]] std::uint64_t ahead_of(std::uint32_t key, std::uint64_t seq, std::uint64_t max,
        const Holds& holds, const Weight& weight) const {
        if (!has_lane(key)) return 0;
        std::uint64_t ahead = lanes_[key].count_below(seq, max, holds, chunks_);
        const std::uint64_t first = first_turn(key, weight(key));
        const std::uint64_t turns = ahead < first ? 0 : 1 + (ahead - first) / weight(key);
        std::uint64_t extra = 1;  // lanes before this one have a turn more
        for (const std::uint32_t other : turns_) {
            if (ahead >= max) return max;
            if (other == key) {
                extra = 0;
                continue;
            }
            if (turns + extra == 0) break;
            const std::uint64_t given =
                first_turn(other, weight(other)) + (turns + extra - 1) * weight(other);
            ahead += all_of(other, std::min(given, max - ahead), holds);
        }
        return std::min(ahead, max);
    }

    /// How many messages may be given out at all, counted up to `max`.
    template <class Holds>
    [[nodiscard]] std::uint64_t count(std::uint64_t max, const Holds& holds) const {
        std::uint64_t count = 0;
        for (const std::uint32_t key : turns_) {
            if (count >= max) break;
            count += all_of(key, max - count, holds);
        }
        return count;
    }

    /// The next seq by turn, or nothing. `weight(key)`, `cost(seq)`: ≥ 1. `open(place)`: may it
    /// give out now? `fits(seq)`: is the next one wanted? If not it stays the next.
    template <class Holds, class Weight, class Cost = OneEach, class Open = AllOpen,
        class Fits = AllFit>
    [[nodiscard]] std::optional<std::uint64_t> pop(const Holds& holds, const Weight& weight,
        const Cost& cost = {}, const Open& open = {}, const Fits& fits = {}) {
        std::size_t shut = 0;    // lanes in a row with no place that is open
        std::size_t passed = 0;  // turns that only paid back debt
        while (shut < turns_.size()) {
            const std::uint32_t key = turns_.front();
            Lane& lane = lanes_[key];
            prefetch_turns();
            size_ -= lane.drop_gone(holds, chunks_);
            if (lane.empty()) {
                end_dry(lane);
                continue;
            }
            const std::size_t place = lane.first_open(open, chunks_);
            shut = place == places ? shut + 1 : 0;
            if (shut > 0) {
                lane.lapse();
                turns_.next();
                continue;
            }
            turns_.begin_turn(lane, worth(weight(key)));
            if (lane.credit > 0 && !fits(lane.seqs[place].front(chunks_))) break;
            if (lane.credit > 0) return take(lane, place, cost);
            turns_.next();
            if (++passed % turns_.size() != 0) continue;
            turns_.skip_rounds(lanes_, [&](std::uint32_t other) { return worth(weight(other)); });
        }
        return std::nullopt;
    }

    /// What a key was given out turned out to cost so much more, or less.
    void charge(std::uint32_t key, std::int64_t more) {
        if (key < lanes_.size()) lanes_[key].credit -= more;
    }

    /// Drops every entry that no longer stands, or stands twice.
    template <class Holds>
    void shrink(const Holds& holds) {
        size_ = used_ = 0;
        for (Lane& lane : lanes_) {
            size_ += lane.shrink(holds, chunks_);
            used_ += lane.empty() ? 0 : 1;
        }
        turns_.keep_if([&](std::uint32_t key) { return has_lane(key); });
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t lanes() const noexcept { return used_; }

private:
    using Lane = PlacedLane<places>;
    [[nodiscard]] bool has_lane(std::uint32_t key) const {
        return key < lanes_.size() && !lanes_[key].empty();
    }
    template <class Holds>
    std::uint64_t all_of(std::uint32_t key, std::uint64_t max, const Holds& holds) const {
        return lanes_[key].count_below(UINT64_MAX, max, holds, chunks_);
    }
    [[nodiscard]] std::int64_t worth(std::uint32_t weight) const noexcept {
        return std::int64_t{weight} * mean_.value();
    }
    /// Messages of mean cost that the key's next turn, or what is left of this one, gives out.
    [[nodiscard]] std::uint64_t first_turn(std::uint32_t key, std::uint32_t weight) const {
        const std::int64_t credit = lanes_[key].credit;
        if (!turns_.is_at_turn(key) || credit <= 0) return weight;
        return static_cast<std::uint64_t>((credit + mean_.value() - 1) / mean_.value());
    }
    template <class Cost>
    [[nodiscard]] std::uint64_t take(Lane& lane, std::size_t place, const Cost& cost) {
        const std::uint64_t seq = lane.take(place, chunks_);
        --size_;
        const std::int64_t costs = cost(seq);
        lane.credit -= costs;
        mean_.add(costs);
        if (!lane.empty() && lane.credit <= 0) turns_.next();
        if (lane.empty()) end_dry(lane);
        return seq;
    }
    void end_dry(Lane& lane) {
        lane.lapse();
        turns_.leave();
        if (--used_ > 0 || lanes_.size() <= lanes_kept) return;
        std::vector<Lane>().swap(lanes_);
        turns_.free_memory();
    }
    /// With many keys each lane, and what stands in it, is far away when its turn comes.
    void prefetch_turns() const {
        if (turns_.size() <= turns_ahead) return;
        prefetch(turns_[turns_ahead]);
        lanes_[turns_[turns_ahead / 2]].seqs[0].prefetch(chunks_);
    }

    static constexpr std::size_t turns_ahead = 8;
    static constexpr std::size_t lanes_kept = 1'024;  // when all are empty
    std::vector<Lane> lanes_;                         // by key; a lane without seqs counts as none
    std::size_t used_ = 0;                            // lanes that have seqs
    SeqChunks chunks_;
    KeyTurns turns_;
    MeanCost mean_;
    std::size_t size_ = 0;
};
using FairLanes = Lanes<1>;  ///< of one level

}  // namespace baton::queue
