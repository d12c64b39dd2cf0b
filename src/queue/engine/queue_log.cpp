#include "queue/engine/queue_log.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/answer_budget.h"

namespace baton::queue {
namespace {

// Messages that one timer takes out of a log, so that commands have their turn between.
constexpr std::uint64_t expire_max = 10'000;
// Messages that reach their retention together go together: the wait for the others at most.
constexpr Duration retention_slack{1'000};

std::unexpected<Error> no_subscription(std::string_view name) {
    return fail_field(
        Errc::not_found, "subscription", fmt::format("there is no subscription `{}`", name));
}

}  // namespace

Result<void> QueueLog::require_mode(
    QueueMode mode, std::string_view call, std::string_view instead) const {
    if (queue_.info_.config.mode == mode) return {};
    return fail(Errc::unsupported,
        fmt::format("queue `{}` is in mode `{}`, which has no {}: use {}", queue_.info_.name.text,
            to_string(queue_.info_.config.mode), call, instead));
}

/// A log hands out in the order of posting, for as long as retention says.
Result<void> QueueLog::check_post(std::span<const NewMessage> messages) const {
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (messages[i].delay > Duration(0) || messages[i].deliver_at) {
            return fail_field(Errc::unsupported, fmt::format("messages[{}].delay_ms", i),
                "a log hands out messages in the order of posting: it has no delay");
        }
        if (messages[i].ttl > Duration(0)) {
            return fail_field(Errc::unsupported, fmt::format("messages[{}].ttl_ms", i),
                "messages of a log stay for its retention_period: they have no ttl");
        }
    }
    return {};
}

/// The seq before the first message that a reader who begins at `start` gets.
Result<std::uint64_t> QueueLog::seq_before(const LogStart& start) const {
    switch (start.kind) {
        case LogStart::Kind::earliest: return log_.head - 1;
        case LogStart::Kind::latest: return queue_.next_seq_ - 1;
        case LogStart::Kind::seq: break;
    }
    if (start.seq == 0 || start.seq > queue_.next_seq_) {
        return fail_field(Errc::invalid_argument, "start",
            fmt::format(
                "seq {} is not in the log: it has 1 to {}", start.seq, queue_.next_seq_ - 1));
    }
    return start.seq - 1;
}

void QueueLog::move_cursor(const std::string& name, std::uint64_t& cursor, std::uint64_t to) {
    cursor = to;
    queue_.emit(CursorMoved{.queue = queue_.number_, .subscription = name, .committed = to});
    tell();
}

Result<std::uint64_t> QueueLog::subscribe(const std::string& name, const LogStart& start) {
    if (const auto known = log_.cursors.find(name); known != log_.cursors.end()) {
        return known->second;
    }
    BATON_TRY(const auto committed, seq_before(start));
    if (log_.cursors.size() >= MessageLimits::subscriptions_max) {
        return fail(
            Errc::queue_full, fmt::format("log `{}` has {} subscriptions, as many as it may",
                                  queue_.info_.name.text, log_.cursors.size()));
    }
    move_cursor(name, log_.cursors[name], committed);
    return committed;
}

Result<void> QueueLog::unsubscribe(const std::string& name) {
    if (log_.cursors.erase(name) == 0) return no_subscription(name);
    queue_.emit(CursorDropped{.queue = queue_.number_, .subscription = name});
    tell();
    return {};
}

std::vector<Subscription> QueueLog::subscriptions() const {
    std::vector<Subscription> all;
    all.reserve(log_.cursors.size());
    for (const auto& [name, committed] : log_.cursors) {
        all.push_back({.name = SubscriptionName(name),
            .committed = committed,
            .lag = queue_.next_seq_ - 1 - std::max(committed, log_.head - 1)});
    }
    return all;
}

Result<std::vector<MessageView>> QueueLog::fetch(
    const std::string& name, std::optional<std::uint64_t> after, std::uint32_t max, TimePoint now) {
    const auto cursor = log_.cursors.find(name);
    if (cursor == log_.cursors.end()) return no_subscription(name);
    std::vector<MessageView> views;
    if (queue_.info_.paused) return views;
    max = static_cast<std::uint32_t>(std::min<std::uint64_t>(max, queue_.tokens_for_pop(now)));
    if (max == 0) return views;
    AnswerBudget budget;
    queue_.table_.for_each_after(
        after.value_or(cursor->second), [&](std::uint64_t seq, const Slot& slot) {
            if (!budget.take(queue_.answer_bytes(seq, slot))) return false;
            views.push_back(queue_.view(seq, slot));
            return views.size() < max;
        });
    if (!views.empty()) queue_.touch(now);
    queue_.pop_rate_.take(views.size(), now);
    return views;
}

Result<void> QueueLog::commit(const std::string& name, std::uint64_t seq) {
    const auto cursor = log_.cursors.find(name);
    if (cursor == log_.cursors.end()) return no_subscription(name);
    if (seq >= queue_.next_seq_) {
        return fail_field(Errc::invalid_argument, "seq",
            fmt::format("seq {} was never posted: the last one is {}", seq, queue_.next_seq_ - 1));
    }
    if (seq < cursor->second) {
        return fail_field(Errc::conflict, "seq",
            fmt::format(
                "`{}` has committed {}: going back to {} is a seek", name, cursor->second, seq));
    }
    if (seq > cursor->second) move_cursor(name, cursor->second, seq);
    return {};
}

Result<std::uint64_t> QueueLog::seek(const std::string& name, const LogStart& start) {
    const auto cursor = log_.cursors.find(name);
    if (cursor == log_.cursors.end()) return no_subscription(name);
    BATON_TRY(const auto committed, seq_before(start));
    if (committed != cursor->second) move_cursor(name, cursor->second, committed);
    return committed;
}

Result<std::uint64_t> QueueLog::truncate_before(std::uint64_t seq, TimePoint now) {
    if (seq == 0 || seq > queue_.next_seq_) {
        return fail_field(Errc::invalid_argument, "seq",
            fmt::format("seq {} is not in the log: it has 1 to {}", seq, queue_.next_seq_ - 1));
    }
    queue_.touch(now);
    return truncate(seq - 1, now);
}

std::uint64_t QueueLog::truncate(std::uint64_t up_to, TimePoint now) {
    if (up_to < log_.head) return 0;
    const std::size_t before = queue_.table_.size();
    queue_.emit(LogTruncated{queue_.locator(up_to)});
    for (std::uint64_t seq = log_.head; seq <= up_to; ++seq) {
        if (Slot* slot = queue_.table_.find(seq)) queue_.remove(seq, *slot, now);
    }
    log_.head = up_to + 1;
    log_.tail_begin = std::max(log_.tail_begin, log_.head);
    arm_retention();
    return before - queue_.table_.size();
}

/// When the oldest message goes; max(): never.
TimePoint QueueLog::retention_due() const {
    const Duration retention(queue_.info_.config.retention_period);
    const Slot* oldest = retention > Duration(0) ? queue_.table_.find(log_.head) : nullptr;
    if (oldest == nullptr) return TimePoint::max();
    return oldest->posted_at + retention + std::min(retention_slack, retention / 10);
}

/// A timer that is too early looks again when it comes up; so a full log that drops its oldest
/// message with each post sets none.
void QueueLog::arm_retention() {
    const TimePoint due = retention_due();
    if (due >= log_.retention_armed) return;
    log_.retention_armed = due;
    queue_.effects_.timers.add({due, queue_.locator(0), Timer::Kind::log_retention});
}

void QueueLog::on_timer(const Timer& timer, TimePoint now) {
    if (timer.at != log_.retention_armed) return;
    log_.retention_armed = TimePoint::max();
    if (retention_due() <= now) expire(now);
    arm_retention();
}

/// The oldest messages have reached the retention period.
void QueueLog::expire(TimePoint now) {
    const TimePoint before = now - Duration(queue_.info_.config.retention_period);
    std::uint64_t seq = log_.head;
    const std::uint64_t end = log_.head + expire_max;
    for (const Slot* slot = queue_.table_.find(seq); seq < end && slot != nullptr;
        slot = queue_.table_.find(seq)) {
        if (slot->posted_at > before) break;
        ++seq;
    }
    queue_.totals().expired += truncate(seq - 1, now);
}

/// The newest contents stay in memory, older ones are read from the store.
void QueueLog::keep_body(std::uint64_t seq, Slot& slot, std::shared_ptr<const MessageData> data) {
    if (queue_.is_stored()) {
        const std::uint64_t size = body_footprint(slot);
        while (log_.tail_begin < seq && log_.tail_held + size > queue_.effects_.tail_max())
            shrink_tail();
        bool held = size <= queue_.effects_.tail_max() && queue_.effects_.hold(size);
        while (!held && log_.tail_begin < seq) {
            shrink_tail();
            held = size <= queue_.effects_.tail_max() && queue_.effects_.hold(size);
        }
        if (!held) {
            log_.tail_begin = seq + 1;
            return;
        }
        log_.tail_held += size;
    }
    slot.data = std::move(data);
}

void QueueLog::shrink_tail() {
    if (Slot* slot = queue_.table_.find(log_.tail_begin++)) drop_body(*slot);
}

void QueueLog::drop_body(Slot& slot) {
    if (slot.data && queue_.is_stored()) {
        log_.tail_held -= body_footprint(slot);
        queue_.effects_.release(body_footprint(slot));
    }
    slot.data.reset();
}

void QueueLog::tell() {
    if (!std::exchange(log_.told, true)) queue_.effects_.news.logs.push_back(queue_.uid_);
}

void QueueLog::posted() {
    tell();
    arm_retention();
}

void QueueLog::recover_cursor(std::string subscription, std::uint64_t committed) {
    log_.cursors[std::move(subscription)] = committed;
}

void QueueLog::finish_recovery() {
    log_.head = log_.tail_begin = queue_.next_seq_;
    queue_.table_.for_each_after(0, [&](std::uint64_t seq, Slot& slot) {
        log_.head = std::min(log_.head, seq);
        queue_.set_state(slot, MessageState::ready);
        return true;
    });
    arm_retention();
    queue_.arm_retention();
}

}  // namespace baton::queue
