#include "cluster_ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace baton::test {

void ClusterLedger::violated(const std::string& what, const MessageId& id) {
    world_.violated(what + " (" + facts_[id].body + ", " + id.text() + ")");
}

void ClusterLedger::posting(const std::string& body, const std::string& key) { keys_[body] = key; }

/// A body has one place for ever.
void ClusterLedger::place(const std::string& body, const MessageId& id) {
    if (!keys_.contains(body)) return world_.violated("a message that nobody posted: " + body);
    const auto [known, is_new] = places_.emplace(body, id);
    if (!is_new && known->second != id) {
        return world_.violated(
            "posted twice: " + body + " is " + known->second.text() + " and " + id.text());
    }
    Fact& fact = facts_[id];
    if (!fact.body.empty() && fact.body != body) return violated("an id of two messages", id);
    fact.body = body;
    fact.key = keys_.at(body);
    if (!fact.key.empty()) lines_[fact.key].insert(id);
}

void ClusterLedger::posted(const std::string& body, const MessageId& id) {
    world_.note(body + " is posted");
    place(body, id);
    Fact& fact = facts_[id];
    news(id);
    if (!std::exchange(fact.is_posted, true)) ++accepted_;
}

void ClusterLedger::delivered(
    const LeasedMessage& leased, Duration lease, const std::string& body) {
    const auto& id = leased.message.id;
    const auto attempt = leased.receipt.attempt;
    world_.note(body + " is delivered, attempt " + std::to_string(attempt));
    place(body, id);
    Fact& fact = facts_[id];
    const auto end = leased.message.lease_expires_at.value_or(TimePoint{});
    if (!fact.leases.emplace(attempt, Lease{end - lease, end}).second) {
        violated("two leases with one receipt", id);
    }
    check_leases(id);
    if (fact.acked_attempt && attempt > *fact.acked_attempt) violated("acked, and back", id);
    if (fact.key.empty()) return;
    for (const auto& earlier : lines_[fact.key]) {
        if (!(earlier < id)) break;
        if (!facts_[earlier].is_ack_asked) violated("overtook " + facts_[earlier].body, id);
    }
}

void ClusterLedger::acked(const Receipt& receipt) {
    Fact& fact = facts_[receipt.message];
    world_.note(fact.body + " is acked, attempt " + std::to_string(receipt.attempt));
    const bool was_again =
        !fact.leases.empty() && std::prev(fact.leases.end())->first > receipt.attempt;
    if (was_again) violated("acked, and back, or by a stale receipt", receipt.message);
    fact.acked_attempt = receipt.attempt;
    news(receipt.message);
}

void ClusterLedger::extended(const Receipt& receipt, TimePoint until) {
    // Earlier than before, if its leader's successor has a clock that is behind: the last word
    // holds.
    facts_[receipt.message].leases[receipt.attempt].end = until;
    world_.note(facts_[receipt.message].body + " is extended");
    check_leases(receipt.message);
}

void ClusterLedger::giving_back(const Receipt& receipt) {
    facts_[receipt.message].leases[receipt.attempt].may_end_early = true;
}

void ClusterLedger::check_leases(const MessageId& id) {
    const Lease* earlier = nullptr;
    for (const auto& [attempt, lease] : facts_[id].leases) {
        const bool is_live =
            earlier != nullptr && !earlier->may_end_early && earlier->end > lease.begin;
        if (is_live) violated("two live leases", id);
        earlier = &lease;
    }
}

void ClusterLedger::news(const MessageId& id) {
    news_.push_back(id);
    if (news_.size() > 8) news_.pop_front();
}

ClusterLedger::Look ClusterLedger::look(Chance& chance) const {
    if (facts_.empty() || news_.empty()) return {};
    auto at = facts_.find(news_[chance.below(news_.size())]);
    if (chance.one_in(4)) {
        at = facts_.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(chance.below(facts_.size())));
    }
    const auto& [id, fact] = *at;
    return {.id = id, .was_posted = fact.is_posted, .was_acked = fact.acked_attempt.has_value()};
}

void ClusterLedger::looked(const Look& look, bool is_there) {
    const Fact& fact = facts_[look.id];
    if (look.was_acked && is_there) violated("a reader sees it although it was acked", look.id);
    if (look.was_posted && !fact.is_ack_asked && !is_there) {
        violated("a reader does not see it although it was posted", look.id);
    }
}

std::size_t ClusterLedger::unfinished() const {
    std::size_t count = 0;
    for (const auto& [id, fact] : facts_) {
        count += fact.is_posted && !fact.is_ack_asked ? 1 : 0;
    }
    return count;
}

void ClusterLedger::finish() {
    for (const auto& [id, fact] : facts_) {
        if (fact.is_posted && !fact.is_ack_asked) violated("lost", id);
    }
}

}  // namespace baton::test
