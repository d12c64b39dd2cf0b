// The engine's agenda: what has to be looked at when. Entries are hints, checked against the state
// when they come up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "queue/engine/record.h"

namespace baton::queue {

struct Timer {
    enum class Kind : std::uint8_t {
        due,            ///< scheduled → ready
        lease,          ///< the lease ends
        expiry,         ///< the message expires
        age,            ///< ready for too long at its level
        retention,      ///< dedup keys, replies and outputs of the queue
        log_retention,  ///< the oldest messages of a log
        rate,           ///< a pop or fetch that the rate held up may go on
    };
    TimePoint at{};
    Locator message;
    Kind kind = Kind::due;
    bool operator==(const Timer&) const = default;
};

/// A binary heap by time, then queue, seq and kind, so that equal states give equal runs. Nothing
/// is removed when a message goes; `shrink` drops what no longer holds once such entries outweigh
/// the rest.
class Timers {
public:
    void add(Timer timer) {
        heap_.push_back(timer);
        std::ranges::push_heap(heap_, later);
    }

    [[nodiscard]] std::optional<TimePoint> next() const {
        if (heap_.empty()) return std::nullopt;
        return heap_.front().at;
    }

    /// Takes the first timer that is due at `now`.
    [[nodiscard]] std::optional<Timer> take_due(TimePoint now) {
        if (heap_.empty() || heap_.front().at > now) return std::nullopt;
        std::ranges::pop_heap(heap_, later);
        const Timer timer = heap_.back();
        heap_.pop_back();
        return timer;
    }

    /// Bounds the heap to a multiple of the live messages: each has at most two timers that hold,
    /// once each.
    template <class Holds>
    void shrink(std::size_t live, const Holds& holds) {
        if (heap_.size() < 65'536 + 6 * live) return;
        std::erase_if(heap_, [&](const Timer& timer) { return !holds(timer); });
        std::ranges::sort(heap_, [](const Timer& a, const Timer& b) { return later(b, a); });
        const auto twice = std::ranges::unique(heap_);
        heap_.erase(twice.begin(), twice.end());  // what is left ascends, and so is a heap
        if (heap_.capacity() > 4 * heap_.size()) heap_.shrink_to_fit();
    }

    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

private:
    static bool later(const Timer& a, const Timer& b) noexcept {
        if (a.at != b.at) return a.at > b.at;
        if (a.message.queue != b.message.queue) return a.message.queue > b.message.queue;
        if (a.message.seq != b.message.seq) return a.message.seq > b.message.seq;
        return a.kind > b.kind;
    }

    std::vector<Timer> heap_;
};

}  // namespace baton::queue
