#include "queue/cluster/leadership.h"

#include <algorithm>
#include <utility>

namespace baton::queue::cluster {
namespace {

/// A failure after serving so long is the first one again.
constexpr Duration steady_time{30'000};

Duration doubled(Duration first, std::uint32_t times, Duration max) {
    while (times-- > 0 && first < max) first *= 2;
    return std::min(first, max);
}

}  // namespace

/// Whether the key is to be renewed.
bool Leadership::is_holding() const noexcept {
    switch (stage_) {
        case Stage::opening:
        case Stage::confirming:
        case Stage::serving:
        case Stage::waiting: return true;
        case Stage::closing: return then_ != Then::nothing;
        default: return false;
    }
}

// ---- The key ----

void Leadership::write(Step& step, const LeaderRecord& record, std::uint64_t expected) {
    pending_ = Pending{.ticket = ++step.tickets,
        .sent_at = step.now,
        .expected = expected,
        .confirms = stage_ == Stage::confirming,
        .releases = record.leader.empty()};
    next_write_at_ = step.now + config_.timing.renew_interval;
    step.actions.emplace_back(WriteKey{.ticket = pending_->ticket,
        .key = leader_key(partition_),
        .value = to_json(record),
        .expected = expected});
}

void Leadership::renew(Step& step) {
    const bool serves = stage_ == Stage::serving || stage_ == Stage::confirming;
    LeaderRecord record{.leader = config_.id, .is_serving = serves};
    if (serves) record.guests = guests_;
    write(step, record, revision_);
}

void Leadership::claim(Step& step, std::uint64_t expected) {
    stage_ = Stage::claiming;
    orphan_ = 0;
    write(step, {.leader = config_.id}, expected);
}

void Leadership::written(Step& step, const Written& event) {
    const Pending write = *std::exchange(pending_, std::nullopt);
    switch (event.outcome) {
        case WriteOutcome::stored: return stored(step, write, event.revision);
        case WriteOutcome::refused: return refused(step, write);
        case WriteOutcome::unknown: return unknown(step);
    }
}

void Leadership::stored(Step& step, const Pending& write, std::uint64_t revision) {
    own_last_ = std::max(own_last_, revision);
    // Newer than this is only what others wrote, and that was seen already.
    if (revision < revision_) return;
    revision_ = revision;
    entry_until_ = write.sent_at + config_.timing.ttl;
    if (stage_ == Stage::claiming) return open(step);
    if (is_holding()) return renewed(step, write);
    if (stage_ == Stage::releasing) {
        if (!write.releases) return release(step);  // that was a renewal still under way
        offer(step);
    }
}

void Leadership::renewed(Step& step, const Pending& write) {
    if (stage_ == Stage::confirming && write.confirms) serve(step);
    if (stage_ != Stage::serving) return;
    if (!is_interrupted_) return grant(step);
    // With each renewal anew: a store that did not commit the one before says nothing.
    if (proof_ == 0) proof_ = ++step.tickets;
    step.actions.emplace_back(
        ProvePartition{.partition = partition_, .turn = turn_, .proof = proof_});
}

void Leadership::refused(Step& step, const Pending& write) {
    if (stage_ == Stage::claiming) {
        return rest(std::max(blocked_until_, step.now + config_.timing.retry_interval));
    }
    const bool is_outdated = write.expected != revision_;  // an earlier one of ours was stored
    if (stage_ == Stage::releasing) {
        if (is_outdated && revision_ != 0) return release(step);
        return rest(blocked_until_);
    }
    if (!is_holding()) return;
    next_write_at_ = step.now;
    if (is_outdated) return;
    if (write.expected == 0) next_write_at_ = step.now + config_.timing.retry_interval;
    revoke(step);
    revision_ = 0;
    is_interrupted_ = true;
    proof_ = 0;
    entry_until_ = SteadyTime::min();
}

void Leadership::unknown(Step& step) {
    if (stage_ == Stage::claiming && revision_ != 0) {
        stage_ = Stage::waiting;
        reopen_at_ = step.now + config_.timing.retry_interval;
    } else if (stage_ == Stage::claiming) {
        return rest(std::max(blocked_until_, step.now + config_.timing.retry_interval));
    }
    next_write_at_ = step.now + config_.timing.retry_interval;
}

void Leadership::seen(Step& step, const LeaderSeen& event) {
    const auto revision = event.revision;
    if (revision <= own_last_) return;
    if (event.record && event.record->leader == config_.id) {
        const bool is_claim = stage_ == Stage::idle || stage_ == Stage::claiming;
        if (is_claim) orphan_ = revision;  // unless its answer comes
        if (!is_claim || revision_ != 0) revision_ = revision;
        return;
    }
    orphan_ = 0;
    const bool is_taken = event.record && !event.record->leader.empty();
    if (is_taken) offered_until_ = SteadyTime::min();
    switch (stage_) {
        case Stage::idle:
        case Stage::claiming: return;  // the answer decides
        case Stage::closing: then_ = Then::nothing; return;
        case Stage::waiting: return rest(blocked_until_);
        case Stage::releasing: return is_taken ? rest(blocked_until_) : offer(step);
        default: return close(step, Then::nothing);
    }
}

void Leadership::disconnected(Step& step) {
    if (std::exchange(pending_, std::nullopt)) unknown(step);
}

void Leadership::tick(Step& step) {
    look_for_hangs(step);
    const bool is_late = pending_ && step.now - pending_->sent_at >= config_.timing.write_patience;
    if (is_late) {
        pending_.reset();
        unknown(step);
    }
    if (stage_ == Stage::releasing) {
        if (step.now >= entry_until_) return rest(blocked_until_);  // it ends by itself
        if (step.is_connected && !pending_ && step.now >= next_write_at_) release(step);
        return;
    }
    if (!step.is_connected || pending_ || !is_holding()) return;
    if (stage_ == Stage::waiting && step.now >= reopen_at_) return claim(step, revision_);
    if (step.now >= next_write_at_) renew(step);
}

// ---- The engine ----

void Leadership::open(Step& step) {
    stage_ = Stage::opening;
    ordered_at_ = step.now;
    turn_ = ++step.tickets;
    orphan_ = 0;
    is_interrupted_ = false;
    proof_ = 0;
    step.actions.emplace_back(OpenPartition{.partition = partition_, .turn = turn_});
}

void Leadership::opened(Step& step, std::vector<std::uint64_t> guests) {
    if (stage_ != Stage::opening) return;
    guests_ = std::move(guests);
    stage_ = Stage::confirming;
    next_write_at_ = step.now;
    tick(step);
}

void Leadership::serve(Step& step) {
    stage_ = Stage::serving;
    serving_since_ = step.now;
    step.actions.emplace_back(ServePartition{.partition = partition_, .turn = turn_});
}

void Leadership::grant(Step& step) {
    answers_until_ = entry_until_ - config_.timing.lease_margin;
    step.actions.emplace_back(
        AnswerUntil{.partition = partition_, .turn = turn_, .until = answers_until_});
}

void Leadership::revoke(Step& step) {
    if (std::exchange(answers_until_, SteadyTime::min()) == SteadyTime::min()) return;
    step.actions.emplace_back(
        AnswerUntil{.partition = partition_, .turn = turn_, .until = answers_until_});
}

void Leadership::proved(Step& step, Ticket proof) {
    if (stage_ != Stage::serving || proof_ == 0 || proof != proof_) return;
    is_interrupted_ = false;
    proof_ = 0;
    grant(step);
}

void Leadership::close(Step& step, Then then) {
    if (then != Then::release) revoke(step);
    const bool was_steady = stage_ == Stage::serving && step.now - serving_since_ >= steady_time;
    if (was_steady) failures_ = 0;
    stage_ = Stage::closing;
    ordered_at_ = step.now;
    then_ = then;
    step.actions.emplace_back(ClosePartition{.partition = partition_,
        .turn = turn_,
        .next = then == Then::release ? next_ : DaemonId()});
}

void Leadership::broken(Step& step) {
    if (stage_ == Stage::confirming || stage_ == Stage::serving) close(step, Then::retry);
}

void Leadership::open_failed(Step& step) {
    if (stage_ == Stage::opening) failed(step);
}

void Leadership::look_for_hangs(Step& step) {
    const auto taken = step.now - ordered_at_;
    if (stage_ == Stage::opening && taken >= config_.timing.open_patience) {
        next_ = step.successor(partition_);
        close(step, Then::release);
        go_on_without(step);
    } else if (stage_ == Stage::closing && taken >= config_.timing.close_patience) {
        if (then_ == Then::retry) next_ = step.successor(partition_);
        go_on_without(step);
    }
}

/// Whatever the engine still writes, the log passes over once somebody else has taken it over. No
/// second one is opened beside it.
void Leadership::go_on_without(Step& step) {
    hangs_ = true;
    revoke(step);
    if (then_ == Then::nothing) return rest(blocked_until_);
    stage_ = Stage::releasing;
    release(step);
}

void Leadership::closed(Step& step) {
    if (std::exchange(hangs_, false)) {
        blocked_until_ = std::max(blocked_until_, step.now + config_.timing.reopen_min);
        return;
    }
    if (stage_ != Stage::closing) return;
    answers_until_ = SteadyTime::min();
    switch (then_) {
        case Then::nothing: return rest(blocked_until_);
        case Then::retry: return failed(step);
        case Then::release: stage_ = Stage::releasing; return release(step);
    }
}

/// Something is wrong, with us, the log or the key: the key is kept for a few tries.
void Leadership::failed(Step& step) {
    const auto& timing = config_.timing;
    const auto wait = doubled(timing.reopen_min, failures_++, timing.reopen_max);
    if (failures_ <= timing.failures_max) {
        stage_ = Stage::waiting;
        reopen_at_ = step.now + wait;
        return;
    }
    blocked_until_ = step.now + wait;
    next_ = step.successor(partition_);
    stage_ = Stage::releasing;
    release(step);
}

void Leadership::leave(Step& step, const DaemonId& next) {
    next_ = next;
    switch (stage_) {
        case Stage::opening:
        case Stage::confirming:
        case Stage::serving: return close(step, Then::release);
        case Stage::closing:
            if (then_ == Then::retry) then_ = Then::release;
            return;
        case Stage::idle:
            if (orphan_ == 0) return;
            revision_ = std::exchange(orphan_, 0);
            entry_until_ = step.now + config_.timing.ttl;
            [[fallthrough]];
        case Stage::waiting: stage_ = Stage::releasing; return release(step);
        case Stage::claiming:
        case Stage::releasing: return;
    }
}

/// Says that nobody leads any more, so that the next one need not wait for the key to expire.
void Leadership::release(Step& step) {
    if (revision_ == 0) return rest(blocked_until_);
    if (pending_ || !step.is_connected) return;  // its answer, or the next tick, goes on
    write(step, {.leader = {}, .next = next_}, revision_);
    next_write_at_ = step.now + config_.timing.retry_interval;
}

/// What was given up is not taken back before others had the time to take it.
void Leadership::offer(Step& step) {
    rest(blocked_until_);
    offered_until_ = step.now + 2 * config_.timing.stagger;
}

void Leadership::rest(SteadyTime blocked_until) {
    stage_ = Stage::idle;
    pending_.reset();
    revision_ = 0;
    blocked_until_ = blocked_until;
    answers_until_ = SteadyTime::min();
}

}  // namespace baton::queue::cluster
