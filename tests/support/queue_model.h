// A queue as simple as it can be told: what the engine is held against. Every rule is a walk over
// all messages.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/message.h"
#include "model/queue_config.h"
#include "queue/queues.h"
#include "support/queue_letters.h"
#include "support/queue_turns.h"

namespace baton::test {

/// No aging: a message stays at its level. A value: a copy is a snapshot.
class QueueModel {
public:
    using Message = ModelMessage;
    struct Posted {
        std::uint64_t seq = 0;
        bool duplicate = false;
        bool operator==(const Posted&) const = default;
    };

    QueueConfig config;
    bool paused = false;
    std::uint64_t generation = 0;  ///< which queue of this name it is
    std::uint64_t next_seq = 1;
    std::map<std::uint64_t, Message> messages;
    std::map<std::string, std::pair<std::uint64_t, TimePoint>> dedup;
    std::map<std::uint64_t, std::pair<std::string, TimePoint>> replies;
    std::uint64_t posted_total = 0;
    std::uint64_t acked_total = 0;
    std::uint64_t expired_total = 0;

    [[nodiscard]] bool is_stored() const { return config.durability != Durability::memory; }

    /// The process has gone: what it counted is gone, and in a queue in memory everything.
    void restart() {
        posted_total = acked_total = expired_total = 0;
        if (is_stored()) return;
        next_seq = 1;
        messages.clear();
        dedup.clear();
        replies.clear();
    }

    void advance(TimePoint now) {
        for (auto at = messages.begin(); at != messages.end();) {
            const auto seq = at->first;
            Message& message = at->second;
            ++at;
            if (message.state == MessageState::leased && message.due <= now) {
                fail_delivery(seq, queue::Blame::failure, now, now);
            } else if (waits(message) && message.expires <= now) {
                ++expired_total;
                messages.erase(seq);
            } else if (message.state == MessageState::scheduled && message.due <= now) {
                message.state = MessageState::ready;
            }
        }
    }

    std::optional<std::vector<Posted>> post(const std::vector<Letter>& letters, TimePoint now) {
        std::vector<Posted> posted;
        std::map<std::string, std::uint64_t> batch;
        std::uint64_t next = next_seq;
        std::uint64_t bytes = 0;
        for (const auto& letter : letters) {
            if (letter.text.size() > config.max_message_size) return std::nullopt;
            const bool has_key = !letter.dedup.empty() && config.dedup_window.count() > 0;
            const auto known = dedup.find(letter.dedup);
            if (has_key && known != dedup.end() && known->second.second > now) {
                posted.push_back({known->second.first, true});
            } else if (has_key && batch.contains(letter.dedup)) {
                posted.push_back({batch[letter.dedup], true});
            } else {
                if (has_key) batch[letter.dedup] = next;
                bytes += letter.text.size();
                posted.push_back({next++, false});
            }
        }
        if (!make_room(next - next_seq, bytes)) return std::nullopt;
        for (std::size_t i = 0; i < letters.size(); ++i) {
            if (!posted[i].duplicate) add(posted[i].seq, letters[i], now);
        }
        next_seq = next;
        return posted;
    }

    /// The messages one of which a pop must take next; empty: none may be handed out.
    [[nodiscard]] std::set<std::uint64_t> next_for_pop(std::optional<Level> only) const {
        if (paused) return {};
        return Turns(messages, config).next(only);
    }
    void lease(std::uint64_t seq, TimePoint until) {
        Message& message = messages.at(seq);
        message.state = MessageState::leased;
        message.due = until;
        ++message.attempts;
    }

    /// Null when the receipt is not that of a lease.
    Message* leased(std::uint64_t seq, std::uint32_t attempt) {
        const auto found = messages.find(seq);
        if (found == messages.end() || found->second.state != MessageState::leased ||
            found->second.attempts != attempt) {
            return nullptr;
        }
        return &found->second;
    }
    void ack(std::uint64_t seq) {
        ++acked_total;
        messages.erase(seq);
    }
    queue::NackOutcome fail_delivery(
        std::uint64_t seq, queue::Blame blame, TimePoint due, TimePoint now) {
        Message& message = messages.at(seq);
        if (blame != queue::Blame::none) ++message.failures;
        const bool exhausted = blame == queue::Blame::failure && config.max_failures != 0 &&
                               message.failures >= config.max_failures;
        if (exhausted || blame == queue::Blame::fatal) {
            message.state = MessageState::dead;
            return queue::NackOutcome::dead;
        }
        if (message.expires <= now) {
            ++expired_total;
            messages.erase(seq);
        } else {
            message.state = due > now ? MessageState::scheduled : MessageState::ready;
            message.due = due;
        }
        return queue::NackOutcome::returned;
    }
    std::uint64_t purge() {
        return std::erase_if(messages, [](const auto& entry) { return waits(entry.second); });
    }
    [[nodiscard]] std::uint64_t count(MessageState state) const {
        return static_cast<std::uint64_t>(std::ranges::count_if(
            messages, [&](const auto& entry) { return entry.second.state == state; }));
    }

private:
    static bool waits(const Message& message) {
        return message.state == MessageState::ready || message.state == MessageState::scheduled;
    }
    bool make_room(std::uint64_t count, std::uint64_t bytes) {
        if (count == 0) return true;
        auto left = messages;
        const auto fits = [&] {
            std::uint64_t size = count;
            std::uint64_t total = bytes;
            for (const auto& [seq, message] : left) {
                if (message.state == MessageState::dead) continue;
                ++size;
                total += message.letter.text.size();
            }
            return (config.max_size == 0 || size <= config.max_size) &&
                   (config.max_bytes == 0 || total <= config.max_bytes);
        };
        while (!fits()) {
            const auto oldest = std::ranges::find_if(
                left, [](const auto& entry) { return entry.second.state == MessageState::ready; });
            if (config.overflow == Overflow::reject || oldest == left.end()) return false;
            left.erase(oldest);
        }
        messages = std::move(left);
        return true;
    }

    void add(std::uint64_t seq, const Letter& letter, TimePoint now) {
        Message message{.letter = letter, .posted = now, .entered = now + letter.delay};
        message.due = message.entered;
        if (letter.ttl > Duration(0)) message.expires = now + letter.ttl;
        if (config.retention_period.count() > 0) {
            message.expires = std::min(message.expires, now + Duration(config.retention_period));
        }
        message.state = message.due > now ? MessageState::scheduled : MessageState::ready;
        messages.emplace(seq, std::move(message));
        ++posted_total;
        if (letter.dedup.empty() || config.dedup_window.count() == 0) return;
        dedup[letter.dedup] = {seq, now + Duration(config.dedup_window)};
    }
};

}  // namespace baton::test
