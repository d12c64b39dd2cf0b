// The leases one connection holds, and when they are due to be renewed. Pure: no clock, no I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "model/message.h"

namespace baton::api::stream {

/// A lease is due a third of its length after it was taken or renewed: two more tries fit before it
/// ends. Every call but `due` and `all` takes constant time. Not thread-safe.
class LeaseBook final {
public:
    using SteadyTime = std::chrono::steady_clock::time_point;

    void add(const Receipt& receipt, Duration lease, SteadyTime now);

    /// Takes a receipt out; returns the length of its lease, nothing when it was not in.
    std::optional<Duration> remove(const Receipt& receipt);
    /// The receipt of a message, taken out.
    std::optional<Receipt> remove(const MessageId& message);

    struct Renewal {
        Duration lease{};
        std::vector<Receipt> receipts;
    };
    /// Up to `max` receipts of one length that are due by `now`; they count as renewed. Empty: none
    /// is due.
    [[nodiscard]] Renewal due(SteadyTime now, std::size_t max);

    /// When `due` has something next; nothing when the book is empty.
    [[nodiscard]] std::optional<SteadyTime> next_due() const;

    [[nodiscard]] std::vector<Receipt> all() const;
    [[nodiscard]] std::size_t size() const noexcept { return by_message_.size(); }

private:
    struct Held {
        Receipt receipt;
        SteadyTime due_at;
    };
    using Line = std::list<Held>;  ///< of one length, so in the order of time
    struct Place {
        Line* line;
        Line::iterator held;
        Duration lease;
    };
    struct Hash {
        std::size_t operator()(const MessageId& id) const noexcept {
            return std::hash<std::uint64_t>()(id.seq ^ id.queue_uid * 0x9E3779B97F4A7C15U);
        }
    };

    void erase(std::unordered_map<MessageId, Place, Hash>::iterator at);

    std::map<Duration, Line> lines_;
    std::unordered_map<MessageId, Place, Hash> by_message_;
};

}  // namespace baton::api::stream
