// The outputs of one queue's messages: how far each goes, and its newest events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "base/clock.h"
#include "model/output.h"

namespace baton::queue {

/// The output of one message.
struct Output {
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
    TimePoint expires_at{};           ///< by the last append
    std::vector<OutputEvent> tail{};  ///< the newest ones; those before are in the store
    std::uint64_t tail_held = 0;      ///< what `tail` takes of the memory budget

    /// Offset of the first event in `tail`.
    [[nodiscard]] std::uint64_t tail_begin() const noexcept { return events - tail.size(); }
};

/// What an event costs in memory.
[[nodiscard]] inline std::uint64_t held_bytes(const OutputEvent& event) noexcept {
    constexpr std::uint64_t overhead = 128;  // the event, and the string it shares with the record
    return event.data.size() + overhead;
}

/// A part of an output as the engine tells it.
struct OutputSlice {
    std::vector<OutputEvent> events;  ///< when they are in memory
    /// Otherwise: so many, from the offset asked for, are in the store; an answer may hold fewer.
    std::uint64_t stored = 0;
    bool ended = false;  ///< the message is finished, and this is all

    [[nodiscard]] bool empty() const noexcept { return events.empty() && stored == 0; }
};

/// Outputs of messages that are kept, and who waits for more.
struct OutputTable {
    boost::unordered_flat_map<std::uint64_t, Output> kept;  ///< by seq
    /// Seqs somebody has read to the end of, and may wait at. Hints: a reader may have left.
    boost::unordered_flat_set<std::uint64_t> awaited;

    /// Takes one out; nothing when the message has none.
    [[nodiscard]] std::optional<Output> take(std::uint64_t seq) {
        const auto found = kept.find(seq);
        if (found == kept.end()) return std::nullopt;
        Output output = std::move(found->second);
        kept.erase(found);
        return output;
    }
};

}  // namespace baton::queue
