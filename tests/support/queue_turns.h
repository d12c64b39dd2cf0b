// Who may be popped next, told by walking over all messages.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "model/message.h"
#include "model/queue_config.h"
#include "model/queue_operations.h"
#include "support/queue_letters.h"

namespace baton::test {

/// A message as the model keeps it.
struct ModelMessage {
    Letter letter;
    MessageState state = MessageState::scheduled;
    TimePoint posted{};
    TimePoint entered{};  ///< first ready, by plan
    TimePoint due{};      ///< scheduled: ready from then; leased: until then
    TimePoint expires = TimePoint::max();
    std::uint32_t attempts = 0;
    std::uint32_t failures = 0;
    bool anew = false;  ///< rescheduled or redriven, and not delivered since

    /// Delivered and not finished: its ordering key waits for it.
    [[nodiscard]] bool holds_key() const { return attempts > 0 && !anew; }
};

using ModelKeys = std::set<std::pair<KeyKind, std::string>>;

/// The rules of order of one queue at one moment. Refers to what it is given.
class Turns {
public:
    Turns(const std::map<std::uint64_t, ModelMessage>& messages, const QueueConfig& config,
        const ModelKeys& paused)
        : messages_(messages), config_(config), paused_(paused) {}

    /// The messages one of which a pop must take next; empty: none may be handed out. Whose turn it
    /// is among keys, and with priority_weighted among levels, is not told.
    [[nodiscard]] std::set<std::uint64_t> next(std::optional<Level> only) const {
        std::set<std::uint64_t> found;
        const Strategy strategy = config_.scheduling.strategy;
        if (strategy == Strategy::fair) return first_of_shares(only);
        if (strategy == Strategy::deadline) found = first_to_expire(only);
        for (std::size_t i = 0; i < level_count; ++i) {
            if (!found.empty() && strategy != Strategy::priority_weighted) break;
            const auto level = static_cast<Level>(i);
            if (only && *only != level) continue;
            found.merge(first_of_shares(level));
        }
        return found;
    }

private:
    /// Whether it may be handed out, as far as others let it.
    [[nodiscard]] bool is_free(std::uint64_t seq, std::optional<Level> only) const {
        const ModelMessage& message = messages_.at(seq);
        const Level level = message.letter.level;
        const auto limit = config_.levels[static_cast<std::size_t>(level)].max_concurrent;
        return message.state == MessageState::ready && (!only || *only == level) &&
               (limit == 0 || leased_at(level) < limit) && !is_paused(message.letter) &&
               has_its_turn(seq);
    }
    [[nodiscard]] std::set<std::uint64_t> first_of_shares(std::optional<Level> only) const {
        std::set<std::uint64_t> found;
        std::set<std::string> shares;
        for (const auto& [seq, message] : messages_) {
            if (is_free(seq, only) && shares.insert(message.letter.share).second) found.insert(seq);
        }
        return found;
    }
    [[nodiscard]] std::set<std::uint64_t> first_to_expire(std::optional<Level> only) const {
        std::set<std::uint64_t> found;
        TimePoint first = TimePoint::max();
        for (const auto& [seq, message] : messages_) {
            if (message.expires > first || message.expires == TimePoint::max()) continue;
            if (!is_free(seq, only)) continue;
            if (message.expires < first) found.clear();
            first = message.expires;
            found.insert(seq);
        }
        return found;
    }
    [[nodiscard]] std::uint64_t leased_at(Level level) const {
        return static_cast<std::uint64_t>(std::ranges::count_if(messages_, [&](const auto& entry) {
            return entry.second.state == MessageState::leased && entry.second.letter.level == level;
        }));
    }

    [[nodiscard]] bool is_paused(const Letter& letter) const {
        return paused_.contains({KeyKind::ordering, letter.order}) ||
               paused_.contains({KeyKind::fairness, letter.share});
    }

    /// Of an ordering key the one that was delivered and is not finished, else the one ready first.
    [[nodiscard]] bool has_its_turn(std::uint64_t seq) const {
        const ModelMessage& self = messages_.at(seq);
        if (self.letter.order.empty() || self.holds_key()) return true;
        return std::ranges::none_of(messages_, [&](const auto& entry) {
            const auto& [other_seq, other] = entry;
            if (other_seq == seq || other.letter.order != self.letter.order ||
                other.state == MessageState::dead) {
                return false;
            }
            return other.holds_key() ||
                   (other.state == MessageState::ready &&
                       std::pair(other.entered, other_seq) < std::pair(self.entered, seq));
        });
    }

    const std::map<std::uint64_t, ModelMessage>& messages_;
    const QueueConfig& config_;
    const ModelKeys& paused_;
};

}  // namespace baton::test
