#include "queue/cluster/cluster_view.h"

#include <algorithm>

namespace baton::queue::cluster {
namespace {

/// A partition that is not served for so long waits for a person, not for the next daemon.
constexpr Duration hope_time{30'000};

}  // namespace

ClusterView::ClusterView(const ClusterNodeConfig& config)
    : config_(config), entries_(config.partitions) {}

void ClusterView::connected() { is_complete_ = false; }

void ClusterView::completed(SteadyTime now) {
    is_complete_ = true;
    in_touch_since_ = now;
}

void ClusterView::stored(SteadyTime sent_at, SteadyTime now) {
    if (!is_in_touch(now)) in_touch_since_ = std::max(in_touch_since_, now);
    last_stored_ = std::max(last_stored_.value_or(sent_at), sent_at);
}

bool ClusterView::is_in_touch(SteadyTime now) const {
    return is_complete_ && last_stored_ && now - *last_stored_ < 2 * config_.timing.renew_interval;
}

void ClusterView::seen(const DaemonSeen& event, SteadyTime now) {
    if (event.id == config_.id) return;
    std::erase_if(daemons_, [&](const auto& known) {
        return is_in_touch(now) && now >= end_of(known.second.seen_at) + config_.timing.ttl;
    });
    if (daemons_.size() >= daemons_max && !daemons_.contains(event.id)) {
        ++passed_over_;
        return;
    }
    Daemon& daemon = daemons_[event.id];
    if (event.revision <= daemon.revision) return;
    daemon = {.record = event.record, .revision = event.revision, .seen_at = now};
}

bool ClusterView::seen(const LeaderSeen& event, SteadyTime now) {
    if (event.partition >= entries_.size()) return false;
    Entry& entry = entries_[event.partition];
    if (event.revision <= entry.revision) return false;
    const bool is_first = entry.revision == 0;
    const bool is_served = event.record && event.record->is_serving;
    if (is_first || is_served) entry.served_at = now;
    if (is_served) entry.guests = event.record->guests;
    entry.record = event.record;
    entry.revision = event.revision;
    entry.seen_at = now;
    return true;
}

/// An entry was written before it was seen, so it ends no later than counted from there.
SteadyTime ClusterView::end_of(SteadyTime seen_at) const {
    return std::max(seen_at + config_.timing.ttl, in_touch_since_ + config_.timing.grace);
}

bool ClusterView::has_expired(const Entry& entry, SteadyTime now) const {
    return is_in_touch(now) && now >= end_of(entry.seen_at);
}

bool ClusterView::is_live(const Daemon& daemon, SteadyTime now) const {
    return daemon.record && !(is_in_touch(now) && now >= end_of(daemon.seen_at));
}

bool ClusterView::has_one_died(const std::vector<Candidate>& known, SteadyTime now) const {
    return std::ranges::any_of(known, [&](const Candidate& one) {
        const auto found = daemons_.find(one.id);
        if (found == daemons_.end() || is_live(found->second, now)) return false;
        const auto& record = found->second.record;
        return record && !record->is_draining;
    });
}

bool ClusterView::is_one_troubled(SteadyTime now) const {
    return std::ranges::any_of(members(now),
        [](const auto& member) { return member.record.may_lead && member.record.is_troubled; });
}

std::optional<SteadyTime> ClusterView::vacant_since(Partition partition, SteadyTime now) const {
    if (!is_in_touch(now)) return std::nullopt;
    const Entry& entry = entries_[partition];
    if (!entry.record) {
        const auto since = std::max(entry.seen_at, in_touch_since_ + config_.timing.grace);
        return now < since ? std::nullopt : std::optional(since);
    }
    if (entry.record->leader.empty()) return entry.seen_at;
    return has_expired(entry, now) ? std::optional(end_of(entry.seen_at)) : std::nullopt;
}

bool ClusterView::is_silent(Partition partition, SteadyTime now) const {
    const Entry& entry = entries_[partition];
    const bool is_led =
        entry.record && !entry.record->leader.empty() && entry.record->leader != config_.id;
    if (!is_led || !is_in_touch(now)) return false;
    const auto& timing = config_.timing;
    const auto since = std::max(entry.seen_at, in_touch_since_);
    // One of ours was stored when its next one was overdue: the bucket is there.
    const bool is_overdue = *last_stored_ >= since + timing.renew_interval + timing.retry_interval;
    return is_overdue && now - since >= 2 * timing.renew_interval;
}

std::vector<ClusterNode::Member> ClusterView::members(SteadyTime now) const {
    std::vector<ClusterNode::Member> members;
    for (const auto& [id, daemon] : daemons_) {
        if (is_live(daemon, now)) members.push_back({id, *daemon.record});
    }
    return members;
}

std::vector<Candidate> ClusterView::others(SteadyTime now) const {
    std::vector<Candidate> candidates;
    for (const auto& [id, record] : members(now)) {
        const bool may_lead =
            record.may_lead && !record.is_draining && record.partitions == config_.partitions;
        if (may_lead) candidates.push_back({id, record.name});
    }
    return candidates;
}

std::vector<Candidate> ClusterView::lively_others(SteadyTime now) const {
    auto candidates = others(now);
    std::erase_if(candidates, [&](const Candidate& candidate) {
        return now - daemons_.at(candidate.id).seen_at >= 2 * config_.timing.renew_interval;
    });
    return candidates;
}

bool ClusterView::is_moving(Partition partition, SteadyTime now) const {
    const Entry& entry = entries_[partition];
    return entry.record && !entry.record->is_serving &&
           now - entry.seen_at < 2 * config_.timing.stagger;
}

Leaders ClusterView::leaders(SteadyTime now) const {
    Leaders leaders(entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const Entry& entry = entries_[i];
        if (!entry.record || has_expired(entry, now) || is_hopeless(entry, now)) continue;
        const auto& record = *entry.record;
        if (!record.leader.empty()) {
            leaders[i] = record.leader;
        } else if (!record.next.empty()) {
            leaders[i] = record.next;
        }
    }
    return leaders;
}

bool ClusterView::is_hopeless(const Entry& entry, SteadyTime now) {
    return entry.record && !entry.record->is_serving && now - entry.served_at >= hope_time;
}

bool ClusterView::is_settled(SteadyTime now) const {
    return std::ranges::all_of(entries_, [&](const Entry& entry) {
        const bool is_served = entry.record && entry.record->is_serving && !has_expired(entry, now);
        return is_served || is_hopeless(entry, now);
    });
}

}  // namespace baton::queue::cluster
