#include "queue/engine/queue_state.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/answer_budget.h"
#include "queue/engine/queue_log.h"
#include "queue/engine/queue_look.h"

namespace baton::queue {
namespace {

std::unexpected<Error> lease_lost() {
    return fail(Errc::lease_lost, "the lease has ended: it ran out, or the message was settled");
}

}  // namespace

QueueState::QueueState(QueueNumber number, std::uint64_t uid, QueueInfo info, Effects& effects)
    : number_(number),
      uid_(uid),
      info_(std::move(info)),
      effects_(effects),
      tenant_(&effects.tenants[info_.owner]) {
    totals_.set({.last_accessed = info_.created_at});
    post_rate_.set_rate(info_.config.rates.post_per_second, info_.created_at);
    pop_rate_.set_rate(info_.config.rates.pop_per_second, info_.created_at);
    ready_.begin_anew(info_.config.scheduling);
}

void QueueState::set_owner(TenantId owner) {
    if (owner == info_.owner) return;
    const std::uint64_t bytes = is_stored() ? counts_.bytes + counts_.kept_bytes : 0;
    tenant_->used -= bytes;
    info_.owner = std::move(owner);
    tenant_ = &effects_.tenants[info_.owner];
    tenant_->used += bytes;
}

void QueueState::add_bytes(std::int64_t bytes) {
    counts_.bytes += static_cast<std::uint64_t>(bytes);
    if (is_stored()) tenant_->used += static_cast<std::uint64_t>(bytes);
}

void QueueState::add_kept(std::int64_t bytes) {
    counts_.kept_bytes += static_cast<std::uint64_t>(bytes);
    if (is_stored()) tenant_->used += static_cast<std::uint64_t>(bytes);
}

void QueueState::set_rates(TimePoint now) {
    post_rate_.set_rate(info_.config.rates.post_per_second, now);
    pop_rate_.set_rate(info_.config.rates.pop_per_second, now);
}

void QueueState::configure(QueueConfig config, TenantId owner, TimePoint now) {
    const bool ages_anew = config.levels != info_.config.levels;
    set_owner(std::move(owner));
    info_.config = std::move(config);
    set_rates(now);
    effects_.records.emplace_back(QueuePut{number_, uid_, info_});
    effects_.needs_fsync = true;
    if (is_log()) {
        QueueLog(*this).arm_retention();
        QueueLog(*this).tell();  // the rate may be another one
    }
    if (is_log()) return;
    order_anew();
    if (!ages_anew) return;
    table_.for_each_after(0, [&](std::uint64_t seq, Slot& slot) {
        if (slot.state == MessageState::ready) raise(seq, slot, now);
        return true;
    });
}

void QueueState::set_paused(bool paused) {
    info_.paused = paused;
    QueueLog(*this).tell();
    effects_.records.emplace_back(QueuePut{number_, uid_, info_});
    effects_.needs_fsync = true;
}

std::vector<LeasedMessage> QueueState::pop(const PopRequest& request, TimePoint now) {
    std::vector<LeasedMessage> popped;
    if (info_.paused) return popped;
    const std::uint64_t max = std::min<std::uint64_t>(request.max, tokens_for_pop(now));
    AnswerBudget budget;
    const QueueLook look(*this, request.level, now, &budget);
    while (popped.size() < max) {
        const auto seq = ready_.pop(look);
        if (!seq) break;
        Slot& slot = *table_.find(*seq);
        budget.add(answer_bytes(*seq, slot));
        set_state(slot, MessageState::leased);
        slot.due_at = now + request.lease;
        ++slot.attempts;
        slot.anew = false;
        effects_.timers.add({slot.due_at, locator(*seq), Timer::Kind::lease});
        emit_delivery(*seq, slot);
        popped.push_back({.message = view(*seq, slot),
            .receipt = {.message = {uid_, *seq}, .attempt = slot.attempts}});
    }
    if (!popped.empty()) touch(now);
    pop_rate_.take(popped.size(), now);
    return popped;
}

std::uint32_t QueueState::weight_of(std::uint32_t fairness_key) const {
    if (info_.config.fairness_weights.empty()) return 1;
    const auto found =
        info_.config.fairness_weights.find(std::string(fairness_.name(fairness_key)));
    return found == info_.config.fairness_weights.end() ? 1 : found->second;
}

/// How many messages the rate lets out now; when none, a timer wakes those who wait.
std::uint64_t QueueState::tokens_for_pop(TimePoint now) {
    if (!pop_rate_.is_limited()) return UINT64_MAX;
    const std::uint64_t tokens = pop_rate_.available(now);
    if (tokens == 0 && rate_armed_ == TimePoint::max()) {
        rate_armed_ = now + pop_rate_.wait_for(1, now);
        effects_.timers.add({rate_armed_, locator(0), Timer::Kind::rate});
    }
    return tokens;
}

Result<Slot*> QueueState::leased_slot(const Receipt& receipt) {
    Slot* slot = table_.find(receipt.message.seq);
    if (slot == nullptr || slot->state != MessageState::leased ||
        slot->attempts != receipt.attempt) {
        return lease_lost();
    }
    return slot;
}

Result<void> QueueState::ack(const Receipt& receipt, TimePoint now) {
    BATON_TRY(Slot * slot, leased_slot(receipt));
    emit(MessageGone{locator(receipt.message.seq)});
    ++totals().acked;
    touch(now);
    remove(receipt.message.seq, *slot, now);
    return {};
}

Result<NackOutcome> QueueState::nack(const NackRequest& request, TimePoint now) {
    BATON_TRY(Slot * slot, leased_slot(request.receipt));
    touch(now);
    return fail_delivery(request.receipt.message.seq, *slot, request, now);
}

Result<void> QueueState::charge(const Receipt& receipt, std::uint32_t cost) {
    BATON_TRY(const Slot* slot, leased_slot(receipt));
    ready_.charge(slot->fairness_key, receipt.message.seq, slot->level, cost);
    return {};
}

Result<TimePoint> QueueState::extend(const Receipt& receipt, TimePoint until) {
    BATON_TRY(Slot * slot, leased_slot(receipt));
    slot->due_at = until;
    effects_.timers.add({until, locator(receipt.message.seq), Timer::Kind::lease});
    emit_delivery(receipt.message.seq, *slot);
    return until;
}

Result<bool> QueueState::cancel(std::uint64_t seq, TimePoint now) {
    Slot* slot = table_.find(seq);
    if (slot == nullptr || !slot->is_live()) {
        return fail(Errc::message_not_found, "no such message waits, runs or is dead");
    }
    const bool was_leased = slot->state == MessageState::leased;
    emit(MessageGone{locator(seq)});
    remove(seq, *slot, now);
    return was_leased;
}

std::uint64_t QueueState::purge(TimePoint now) {
    if (is_log()) return QueueLog(*this).truncate(next_seq_ - 1, now);
    std::vector<std::uint64_t> seqs;
    table_.for_each_after(0, [&](std::uint64_t seq, const Slot& slot) {
        if (slot.state == MessageState::ready || slot.state == MessageState::scheduled) {
            seqs.push_back(seq);
        }
        return true;
    });
    if (seqs.empty()) return 0;
    emit(QueuePurged{locator(next_seq_ - 1)});
    for (const auto seq : seqs) {
        // Removing one message may make another active and free a place kept in its line, never the
        // message itself.
        if (Slot* slot = table_.find(seq); slot != nullptr && slot->is_live())
            remove(seq, *slot, now);
    }
    return seqs.size();
}

MessagePage QueueState::peek(const PeekRequest& request) {
    MessagePage page;
    AnswerBudget budget;
    table_.for_each_after(request.after_seq, [&](std::uint64_t seq, const Slot& slot) {
        if (!slot.is_live() || (request.state && slot.state != *request.state)) return true;
        const bool is_in = budget.take(answer_bytes(seq, slot));
        if (is_in) page.messages.push_back(view(seq, slot));
        page.more = !is_in || page.messages.size() == request.limit;
        return !page.more;
    });
    return page;
}

Result<MessageView> QueueState::view_of(std::uint64_t seq, TimePoint now) {
    const Slot* slot = table_.find(seq);
    if (slot != nullptr && slot->is_live()) return view(seq, *slot);
    if (recall_.replies.find(seq, now) != nullptr) {
        return MessageView{.id = {uid_, seq}, .queue = info_.name, .state = MessageState::done};
    }
    return fail(Errc::message_not_found, "no such message, or it is finished");
}

MessageView QueueState::view(std::uint64_t seq, const Slot& slot) const {
    MessageView view{.id = {uid_, seq},
        .queue = info_.name,
        .state = slot.state,
        .data = slot.data,
        .level = slot.level,
        .posted_at = slot.posted_at,
        .due_at = slot.state == MessageState::scheduled ? slot.due_at : slot.entered_at,
        .attempts = slot.attempts,
        .failures = slot.failures};
    if (slot.expires_at != TimePoint::max()) view.expires_at = slot.expires_at;
    if (slot.state == MessageState::leased) view.lease_expires_at = slot.due_at;
    if (const auto found = trouble_.find(seq); found != trouble_.end()) {
        view.history = found->second.history;
        view.dead_reason = found->second.dead_reason;
    }
    return view;
}

/// What an answer that shows the message carries of it.
std::uint64_t QueueState::answer_bytes(std::uint64_t seq, const Slot& slot) const {
    std::uint64_t bytes = slot.size_bytes + slot.extra * Slot::extra_step;
    if (const auto found = trouble_.find(seq); found != trouble_.end()) {
        bytes += found->second.dead_reason.size();
        for (const auto& note : found->second.history) bytes += note.reason.size();
    }
    return bytes;
}

QueueStats QueueState::stats() const {
    QueueStats stats{.name = info_.name,
        .message_count = unfinished(),
        .max_size = info_.config.max_size,
        .used_storage = counts_.bytes,
        .created_at = info_.created_at,
        .last_accessed = totals_.now().last_accessed,
        .ready = ready_count(),
        .scheduled = counts_.scheduled,
        .dead = counts_.dead,
        .posted_total = totals_.now().posted,
        .acked_total = totals_.now().acked,
        .expired_total = totals_.now().expired,
        .paused = info_.paused};
    for (std::size_t i = 0; i < level_count; ++i) {
        stats.levels[i] = {.ready = levels_[i].ready, .leased = levels_[i].leased};
        stats.leased += levels_[i].leased;
    }
    return stats;
}

/// Whether a message is ready at `level`, and so may have an entry in its lanes.
bool QueueState::in_lane(std::uint64_t seq, Level level) const {
    const Slot* slot = table_.find(seq);
    if (slot == nullptr || slot->state != MessageState::ready || slot->level != level) return false;
    if (slot->ordering_key == 0) return true;
    const Line& line = ordering_.entry(slot->ordering_key);
    return line.active == seq && !line.paused;
}

std::uint64_t QueueState::ready_count() const {
    std::uint64_t ready = 0;
    for (const auto& level : levels_) ready += level.ready;
    return ready;
}

std::uint64_t QueueState::unfinished_bytes() const { return counts_.bytes - counts_.dead_bytes; }

std::uint64_t QueueState::unfinished() const {
    std::uint64_t count = counts_.scheduled;
    for (const auto& level : levels_) count += level.ready + level.leased;
    return count;
}

void QueueState::emit(Record record, Durability durability) {
    if (!is_stored()) return;
    effects_.records.push_back(std::move(record));
    effects_.needs_fsync |= durability == Durability::fsync;
}

void QueueState::emit_delivery(std::uint64_t seq, const Slot& slot) {
    if (!is_stored()) return;
    DeliveryChanged record{.at = locator(seq),
        .delivery = {
            .state = slot.state == MessageState::scheduled ? MessageState::ready : slot.state,
            .due_at = slot.due_at,
            .attempts = slot.attempts,
            .failures = slot.failures,
            .entered_at = slot.entered_at,
            .anew = slot.anew,
            .redriven = slot.redriven}};
    if (slot.state == MessageState::leased) record.delivery.level = slot.level;
    if (const auto found = trouble_.find(seq); found != trouble_.end()) {
        record.delivery.history = found->second.history;
        record.delivery.dead_reason = found->second.dead_reason;
    }
    emit(std::move(record));
}

}  // namespace baton::queue
