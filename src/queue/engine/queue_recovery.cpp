#include "queue/engine/queue_recovery.h"

#include <algorithm>
#include <tuple>

#include "queue/engine/queue_letters.h"
#include "queue/engine/queue_log.h"

namespace baton::queue {

void QueueRecovery::message(RecoveredMessage message) {
    Slot& slot = queue_.table_.insert(message.at.seq);
    slot.posted_at = message.posted_at;
    slot.entered_at = message.due_at;
    slot.due_at = message.due_at;
    slot.expires_at = message.expires_at.value_or(TimePoint::max());
    slot.size_bytes = static_cast<std::uint32_t>(message.size_bytes);
    slot.set_extra(message.extra_bytes);
    slot.priority = slot.level = message.priority;
    if (!queue_.is_log()) slot.fairness_key = queue_.fairness_.acquire(message.fairness_key);
    slot.state = MessageState::scheduled;
    if (message.delivery) {
        Delivery& delivery = *message.delivery;
        slot.due_at = delivery.due_at;
        if (delivery.entered_at != TimePoint{}) slot.entered_at = delivery.entered_at;
        slot.anew = delivery.anew;
        slot.redriven = delivery.redriven;
        if (slot.redriven) slot.expires_at = TimePoint::max();
        slot.level = delivery.level.value_or(slot.priority);
        slot.attempts = delivery.attempts;
        slot.failures =
            static_cast<std::uint16_t>(std::min<std::uint32_t>(delivery.failures, UINT16_MAX));
        if (delivery.state != MessageState::ready) slot.state = delivery.state;
        if (!delivery.history.empty() || !delivery.dead_reason.empty()) {
            queue_.trouble_[message.at.seq] = {
                std::move(delivery.history), std::move(delivery.dead_reason)};
        }
    }
    if (!queue_.is_log()) {
        slot.ordering_key = queue_.ordering_.acquire(message.ordering_key);
        queue_.ready_.set_cost(message.at.seq, message.cost);
    }
    if (slot.state == MessageState::dead) queue_.dead_.insert(message.at.seq);
    queue_.add_bytes(slot.size_bytes);
    queue_.count(slot, 1);
}

void QueueRecovery::dedup(std::uint64_t first, std::string key, TimePoint until) {
    if (QueueLetters::is_memory(key)) {
        return QueueLetters(queue_).recover(first, std::move(key), until);
    }
    queue_.recall_.dedup.put(std::move(key), first, until);
}

void QueueRecovery::paused_key(PausedKey key) { queue_.hold_key(std::move(key)); }

void QueueRecovery::finish(TimePoint now) {
    if (queue_.is_log()) return QueueLog(queue_).finish_recovery();
    std::vector<std::uint64_t> waiting;
    queue_.table_.for_each_after(0, [&](std::uint64_t seq, const Slot& slot) {
        if (slot.state == MessageState::dead) return true;
        if (slot.expires_at != TimePoint::max()) {
            queue_.effects_.timers.add({slot.expires_at, queue_.locator(seq), Timer::Kind::expiry});
        }
        // Whoever has been delivered and is not finished blocks its key's line, be it leased or
        // given back.
        if (slot.ordering_key != 0 && slot.holds_key()) {
            queue_.ordering_.entry(slot.ordering_key).active = seq;
        }
        if (slot.state == MessageState::leased) {
            queue_.effects_.timers.add({slot.due_at, queue_.locator(seq), Timer::Kind::lease});
        } else if (slot.due_at > now) {
            queue_.effects_.timers.add({slot.due_at, queue_.locator(seq), Timer::Kind::due});
        } else {
            waiting.push_back(seq);
        }
        return true;
    });
    // Lines form as they did: by the time of becoming ready, then by seq.
    std::ranges::sort(waiting, {},
        [&](std::uint64_t seq) { return std::tuple(queue_.table_.find(seq)->entered_at, seq); });
    for (const auto seq : waiting) queue_.enter(seq, *queue_.table_.find(seq), now);
    queue_.arm_retention();
}

}  // namespace baton::queue
