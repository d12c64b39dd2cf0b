// One fairness key's lane: its seqs in places, and what it may still give out.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "queue/engine/seq_lane.h"

namespace baton::queue {

/// What every message costs when nobody says so, that every place is open, and all are wanted.
struct OneEach {
    [[nodiscard]] std::uint32_t operator()(std::uint64_t) const noexcept { return 1; }
};
struct AllOpen {
    [[nodiscard]] bool operator()(std::size_t) const noexcept { return true; }
};
struct AllFit {
    [[nodiscard]] bool operator()(std::uint64_t) const noexcept { return true; }
};

/// The chunks given are the same at each call. `holds(seq)`, or with several places
/// `holds(seq, place)`, says whether an entry still stands.
template <std::size_t places>
struct PlacedLane {
    std::array<SeqLane, places> seqs;
    std::int64_t credit = 0;
    std::uint64_t round = 0;  ///< of its last turn

    [[nodiscard]] bool empty() const noexcept {
        return std::ranges::all_of(seqs, [](const SeqLane& part) { return part.empty(); });
    }
    /// Credit that was not used is gone; debt stays.
    void lapse() noexcept { credit = std::min<std::int64_t>(credit, 0); }

    template <class Holds>
    [[nodiscard]] std::uint64_t count_below(
        std::uint64_t end, std::uint64_t max, const Holds& holds, const SeqChunks& chunks) const {
        std::uint64_t count = 0;
        for (std::size_t i = 0; i < places; ++i) {
            count += seqs[i].count_below(end, max - count, at_place(holds, i), chunks);
        }
        return count;
    }
    /// Of the places that are open the one with the smallest seq; `places` when none is.
    template <class Open>
    [[nodiscard]] std::size_t first_open(const Open& open, const SeqChunks& chunks) const {
        std::size_t first = places;
        for (std::size_t i = 0; i < places; ++i) {
            if (seqs[i].empty() || !open(i)) continue;
            if (first == places || seqs[i].front(chunks) < seqs[first].front(chunks)) first = i;
        }
        return first;
    }
    /// What no longer stands goes from the front of each place. Returns how many did.
    template <class Holds>
    std::size_t drop_gone(const Holds& holds, SeqChunks& chunks) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < places; ++i) {
            const auto stands = at_place(holds, i);
            for (; !seqs[i].empty() && !stands(seqs[i].front(chunks)); ++count) {
                seqs[i].pop(chunks);
            }
        }
        return count;
    }
    /// Returns how many stay.
    template <class Holds>
    std::size_t shrink(const Holds& holds, SeqChunks& chunks) {
        std::size_t size = 0;
        for (std::size_t i = 0; i < places; ++i) {
            seqs[i].shrink(at_place(holds, i), chunks);
            size += seqs[i].size();
        }
        if (size == 0) lapse();
        return size;
    }
    /// The first of a place that is not empty.
    std::uint64_t take(std::size_t place, SeqChunks& chunks) {
        const std::uint64_t seq = seqs[place].front(chunks);
        seqs[place].pop(chunks);
        return seq;
    }

private:
    template <class Holds>
    [[nodiscard]] static auto at_place(const Holds& holds, [[maybe_unused]] std::size_t place) {
        if constexpr (places == 1) {
            return [&holds](std::uint64_t seq) { return holds(seq); };
        } else {
            return [&holds, place](std::uint64_t seq) { return holds(seq, place); };
        }
    }
};

}  // namespace baton::queue
