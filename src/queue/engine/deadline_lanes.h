// Ready messages by their deadlines: the strategy deadline.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/clock.h"
#include "model/queue_config.h"

namespace baton::queue {

/// The earliest deadline first; of one deadline the keys take turns. Entries are hints, as in
/// FairLanes.
class DeadlineLanes {
public:
    void push(std::uint32_t key, std::uint64_t seq, std::size_t level, TimePoint deadline) {
        std::uint64_t& next = next_turn_[key];
        next = std::max(next, turn_) + 1;
        add(level, {.deadline = deadline, .turn = next, .seq = seq, .key = key});
    }

    /// What a paused key has is put aside when it comes up.
    void pause(std::uint32_t key) { paused_.emplace(key, std::vector<Aside>()); }
    void resume(std::uint32_t key) {
        const auto found = paused_.find(key);
        if (found == paused_.end()) return;
        const auto aside = std::move(found->second);
        paused_.erase(found);
        for (const Aside& entry : aside) add(entry.level, entry.entry);
    }

    template <class Holds, class Open, class Fits>
    [[nodiscard]] std::optional<std::uint64_t> pop(
        const Holds& holds, const Open& open, const Fits& fits) {
        std::size_t first = level_count;
        for (std::size_t i = 0; i < level_count; ++i) {
            if (!open(i)) continue;
            drop_gone(i, holds);
            if (heaps_[i].empty()) continue;
            if (first == level_count || later(heaps_[first].front(), heaps_[i].front())) first = i;
        }
        if (first == level_count || !fits(heaps_[first].front().seq)) return std::nullopt;
        const Entry taken = take_first(first);
        turn_ = std::max(turn_, taken.turn);
        if (size_ == 0) next_turn_.clear();
        return taken.seq;
    }

    /// How many come before `seq`, counted up to `max`; all of them when it is not here.
    template <class Holds>
    [[nodiscard]] std::uint64_t ahead_of(
        std::uint64_t seq, std::uint64_t max, const Holds& holds) const {
        const Entry* own = nullptr;
        for (const auto& heap : heaps_) {
            const auto found = std::ranges::find(heap, seq, &Entry::seq);
            if (found != heap.end()) own = &*found;
        }
        std::uint64_t ahead = 0;
        for (std::size_t i = 0; i < level_count; ++i) {
            for (const Entry& entry : heaps_[i]) {
                if (ahead >= max) return max;
                if (own != nullptr && !later(*own, entry)) continue;
                if (holds(entry.seq, i) && !paused_.contains(entry.key)) ++ahead;
            }
        }
        return ahead;
    }

    template <class Holds>
    void shrink(const Holds& holds) {
        for (std::size_t i = 0; i < level_count; ++i) {
            auto& heap = heaps_[i];
            const auto stale = [&](const Entry& entry) { return !holds(entry.seq, i); };
            size_ -= std::erase_if(heap, stale);
            std::ranges::sort(heap, {}, [](const Entry& e) { return std::tuple(e.seq, e.turn); });
            const auto twice = std::ranges::unique(heap, {}, &Entry::seq);
            size_ -= twice.size();
            heap.erase(twice.begin(), twice.end());
            std::ranges::make_heap(heap, later);
        }
    }

    /// What is put aside counts not.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    struct Entry {
        TimePoint deadline;
        std::uint64_t turn = 0;
        std::uint64_t seq = 0;
        std::uint32_t key = 0;
    };
    struct Aside {
        std::size_t level = 0;
        Entry entry;
    };
    static bool later(const Entry& a, const Entry& b) noexcept {
        return std::tuple(a.deadline, a.turn, a.seq) > std::tuple(b.deadline, b.turn, b.seq);
    }

    void add(std::size_t level, const Entry& entry) {
        heaps_[level].push_back(entry);
        std::ranges::push_heap(heaps_[level], later);
        ++size_;
    }
    Entry take_first(std::size_t level) {
        auto& heap = heaps_[level];
        std::ranges::pop_heap(heap, later);
        const Entry entry = heap.back();
        heap.pop_back();
        --size_;
        return entry;
    }
    template <class Holds>
    void drop_gone(std::size_t level, const Holds& holds) {
        while (!heaps_[level].empty()) {
            const Entry& first = heaps_[level].front();
            const bool stands = holds(first.seq, level);
            const auto paused = stands ? paused_.find(first.key) : paused_.end();
            if (stands && paused == paused_.end()) return;
            const Entry entry = take_first(level);
            if (stands) paused->second.push_back({.level = level, .entry = entry});
        }
    }

    std::array<std::vector<Entry>, level_count> heaps_;
    boost::unordered_flat_map<std::uint32_t, std::uint64_t>
        next_turn_;  // the last one given, by key
    boost::unordered_flat_map<std::uint32_t, std::vector<Aside>> paused_;
    std::uint64_t turn_ = 0;  // of what was given out last
    std::size_t size_ = 0;
};

}  // namespace baton::queue
