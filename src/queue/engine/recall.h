// What a queue remembers beyond its messages: dedup keys for a window, replies and the output of
// finished messages for a while.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_map.hpp>

#include "base/clock.h"
#include "model/message.h"
#include "queue/engine/output_table.h"

namespace baton::queue {

template <class Key>
using End = std::pair<TimePoint, Key>;

/// Ends in the order of adding, which is the order of ending but for a few: one behind a later one
/// comes up with it.
template <class Key>
using LineOfEnds = std::queue<End<Key>>;

/// Ends in their order, however they were added.
template <class Key>
struct SortedEnds : std::priority_queue<End<Key>, std::vector<End<Key>>, std::greater<>> {
    [[nodiscard]] const End<Key>& front() const { return this->top(); }
};

/// Keys to values that end at a time. With a line of ends a value behind a later one is kept longer
/// than it asked for, and not found meanwhile.
template <class Key, class Value, class Ends = LineOfEnds<Key>>
class Expiring {
public:
    /// Returns the value it takes the place of, ended or not.
    std::optional<Value> put(Key key, Value value, TimePoint until) {
        ends_.push({until, key});
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

    /// Also one that has ended and was not dropped yet.
    [[nodiscard]] const Value* find_kept(const Key& key) const {
        const auto found = entries_.find(key);
        return found == entries_.end() ? nullptr : &found->second.value;
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
            ends_.pop();
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
    Ends ends_;
};

struct KeptReply {
    std::shared_ptr<const Reply> reply{};  ///< null: read it from the store
    std::uint64_t bytes = 0;               ///< of its result
};
/// What counts for a quota goes when it ends, not later.
template <class Value>
using KeptBySeq = Expiring<std::uint64_t, Value, SortedEnds<std::uint64_t>>;

struct Recall {
    /// Key → seq of the first message. There are many, and their ends ascend.
    Expiring<std::string, std::uint64_t> dedup;
    /// Dead letters that came from elsewhere, see QueueLetters.
    Expiring<std::string, std::uint64_t> letters;
    KeptBySeq<KeptReply> replies;
    KeptBySeq<Output> outputs;  ///< of messages that are gone

    [[nodiscard]] std::optional<TimePoint> next_end() const {
        std::optional<TimePoint> next;
        for (const auto& end :
            {dedup.next_end(), letters.next_end(), replies.next_end(), outputs.next_end()}) {
            if (end && (!next || *end < *next)) next = end;
        }
        return next;
    }
};

}  // namespace baton::queue
