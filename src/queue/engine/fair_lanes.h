// The ready messages of one level: a lane for each fairness key, served by deficit round robin.
// Follows M. Shreedhar and G. Varghese, "Efficient Fair Queuing using Deficit Round Robin" (1995),
// every message costing 1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "queue/engine/seq_lane.h"

namespace baton::queue {

/// Lanes that have messages take turns; in its turn a lane gives as many messages as its key
/// weighs. Entries are hints: `pop` drops those for which `holds` says no, `shrink` does it
/// everywhere.
class FairLanes {
public:
    void push(std::uint32_t key, std::uint64_t seq) {
        const auto [lane, is_new] = lanes_.try_emplace(key);
        lane->second.seqs.push(seq);
        ++size_;
        if (is_new && !paused_.contains(key)) turns_.push_back(key);
    }

    /// A paused key's lane fills, and takes no turns.
    void pause(std::uint32_t key) {
        paused_.insert(key);
        std::erase(turns_, key);
        if (const auto lane = lanes_.find(key); lane != lanes_.end()) lane->second.credit = 0;
    }
    void resume(std::uint32_t key) {
        if (paused_.erase(key) != 0 && lanes_.contains(key)) turns_.push_back(key);
    }

    /// How many messages turns give out before `seq` of lane `key`, counted up to `max`.
    template <class Holds, class Weight>
    [[nodiscard]] std::uint64_t ahead_of(std::uint32_t key, std::uint64_t seq, std::uint64_t max,
        const Holds& holds, const Weight& weight) const {
        const auto own = lanes_.find(key);
        if (own == lanes_.end()) return 0;
        std::uint64_t ahead = own->second.seqs.count_below(seq, max, holds);
        const std::uint64_t first = first_turn(key, own->second, weight);
        const std::uint64_t turns = ahead < first ? 0 : 1 + (ahead - first) / weight(key);
        std::uint64_t extra = 1;  // lanes before this one have a turn more
        for (const std::uint32_t other : turns_) {
            if (ahead >= max) return max;
            if (other == key) {
                extra = 0;
                continue;
            }
            if (turns + extra == 0) break;
            const Lane& lane = lanes_.find(other)->second;
            const std::uint64_t given =
                first_turn(other, lane, weight) + (turns + extra - 1) * weight(other);
            ahead += lane.seqs.count_below(UINT64_MAX, std::min(given, max - ahead), holds);
        }
        return std::min(ahead, max);
    }

    /// How many messages may be given out at all, counted up to `max`.
    template <class Holds>
    [[nodiscard]] std::uint64_t count(std::uint64_t max, const Holds& holds) const {
        std::uint64_t count = 0;
        for (const std::uint32_t key : turns_) {
            if (count >= max) break;
            count += lanes_.find(key)->second.seqs.count_below(UINT64_MAX, max - count, holds);
        }
        return count;
    }

    /// The next seq by turn, or nothing. `holds(seq)`: whether the entry still stands.
    /// `weight(key)`: ≥ 1.
    template <class Holds, class Weight>
    [[nodiscard]] std::optional<std::uint64_t> pop(const Holds& holds, const Weight& weight) {
        while (!turns_.empty()) {
            const std::uint32_t key = turns_.front();
            const auto found = lanes_.find(key);
            Lane& lane = found->second;
            while (!lane.seqs.empty() && !holds(lane.seqs.front())) {
                lane.seqs.pop();
                --size_;
            }
            if (lane.seqs.empty()) {
                lanes_.erase(found);
                turns_.pop_front();
                continue;
            }
            if (lane.credit == 0) lane.credit = weight(key);
            const std::uint64_t seq = lane.seqs.front();
            lane.seqs.pop();
            --size_;
            --lane.credit;
            if (lane.seqs.empty()) {
                lanes_.erase(found);
                turns_.pop_front();
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
        size_ = 0;
        boost::unordered::erase_if(lanes_, [&](auto& entry) {
            SeqLane& seqs = entry.second.seqs;
            seqs.shrink(holds);
            size_ += seqs.size();
            return seqs.empty();
        });
        std::erase_if(turns_, [&](std::uint32_t key) { return !lanes_.contains(key); });
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }

private:
    struct Lane {
        SeqLane seqs;
        std::uint32_t credit = 0;
    };
    template <class Weight>
    static std::uint64_t first_turn(std::uint32_t key, const Lane& lane, const Weight& weight) {
        return lane.credit != 0 ? lane.credit : weight(key);
    }

    boost::unordered_flat_map<std::uint32_t, Lane> lanes_;
    boost::unordered_flat_set<std::uint32_t> paused_;
    std::deque<std::uint32_t> turns_;
    std::size_t size_ = 0;
};

}  // namespace baton::queue
