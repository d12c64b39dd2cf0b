// Whose turn it is among fairness keys.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include <boost/unordered/unordered_flat_set.hpp>

#include "queue/engine/rounds.h"

namespace baton::queue {

/// The keys that have messages, in the order of their turns. A paused key takes none. What a turn
/// is worth is the caller's: a lane has `credit`, and the `round` of its last turn.
class KeyTurns {
public:
    void join(std::uint32_t key) {
        if (paused_.empty() || !paused_.contains(key)) turns_.push_back(key);
    }
    void pause(std::uint32_t key) {
        paused_.insert(key);
        if (!empty() && front() == key) began_ = false;
        std::erase(turns_, key);
    }
    /// Whether it was paused.
    bool resume(std::uint32_t key) { return paused_.erase(key) != 0; }
    template <class Stays>
    void keep_if(const Stays& stays) {
        if (!empty() && !stays(front())) began_ = false;
        std::erase_if(turns_, [&](std::uint32_t key) { return !stays(key); });
    }

    [[nodiscard]] bool empty() const noexcept { return turns_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return turns_.size(); }
    [[nodiscard]] std::uint32_t front() const { return turns_.front(); }
    [[nodiscard]] std::uint32_t operator[](std::size_t i) const { return turns_[i]; }
    [[nodiscard]] auto begin() const { return turns_.begin(); }
    [[nodiscard]] auto end() const { return turns_.end(); }
    /// Whether the key has begun its turn.
    [[nodiscard]] bool is_at_turn(std::uint32_t key) const { return began_ && front() == key; }

    /// Gives the first one its credit, once a turn.
    template <class Lane>
    void begin_turn(Lane& lane, std::int64_t worth) {
        if (std::exchange(began_, true)) return;
        lane.credit = rounds_.begin_turn(lane.credit, lane.round, worth);
    }
    /// The first one becomes the last.
    void next() {
        turns_.push_back(turns_.front());
        turns_.pop_front();
        end_turn();
    }
    /// The first one has nothing left.
    void leave() {
        turns_.pop_front();
        end_turn();
        if (turns_.empty()) rounds_.settle();
    }
    void free_memory() { std::deque<std::uint32_t>(turns_).swap(turns_); }
    /// Rounds in which everyone would only pay back debt. `lanes[key]`; `worth_of(key)` of a turn.
    template <class Lanes, class WorthOf>
    void skip_rounds(Lanes& lanes, const WorthOf& worth_of) {
        std::int64_t rounds = INT64_MAX;
        for (const std::uint32_t key : turns_) {
            const std::int64_t credit = lanes[key].credit;
            if (credit <= 0) rounds = std::min(rounds, -credit / worth_of(key));
        }
        if (rounds <= 0 || rounds == INT64_MAX) return;
        for (const std::uint32_t key : turns_) {
            auto& lane = lanes[key];
            if (lane.credit <= 0) lane.credit += rounds * worth_of(key);
            lane.round += static_cast<std::uint64_t>(rounds);
        }
        rounds_.skip(rounds);
    }

private:
    void end_turn() {
        began_ = false;
        rounds_.end_turn(turns_.size());
    }

    std::deque<std::uint32_t> turns_;
    boost::unordered_flat_set<std::uint32_t> paused_;
    bool began_ = false;  // the first turn has its credit
    Rounds rounds_;
};

}  // namespace baton::queue
