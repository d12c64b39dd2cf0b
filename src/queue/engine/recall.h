// What a queue remembers beyond its messages: dedup keys for a window, replies and the output of
// finished messages for a while.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_map.hpp>

#include "base/clock.h"
#include "model/message.h"
#include "queue/engine/output_table.h"

namespace baton::queue {

/// Keys to values that end at a time. Ends mostly ascend, so the order of adding is the order of
/// ending; an entry behind a later one is kept longer than it asked for, and not found meanwhile.
template <class Key, class Value>
class Expiring {
public:
    /// Returns the value it takes the place of, ended or not.
    std::optional<Value> put(Key key, Value value, TimePoint until) {
        ends_.emplace_back(until, key);
        const auto [entry, is_new] = entries_.try_emplace(std::move(key));
        std::optional<Value> old;
        if (!is_new) old = std::move(entry->second.value);
        entry->second = Entry{std::move(value), until};
        return old;
    }

    /// Null when absent or ended.
    template <class Lookup>
    [[nodiscard]] Value* find(const Lookup& key, TimePoint now) {
        const auto found = entries_.find(key);
        return found == entries_.end() || found->second.until <= now ? nullptr
                                                                     : &found->second.value;
    }

    [[nodiscard]] std::optional<TimePoint> next_end() const {
        if (ends_.empty()) return std::nullopt;
        return ends_.front().first;
    }

    /// Drops what ended at or before `now`, calling `dropped(value)` for each.
    template <class Dropped>
    void drop_ended(TimePoint now, const Dropped& dropped) {
        while (!ends_.empty() && ends_.front().first <= now) {
            const auto found = entries_.find(ends_.front().second);
            // A key put again has a later end, and another place in the line of ends.
            if (found != entries_.end() && found->second.until <= now) {
                dropped(found->second.value);
                entries_.erase(found);
            }
            ends_.pop_front();
        }
    }

private:
    struct Entry {
        Value value;
        TimePoint until{};
    };
    // Strings need a map that finds by string_view; boost's does.
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
        std::size_t operator()(std::uint64_t number) const noexcept {
            return std::hash<std::uint64_t>{}(number);
        }
    };

    boost::unordered_flat_map<Key, Entry, Hash, std::equal_to<>> entries_;
    std::deque<std::pair<TimePoint, Key>> ends_;
};

struct KeptReply {
    std::shared_ptr<const Reply> reply;  ///< null: read it from the store
};

struct Recall {
    Expiring<std::string, std::uint64_t> dedup;  ///< key → seq of the first message
    Expiring<std::uint64_t, KeptReply> replies;  ///< by seq
    Expiring<std::uint64_t, Output> outputs;     ///< by seq, of messages that are gone

    [[nodiscard]] std::optional<TimePoint> next_end() const {
        std::optional<TimePoint> next;
        for (const auto& end : {dedup.next_end(), replies.next_end(), outputs.next_end()}) {
            if (end && (!next || *end < *next)) next = end;
        }
        return next;
    }
};

}  // namespace baton::queue
