// QueueState: what operators do to a queue while it runs.
#include <algorithm>

#include <fmt/core.h>

#include "queue/engine/queue_state.h"

namespace baton::queue {
namespace {

// More would be a second index of the queue, held in memory and in every store.
constexpr std::size_t paused_keys_max = 10'000;

}  // namespace

Result<void> QueueState::reschedule(std::uint64_t seq, TimePoint due, TimePoint now) {
    Slot* slot = table_.find(seq);
    if (slot == nullptr || !slot->is_live()) {
        return fail(Errc::message_not_found, "no such message waits");
    }
    if (slot->state != MessageState::ready && slot->state != MessageState::scheduled) {
        return fail(Errc::conflict, fmt::format("the message is {}: only one that waits can be "
                                                "rescheduled",
                                        to_string(slot->state)));
    }
    due = std::max(due, now);
    if (slot->state == MessageState::ready) {
        if (slot->ordering_key != 0 && ordering_.entry(slot->ordering_key).active != seq) {
            leave_middle_of_line(seq, *slot);
        } else if (!slot->holds_key()) {
            set_state(*slot, MessageState::scheduled);  // before another one takes its place
            leave_line(seq, *slot, now);
        }
    }
    if (slot->state == MessageState::ready) set_state(*slot, MessageState::scheduled);
    // One that came back keeps its key, its place and what it has waited.
    if (!slot->holds_key()) slot->entered_at = due;
    enter_when(seq, *slot, due, now);
    touch(now);
    return {};
}

Result<void> QueueState::pause_key(const PausedKey& key, bool paused, TimePoint now) {
    if (paused == paused_keys_.contains(key)) return {};
    if (paused && paused_keys_.size() >= paused_keys_max) {
        return fail(Errc::queue_full, fmt::format("{} keys of queue `{}` are paused already",
                                          paused_keys_max, info_.name.text));
    }
    effects_.records.emplace_back(KeyPaused{number_, key.kind, key.key, paused});
    effects_.needs_fsync = true;
    if (paused) {
        hold_key(key);
    } else {
        free_key(key, now);
    }
    return {};
}

/// The key's number stays in use while it is paused.
void QueueState::hold_key(PausedKey key) {
    if (key.kind == KeyKind::ordering) {
        const std::uint32_t number = ordering_.acquire(key.key);
        ordering_.entry(number).paused = true;  // what it has in a lane no longer holds
        paused_keys_.emplace(std::move(key), number);
        return;
    }
    const std::uint32_t number = fairness_.acquire(key.key);
    ready_.pause(number);
    paused_keys_.emplace(std::move(key), number);
}

void QueueState::free_key(const PausedKey& key, TimePoint now) {
    const auto found = paused_keys_.find(key);
    const std::uint32_t number = found->second;
    paused_keys_.erase(found);
    if (key.kind == KeyKind::fairness) {
        ready_.resume(number);
        fairness_.release(number);
        return;
    }
    Line& line = ordering_.entry(number);
    line.paused = false;
    if (line.active != 0) {
        Slot& active = *table_.find(line.active);
        if (active.state == MessageState::ready) place(line.active, active, now);
    }
    ordering_.release(number);
}

void QueueState::restore(QueueInfo info, TimePoint now) {
    set_owner(info.owner);
    info_ = std::move(info);
    set_rates(now);
    while (!paused_keys_.empty()) {
        const PausedKey key = paused_keys_.begin()->first;
        free_key(key, now);
    }
    order_anew();
}

/// As the configuration says by now: every ready message takes its place in the new order.
void QueueState::order_anew() {
    if (ready_.config() == info_.config.scheduling) return;
    ready_.begin_anew(info_.config.scheduling);
    for (const auto& [key, number] : paused_keys_) {
        if (key.kind == KeyKind::fairness) ready_.pause(number);
    }
    table_.for_each_after(0, [&](std::uint64_t seq, const Slot& slot) {
        if (in_lane(seq, slot.level)) {
            ready_.push(slot.fairness_key, seq, slot.level, slot.expires_at);
        }
        return true;
    });
}

std::vector<std::uint64_t> QueueState::dead_letters(
    const RedriveRequest& request, std::uint64_t after_seq, std::size_t max) const {
    std::vector<std::uint64_t> found;
    const auto is_meant = [&](std::uint64_t seq) {
        const TimePoint since = table_.find(seq)->due_at;
        if (request.dead_from && since < *request.dead_from) return false;
        if (request.dead_to && since >= *request.dead_to) return false;
        const auto trouble = trouble_.find(seq);
        return request.reason_contains.empty() ||
               (trouble != trouble_.end() &&
                   trouble->second.dead_reason.contains(request.reason_contains));
    };
    if (request.ids.empty()) {
        for (auto at = dead_.upper_bound(after_seq); at != dead_.end() && found.size() < max;
            ++at) {
            if (is_meant(*at)) found.push_back(*at);
        }
        return found;
    }
    for (const auto& id : request.ids) {
        const bool is_here = id.queue_uid == uid_ && id.seq > after_seq && dead_.contains(id.seq);
        if (is_here && is_meant(id.seq)) found.push_back(id.seq);
    }
    std::ranges::sort(found);
    const auto twice = std::ranges::unique(found);
    found.erase(twice.begin(), twice.end());
    if (found.size() > max) found.resize(max);
    return found;
}

Result<void> QueueState::redrive(
    std::span<const std::uint64_t> seqs, const RedriveSchedule& schedule, TimePoint now) {
    std::uint64_t bytes = 0;
    for (const auto seq : seqs) bytes += table_.find(seq)->size_bytes;
    const QueueConfig& config = info_.config;
    if ((config.max_size != 0 && unfinished() + seqs.size() > config.max_size) ||
        (config.max_bytes != 0 && unfinished_bytes() + bytes > config.max_bytes)) {
        return fail(Errc::queue_full, fmt::format("queue `{}` has no room for {} dead letters",
                                          info_.name.text, seqs.size()));
    }
    for (std::size_t i = 0; i < seqs.size(); ++i) {
        Slot& slot = *table_.find(seqs[i]);
        const TimePoint due = std::max(schedule.due(i), now);
        set_state(slot, MessageState::scheduled);
        dead_.erase(seqs[i]);
        slot.failures = 0;
        slot.anew = slot.redriven = true;
        slot.entered_at = due;
        slot.expires_at = TimePoint::max();
        trouble_[seqs[i]].dead_reason.clear();
        enter_when(seqs[i], slot, due, now);
    }
    touch(now);
    return {};
}

MovedLetter QueueState::take_out(std::uint64_t seq, TimePoint now) {
    Slot& slot = *table_.find(seq);
    MovedLetter letter{.data = slot.data, .attempts = slot.attempts, .history = {}};
    if (const auto found = trouble_.find(seq); found != trouble_.end()) {
        letter.history = std::move(found->second.history);
    }
    emit(MessageGone{locator(seq)});
    remove(seq, slot, now);
    return letter;
}

}  // namespace baton::queue
