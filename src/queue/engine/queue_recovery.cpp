// QueueState: how a queue comes back from its store.
#include <algorithm>
#include <tuple>

#include "queue/engine/queue_log.h"
#include "queue/engine/queue_state.h"

namespace baton::queue {

void QueueState::recover_message(RecoveredMessage message) {
    Slot& slot = table_.insert(message.at.seq);
    slot.posted_at = message.posted_at;
    slot.entered_at = message.due_at;
    slot.due_at = message.due_at;
    slot.expires_at = message.expires_at.value_or(TimePoint::max());
    slot.size_bytes = static_cast<std::uint32_t>(message.size_bytes);
    slot.priority = slot.level = message.priority;
    if (!is_log()) slot.fairness_key = fairness_.acquire(message.fairness_key);
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
            trouble_[message.at.seq] = {
                std::move(delivery.history), std::move(delivery.dead_reason)};
        }
    }
    if (!is_log()) slot.ordering_key = ordering_.acquire(message.ordering_key);
    if (slot.state == MessageState::dead) dead_.insert(message.at.seq);
    add_bytes(slot.size_bytes);
    count(slot, 1);
}

void QueueState::recover_dedup(std::uint64_t first, std::string key, TimePoint until) {
    recall_.dedup.put(std::move(key), first, until);
}

void QueueState::recover_reply(std::uint64_t seq, TimePoint expires_at) {
    recall_.replies.put(seq, KeptReply{}, expires_at);
}

void QueueState::recover_paused_key(PausedKey key) { hold_key(std::move(key)); }

void QueueState::finish_recovery(TimePoint now) {
    if (is_log()) return QueueLog(*this).finish_recovery();
    std::vector<std::uint64_t> waiting;
    table_.for_each_after(0, [&](std::uint64_t seq, const Slot& slot) {
        if (slot.state == MessageState::dead) return true;
        if (slot.expires_at != TimePoint::max()) {
            effects_.timers.add({slot.expires_at, locator(seq), Timer::Kind::expiry});
        }
        // Whoever has been delivered and is not finished blocks its key's line, be it leased or
        // given back.
        if (slot.ordering_key != 0 && slot.holds_key()) {
            ordering_.entry(slot.ordering_key).active = seq;
        }
        if (slot.state == MessageState::leased) {
            effects_.timers.add({slot.due_at, locator(seq), Timer::Kind::lease});
        } else if (slot.due_at > now) {
            effects_.timers.add({slot.due_at, locator(seq), Timer::Kind::due});
        } else {
            waiting.push_back(seq);
        }
        return true;
    });
    // Lines form as they did: by the time of becoming ready, then by seq.
    std::ranges::sort(waiting, {},
        [&](std::uint64_t seq) { return std::tuple(table_.find(seq)->entered_at, seq); });
    for (const auto seq : waiting) enter(seq, *table_.find(seq), now);
    arm_retention();
}

}  // namespace baton::queue
