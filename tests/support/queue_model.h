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
#include "queue/engine/redrive.h"
#include "queue/engine/token_bucket.h"
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
    ModelKeys paused_keys;
    queue::TokenBucket post_rate;
    queue::TokenBucket pop_rate;
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
    void restart(TimePoint now) {
        posted_total = acked_total = expired_total = 0;
        read_back(now);
    }
    /// Only what a store does not keep is gone, but for the totals.
    void read_back(TimePoint now) {
        post_rate = pop_rate = {};
        set_rates(now);
        if (is_stored()) return;
        next_seq = 1;
        messages.clear();
        dedup.clear();
        replies.clear();
    }

    void set_rates(TimePoint now) {
        post_rate.set_rate(config.rates.post_per_second, now);
        pop_rate.set_rate(config.rates.pop_per_second, now);
    }
    /// Of replies that end after `time`.
    [[nodiscard]] std::uint64_t reply_bytes(TimePoint time) const {
        std::uint64_t sum = 0;
        for (const auto& [seq, reply] : replies) {
            if (reply.second > time) sum += reply.first.size();
        }
        return sum;
    }
    [[nodiscard]] std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (const auto& [seq, message] : messages) sum += message.letter.text.size();
        return sum;
    }

    void advance(TimePoint now);

    /// `bytes_max`: what the tenant's quota leaves to this queue.
    std::optional<std::vector<Posted>> post(
        const std::vector<Letter>& letters, std::uint64_t bytes_max, TimePoint now);

    /// The messages one of which a pop must take next; empty: none may be handed out.
    [[nodiscard]] std::set<std::uint64_t> next_for_pop(std::optional<Level> only) const {
        if (paused) return {};
        return Turns(messages, config, paused_keys).next(only);
    }
    void lease(std::uint64_t seq, TimePoint until) {
        Message& message = messages.at(seq);
        message.state = MessageState::leased;
        message.due = until;
        ++message.attempts;
        message.anew = false;
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
        std::uint64_t seq, queue::Blame blame, TimePoint due, TimePoint now);
    /// False when it does not wait.
    bool reschedule(std::uint64_t seq, TimePoint due, TimePoint now);
    /// The first `limit` dead letters, due one after the other; nothing when they don't fit.
    std::optional<std::uint64_t> redrive(
        std::uint64_t limit, const queue::RedriveSchedule& schedule, TimePoint now);
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
    /// Whether the queue's limits allow `all` and so many more.
    [[nodiscard]] bool fits(const std::map<std::uint64_t, Message>& all, std::uint64_t count,
        std::uint64_t bytes) const;
    bool make_room(std::uint64_t count, std::uint64_t bytes, std::uint64_t bytes_max);

    void add(std::uint64_t seq, const Letter& letter, TimePoint now);
};

}  // namespace baton::test
