// QueueState: how messages move between states, lines and lanes.
#include <algorithm>

#include "queue/engine/aging.h"
#include "queue/engine/queue_log.h"
#include "queue/engine/queue_outputs.h"
#include "queue/engine/queue_replies.h"
#include "queue/engine/queue_state.h"

namespace baton::queue {
namespace {

constexpr std::size_t history_max = 10;  // notes kept of one message: enough to see a pattern
constexpr std::size_t stale_max =
    1'024;  // lane entries of messages that have gone, beside half of all

std::string cut(std::string text, std::size_t max) {
    if (text.size() <= max) return text;
    // Not in the middle of a UTF-8 sequence: continuation bytes are 10xxxxxx.
    while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
    text.resize(max);
    return text;
}

}  // namespace

void QueueState::count(const Slot& slot, std::int64_t by) {
    const auto add = [by](std::uint64_t& counter) {
        counter = static_cast<std::uint64_t>(static_cast<std::int64_t>(counter) + by);
    };
    LevelState& level = levels_[static_cast<std::size_t>(slot.level)];
    switch (slot.state) {
        case MessageState::scheduled: add(counts_.scheduled); break;
        case MessageState::ready: add(level.ready); break;
        case MessageState::leased: add(level.leased); break;
        case MessageState::dead:
            add(counts_.dead);
            counts_.dead_bytes += by > 0 ? slot.size_bytes : -std::uint64_t{slot.size_bytes};
            break;
        default: break;
    }
}

void QueueState::set_state(Slot& slot, MessageState state) {
    count(slot, -1);
    slot.state = state;
    count(slot, 1);
}

/// The message's time has come: it is ready, and takes its place in its ordering key's line if it
/// has one.
void QueueState::enter(std::uint64_t seq, Slot& slot, TimePoint now) {
    set_state(slot, MessageState::ready);
    if (slot.ordering_key != 0) {
        Line& line = ordering_.entry(slot.ordering_key);
        if (line.active != 0 && line.active != seq) {
            Slot& active = *table_.find(line.active);
            const bool goes_first =
                !slot.holds_key() && active.state == MessageState::ready && !active.holds_key() &&
                std::pair(slot.entered_at, seq) < std::pair(active.entered_at, line.active);
            if (!goes_first) return stand_in_line(seq, slot, line);
            stand_in_line(line.active, active, line);  // its entry in the lane no longer holds
        }
        line.active = seq;
    }
    place(seq, slot, now);
}

/// Lines are sorted by the time of becoming ready, then by seq; mostly that is the end.
void QueueState::stand_in_line(std::uint64_t seq, Slot& slot, Line& line) {
    const auto before = [&](const Slot& other, std::uint64_t other_seq) {
        return std::pair(other.entered_at, other_seq) < std::pair(slot.entered_at, seq);
    };
    slot.next_in_line = 0;
    if (line.last == 0 || before(*table_.find(line.last), line.last)) {
        (line.last == 0 ? line.first : table_.find(line.last)->next_in_line) = seq;
        line.last = seq;
        return;
    }
    std::uint64_t* link = &line.first;
    while (before(*table_.find(*link), *link)) link = &table_.find(*link)->next_in_line;
    slot.next_in_line = *link;
    *link = seq;
}

/// Takes a message out of its key's line, which is walked for it.
void QueueState::leave_middle_of_line(std::uint64_t seq, Slot& slot) {
    Line& line = ordering_.entry(slot.ordering_key);
    std::uint64_t previous = 0;
    std::uint64_t* link = &line.first;
    while (*link != seq) {
        previous = *link;
        link = &table_.find(previous)->next_in_line;
    }
    *link = slot.next_in_line;
    if (line.last == seq) line.last = previous;
    slot.next_in_line = 0;
}

/// Puts a ready message that nothing holds back into its lane.
void QueueState::place(std::uint64_t seq, Slot& slot, TimePoint now) {
    const Aged aged = aged_level(slot.priority, slot.entered_at, now, info_.config.levels);
    if (slot.level != aged.level) {
        count(slot, -1);
        slot.level = aged.level;
        count(slot, 1);
    }
    if (aged.next_at != TimePoint::max()) {
        effects_.timers.add({aged.next_at, locator(seq), Timer::Kind::age});
    }
    if (slot.ordering_key != 0 && ordering_.entry(slot.ordering_key).paused) return;
    ready_.push(slot.fairness_key, seq, slot.level, slot.expires_at);
    if (ready_.size() > 2 * ready_count() + stale_max) {
        ready_.shrink([&](std::uint64_t entry, Level level) { return in_lane(entry, level); });
    }
}

/// Moves a message up to the level that its waiting has earned by now.
void QueueState::raise(std::uint64_t seq, Slot& slot, TimePoint now) {
    const bool held_back =
        slot.ordering_key != 0 && ordering_.entry(slot.ordering_key).active != seq;
    if (held_back) return;  // its waiting counts when its turn in the line comes
    const Aged aged = aged_level(slot.priority, slot.entered_at, now, info_.config.levels);
    if (aged.level != slot.level) {
        place(seq, slot, now);
    } else if (aged.next_at != TimePoint::max()) {
        effects_.timers.add({aged.next_at, locator(seq), Timer::Kind::age});
    }
}

/// The message no longer blocks its ordering key: the next in line becomes active.
void QueueState::leave_line(std::uint64_t seq, const Slot& slot, TimePoint now) {
    if (slot.ordering_key == 0) return;
    const std::uint32_t key = slot.ordering_key;
    Line& line = ordering_.entry(key);
    if (line.active != seq) return;
    line.active = 0;
    while (line.first != 0) {
        const std::uint64_t next = line.first;
        Slot& waiting = *table_.find(next);
        line.first = waiting.next_in_line;
        if (line.first == 0) line.last = 0;
        waiting.next_in_line = 0;
        if (waiting.state == MessageState::cancelled) {
            table_.erase(next);
            ordering_.release(key);  // not the last use: `slot` still has one
            continue;
        }
        line.active = next;
        place(next, waiting, now);
        return;
    }
}

/// Takes a message out of everything. `slot` is gone afterwards, or only keeps a place in its key's
/// line.
void QueueState::remove(std::uint64_t seq, Slot& slot, TimePoint now) {
    ++effects_.gone;
    count(slot, -1);
    add_bytes(-std::int64_t{slot.size_bytes});
    drop_body(slot);
    QueueOutputs(*this).finish(seq);
    trouble_.erase(seq);
    ready_.forget_cost(seq);
    if (slot.state == MessageState::dead) dead_.erase(seq);
    fairness_.release(slot.fairness_key);
    const bool waits_in_line = slot.state == MessageState::ready && slot.ordering_key != 0 &&
                               ordering_.entry(slot.ordering_key).active != seq;
    if (waits_in_line) {
        slot.state = MessageState::cancelled;
        slot.fairness_key = 0;
        return;
    }
    leave_line(seq, slot, now);
    ordering_.release(slot.ordering_key);
    table_.erase(seq);
}

void QueueState::give_back(std::uint64_t seq, Slot& slot, TimePoint due, TimePoint now) {
    // It stays active in its line: those behind it wait, so that the order holds.
    enter_when(seq, slot, due, now);
}

/// Schedules a message anew that is counted as scheduled already.
void QueueState::enter_when(std::uint64_t seq, Slot& slot, TimePoint due, TimePoint now) {
    slot.due_at = due;
    slot.level = slot.priority;
    emit_delivery(seq, slot);
    if (due > now) {
        effects_.timers.add({due, locator(seq), Timer::Kind::due});
    } else {
        enter(seq, slot, now);
    }
}

void QueueState::bury(std::uint64_t seq, Slot& slot, std::string reason, TimePoint now) {
    set_state(slot, MessageState::dead);
    slot.due_at = now;
    trouble_[seq].dead_reason = cut(std::move(reason), MessageLimits::reason_max);
    dead_.insert(seq);
    emit_delivery(seq, slot);
    QueueOutputs(*this).wake_readers(seq);
    leave_line(seq, slot, now);
}

void QueueState::note_failure(
    std::uint64_t seq, const Slot& slot, std::string reason, TimePoint now) {
    auto& history = trouble_[seq].history;
    if (history.size() == history_max) history.erase(history.begin());
    history.push_back({.at = now,
        .attempt = slot.attempts,
        .reason = cut(std::move(reason), MessageLimits::reason_max)});
}

NackOutcome QueueState::fail_delivery(
    std::uint64_t seq, Slot& slot, const NackRequest& request, TimePoint now) {
    if (request.blame != Blame::none) {
        if (slot.failures < UINT16_MAX) ++slot.failures;
    } else {
        // Nothing was done for it: its shares get back what it was to cost.
        ready_.refund(slot.fairness_key, seq, slot.level);
    }
    if (request.blame != Blame::none || !request.reason.empty()) {
        note_failure(seq, slot, request.reason, now);
    }
    const std::uint32_t limit = info_.config.max_failures;
    const bool exhausted = request.blame == Blame::failure && limit != 0 && slot.failures >= limit;
    if (exhausted || request.blame == Blame::fatal) {
        bury(seq, slot, request.reason, now);
        return NackOutcome::dead;
    }
    if (slot.expires_at <= now) {
        emit(MessageGone{locator(seq)});
        ++totals().expired;
        remove(seq, slot, now);
        return NackOutcome::returned;
    }
    set_state(slot, MessageState::scheduled);
    give_back(seq, slot, now + request.delay, now);
    return NackOutcome::returned;
}

void QueueState::on_timer(const Timer& timer, TimePoint now) {
    if (timer.kind == Timer::Kind::retention) {
        if (timer.at != retention_armed_) return;
        drop_ended(now);
        emit(RetentionPassed{number_, now});
        return;
    }
    if (timer.kind == Timer::Kind::log_retention) {
        return QueueLog(*this).on_timer(timer, now);
    }
    if (!holds(timer)) return;
    if (timer.kind == Timer::Kind::rate) {
        rate_armed_ = TimePoint::max();  // the pops and fetches that wait are served after this
        if (is_log()) QueueLog(*this).tell();
        return;
    }
    const std::uint64_t seq = timer.message.seq;
    Slot& slot = *table_.find(seq);
    switch (timer.kind) {
        case Timer::Kind::due: enter(seq, slot, now); break;
        case Timer::Kind::age: raise(seq, slot, now); break;
        case Timer::Kind::lease:
            fail_delivery(seq, slot, {.reason = "the lease expired"}, now);
            break;
        case Timer::Kind::expiry:
            if (slot.state == MessageState::leased) break;  // it goes when it comes back
            emit(MessageGone{locator(seq)});
            ++totals().expired;
            remove(seq, slot, now);
            break;
        default: break;
    }
}

bool QueueState::holds(const Timer& timer) const {
    if (timer.kind == Timer::Kind::retention) return timer.at == retention_armed_;
    if (timer.kind == Timer::Kind::log_retention) return timer.at == log_.retention_armed;
    if (timer.kind == Timer::Kind::rate) return timer.at == rate_armed_;
    const Slot* slot = table_.find(timer.message.seq);
    if (slot == nullptr) return false;
    switch (timer.kind) {
        case Timer::Kind::due:
            return slot->state == MessageState::scheduled && slot->due_at == timer.at;
        case Timer::Kind::lease:
            return slot->state == MessageState::leased && slot->due_at == timer.at;
        case Timer::Kind::expiry:
            return slot->expires_at == timer.at && slot->is_live() &&
                   slot->state != MessageState::dead;
        case Timer::Kind::age:
            return slot->state == MessageState::ready &&
                   timer.at ==
                       rises_at(slot->priority, slot->level, slot->entered_at, info_.config.levels);
        default: break;
    }
    return false;
}

/// One timer at a time, a second late at most, so that keys that end together go together.
void QueueState::arm_retention() {
    const auto next = recall_.next_end();
    if (!next || *next + Duration(1'000) >= retention_armed_) return;
    retention_armed_ = *next + Duration(1'000);
    effects_.timers.add({retention_armed_, locator(0), Timer::Kind::retention});
}

void QueueState::drop_ended(TimePoint now) {
    recall_.dedup.drop_ended(now, [](std::uint64_t) {});
    QueueReplies(*this).drop_ended(now);
    QueueOutputs(*this).drop_ended(now);
    retention_armed_ = TimePoint::max();
    arm_retention();
}

}  // namespace baton::queue
