// The ready messages of one level: a lane for each fairness key, served by deficit round robin.
// Follows M. Shreedhar and G. Varghese, "Efficient Fair Queuing using Deficit Round Robin" (1995),
// every message costing 1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "queue/engine/seq_lane.h"

namespace baton::queue {

/// Lanes that have messages take turns; in its turn a lane gives as many messages as its key
/// weighs. Entries are hints: `pop` drops those for which `holds` says no, `shrink` does it
/// everywhere.
class FairLanes {
public:
    void push(std::uint32_t key, std::uint64_t seq) {
        if (key >= lanes_.size()) lanes_.resize(key + 1);
        SeqLane& seqs = lanes_[key].seqs;
        const bool is_new = seqs.empty();
        seqs.push(seq, chunks_);
        ++size_;
        if (!is_new) return;
        ++used_;
        if (paused_.empty() || !paused_.contains(key)) turns_.push_back(key);
    }
    /// Brings the lane of a key closer, which will be pushed to soon; `prefetch_end` the place
    /// there.
    void prefetch(std::uint32_t key) const {
        if (key < lanes_.size()) __builtin_prefetch(&lanes_[key]);
    }
    void prefetch_end(std::uint32_t key) const {
        if (key < lanes_.size()) lanes_[key].seqs.prefetch_end(chunks_);
    }

    /// A paused key's lane fills, and takes no turns.
    void pause(std::uint32_t key) {
        paused_.insert(key);
        std::erase(turns_, key);
        if (key < lanes_.size()) lanes_[key].credit = 0;
    }
    void resume(std::uint32_t key) {
        if (paused_.erase(key) != 0 && has_lane(key)) turns_.push_back(key);
    }

    /// How many messages turns give out before `seq` of lane `key`, counted up to `max`.
    template <class Holds, class Weight>
    [[nodiscard]] std::uint64_t ahead_of(std::uint32_t key, std::uint64_t seq, std::uint64_t max,
        const Holds& holds, const Weight& weight) const {
        if (!has_lane(key)) return 0;
        const Lane& own = lanes_[key];
        std::uint64_t ahead = own.seqs.count_below(seq, max, holds, chunks_);
        const std::uint64_t first = first_turn(key, own, weight);
        const std::uint64_t turns = ahead < first ? 0 : 1 + (ahead - first) / weight(key);
        std::uint64_t extra = 1;  // lanes before this one have a turn more
        for (const std::uint32_t other : turns_) {
            if (ahead >= max) return max;
            if (other == key) {
                extra = 0;
                continue;
            }
            if (turns + extra == 0) break;
            const Lane& lane = lanes_[other];
            const std::uint64_t given =
                first_turn(other, lane, weight) + (turns + extra - 1) * weight(other);
            ahead +=
                lane.seqs.count_below(UINT64_MAX, std::min(given, max - ahead), holds, chunks_);
        }
        return std::min(ahead, max);
    }

    /// How many messages may be given out at all, counted up to `max`.
    template <class Holds>
    [[nodiscard]] std::uint64_t count(std::uint64_t max, const Holds& holds) const {
        std::uint64_t count = 0;
        for (const std::uint32_t key : turns_) {
            if (count >= max) break;
            count += lanes_[key].seqs.count_below(UINT64_MAX, max - count, holds, chunks_);
        }
        return count;
    }

    /// The next seq by turn, or nothing. `holds(seq)`: whether the entry still stands.
    /// `weight(key)`: ≥ 1.
    template <class Holds, class Weight>
    [[nodiscard]] std::optional<std::uint64_t> pop(const Holds& holds, const Weight& weight) {
        while (!turns_.empty()) {
            const std::uint32_t key = turns_.front();
            Lane& lane = lanes_[key];
            prefetch_turns();
            while (!lane.seqs.empty() && !holds(lane.seqs.front(chunks_))) {
                lane.seqs.pop(chunks_);
                --size_;
            }
            if (lane.seqs.empty()) {
                end_first_turn(lane);
                continue;
            }
            if (lane.credit == 0) lane.credit = weight(key);
            const std::uint64_t seq = lane.seqs.front(chunks_);
            lane.seqs.pop(chunks_);
            --size_;
            --lane.credit;
            if (lane.seqs.empty()) {
                end_first_turn(lane);
            } else if (lane.credit == 0) {
                turns_.pop_front();
                turns_.push_back(key);
            }
            return seq;
        }
        return std::nullopt;
    }

    /// Drops every entry that no longer stands, or stands twice.
    template <class Holds>
    void shrink(const Holds& holds) {
        size_ = used_ = 0;
        for (Lane& lane : lanes_) {
            lane.seqs.shrink(holds, chunks_);
            size_ += lane.seqs.size();
            if (lane.seqs.empty()) lane.credit = 0;
            used_ += lane.seqs.empty() ? 0 : 1;
        }
        std::erase_if(turns_, [&](std::uint32_t key) { return !has_lane(key); });
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t lanes() const noexcept { return used_; }

private:
    struct Lane {
        SeqLane seqs;
        std::uint32_t credit = 0;
    };
    template <class Weight>
    static std::uint64_t first_turn(std::uint32_t key, const Lane& lane, const Weight& weight) {
        return lane.credit != 0 ? lane.credit : weight(key);
    }

    [[nodiscard]] bool has_lane(std::uint32_t key) const {
        return key < lanes_.size() && !lanes_[key].seqs.empty();
    }
    void end_first_turn(Lane& lane) {
        lane.credit = 0;
        turns_.pop_front();
        if (--used_ > 0 || lanes_.size() <= lanes_kept) return;
        std::vector<Lane>().swap(lanes_);
        std::deque<std::uint32_t>().swap(turns_);
    }
    /// With many keys each lane, and what stands in it, is far away when its turn comes.
    void prefetch_turns() const {
        if (turns_.size() <= turns_ahead) return;
        prefetch(turns_[turns_ahead]);
        lanes_[turns_[turns_ahead / 2]].seqs.prefetch(chunks_);
    }

    static constexpr std::size_t turns_ahead = 8;
    static constexpr std::size_t lanes_kept = 1'024;  // when all are empty

    std::vector<Lane> lanes_;  // by key; a lane without seqs counts as none
    std::size_t used_ = 0;     // lanes that have seqs
    SeqChunks chunks_;
    boost::unordered_flat_set<std::uint32_t> paused_;
    std::deque<std::uint32_t> turns_;
    std::size_t size_ = 0;
};

}  // namespace baton::queue
