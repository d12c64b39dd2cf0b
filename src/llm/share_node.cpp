#include "llm/share_node.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace baton::llm {
namespace {

/// What is taken leaves a window this much later at the latest.
constexpr Duration window{61'000};
/// Between the reading of a window and what is concluded from it here.
constexpr Duration leaving_margin{2'000};
/// Tellings whose fate is not known: of older ones nothing is hoped for.
constexpr std::size_t sent_max = 64;

std::uint64_t less(std::uint64_t from, std::uint64_t amount) noexcept {
    return from - std::min(from, amount);
}

bool lacks(const ShareLine& line) noexcept {
    return line.use.want > less(line.claim, line.use.in_use);
}

}  // namespace

/// Who is heard no more may have used all that it claimed until its hold ended. What was in use
/// when it told so leaves the minute as it said; what leaves early may have made room for more.
std::uint64_t ShareNode::claim_of(
    const Other& other, const ShareLine& line, SteadyTime known_at, SteadyTime now) const {
    if (known_at < other.heard_at + timing_.ttl) return std::max(line.claim, line.use.in_use);
    if (line.kind == LimitKind::concurrency) return 0;
    const auto& leaving = line.use.leaving;
    const auto stays = std::accumulate(leaving.begin() + 1, leaving.end(), std::uint64_t{0});
    std::uint64_t claim = 0;
    if (now < other.heard_at + timing_.ttl + window) {
        claim = less(std::max(line.claim, line.use.in_use), stays);
    }
    for (std::size_t i = 1; i < leaving.size(); ++i) {
        const auto left = LimitUse::step * static_cast<std::int64_t>(i + 1) + leaving_margin;
        if (now < other.heard_at + left) claim += leaving[i];
    }
    return claim;
}

std::uint64_t ShareNode::elsewhere(
    const std::string& key, SteadyTime known_at, SteadyTime now) const {
    std::uint64_t claims = 0;
    for (const auto& [id, other] : others_) {
        const auto line = other.entry.lines.find(key);
        if (line != other.entry.lines.end()) {
            claims += claim_of(other, line->second, known_at, now);
        }
    }
    return claims;
}

ShareNode::Field ShareNode::field_of(const NamedUse& named, SteadyTime now) const {
    const auto& use = named.use;
    const ShareParty own{
        .in_use = use.in_use, .want = use.want, .unit = use.unit, .waited = use.waited};
    Field field;
    bool has_own = false;
    for (const auto& [id, other] : others_) {
        if (!has_own && id > id_) {
            has_own = true;
            field.own = field.parties.size();
            field.parties.push_back(own);
        }
        const auto found = other.entry.lines.find(named.key);
        if (found == other.entry.lines.end()) continue;
        const auto& line = found->second;
        const auto claim = claim_of(other, line, now, now);
        if (now >= other.heard_at + timing_.ttl) {
            field.gone += claim;
            continue;
        }
        field.claimed += claim;
        field.in_use += line.use.in_use;
        field.is_asked |= lacks(line);
        field.is_wanted |= line.use.want > 0;
        const auto since = std::chrono::duration_cast<Duration>(now - other.heard_at);
        field.parties.push_back({.in_use = line.use.in_use,
            .want = line.use.want,
            .unit = line.use.unit,
            .waited = line.use.unit == 0 ? Duration(0) : line.use.waited + since});
    }
    if (has_own) return field;
    field.own = field.parties.size();
    field.parties.push_back(own);
    return field;
}

ShareNode::Part ShareNode::part_of(const NamedUse& named, SteadyTime now) const {
    const auto& use = named.use;
    auto field = field_of(named, now);
    const auto total = less(use.limit, field.gone);
    const auto target = split_limit(total, field.parties)[field.own];
    field.parties[field.own].want = use.limit;
    const auto entitled = split_limit(total, field.parties)[field.own];

    // What others have not given up is not claimed: the log would not give it anyway.
    const auto room = less(total, field.claimed);
    // While others want more, asking gets it a part; else there is what they do not use.
    const auto could =
        field.is_wanted ? std::max<std::uint64_t>(entitled, 1) : less(total, field.in_use);
    Part part;
    part.bound = {.key = named.key, .may = std::min(target, std::max(room, use.may))};
    part.bound.could = std::max(could, part.bound.may);
    const auto last = last_lines_.find(named.key);
    const auto told = last == last_lines_.end() ? ShareLine() : last->second;
    const bool runs_short = use.unit > 0 || less(use.may, use.in_use) < use.want - use.want / 2;
    const bool raises = part.bound.may > use.may && runs_short;
    const bool gives = field.is_asked && std::max(part.bound.may, use.in_use) < told.claim;
    const bool asks = use.unit > 0 && target > use.may && told.use.unit == 0;
    part.is_urgent = raises || gives || asks;
    part.is_quiet = use.want == 0 && part.bound.may <= use.in_use &&
                    (named.kind != LimitKind::concurrency || use.in_use == 0);
    return part;
}

ShareNode::Plan ShareNode::plan(const std::vector<NamedUse>& uses, SteadyTime now) {
    forget_gone(now);
    parts_.clear();
    bool is_urgent = false;
    bool is_quiet = true;
    for (const auto& named : uses) {
        if (parts_.size() == ShareEntry::lines_max) break;
        auto part = part_of(named, now);
        is_urgent |= part.is_urgent;
        is_quiet &= part.is_quiet;
        parts_[named.key] = std::move(part);
    }
    const bool is_due = !last_told_ || now >= *last_told_ + timing_.renew_interval;
    const bool has_news = is_urgent || (is_due && (!is_quiet || !was_quiet_));
    Plan plan{.is_to_be_told = has_news && now >= next_telling()};
    if (plan.is_to_be_told) was_quiet_ = is_quiet;
    for (const auto& named : uses) {
        const auto part = parts_.find(named.key);
        auto bound = part == parts_.end() ? ShareBound{.key = named.key} : part->second.bound;
        if (!plan.is_to_be_told) bound.may = named.use.may;
        plan.bounds.push_back(std::move(bound));
    }
    return plan;
}

ShareEntry ShareNode::tell(const std::vector<NamedUse>& uses, SteadyTime now) {
    Sent sent{.number = ++number_, .at = now};
    ShareEntry entry{.number = sent.number};
    for (const auto& named : uses) {
        const auto part = parts_.find(named.key);
        if (part == parts_.end()) continue;
        const auto may = part->second.bound.may;
        sent.bounds[named.key] = {.may = may, .limit = named.use.limit};
        ShareLine line{
            .kind = named.kind, .claim = std::max(may, named.use.in_use), .use = named.use};
        line.use.limit = 0;
        line.use.may = 0;
        if (line.claim > 0 || line.use.want > 0) entry.lines[named.key] = line;
    }
    sent_.push_back(std::move(sent));
    if (sent_.size() > sent_max) sent_.pop_front();
    last_told_ = now;
    last_lines_ = entry.lines;
    return entry;
}

std::optional<ShareNode::Allowed> ShareNode::told(std::uint64_t number, SteadyTime now) {
    while (!sent_.empty() && sent_.front().number < number) sent_.pop_front();
    if (sent_.empty() || sent_.front().number != number) return std::nullopt;
    const auto& in_force = sent_.front();
    Allowed allowed{.until = in_force.at + timing_.hold};
    if (passed_over_ && now < *passed_over_ + timing_.ttl + window) return allowed;
    for (const auto& [key, bound] : in_force.bounds) {
        auto may = std::min(bound.may, less(bound.limit, elsewhere(key, in_force.at, now)));
        for (const auto& later : sent_) {
            const auto found = later.bounds.find(key);
            may = std::min(may, found == later.bounds.end() ? 0 : found->second.may);
        }
        allowed.bounds.push_back({.key = key, .may = may});
    }
    return allowed;
}

void ShareNode::heard(const std::string& daemon, ShareEntry entry, SteadyTime now) {
    if (others_.size() >= daemons_max && !others_.contains(daemon)) {
        passed_over_ = now;
        return;
    }
    others_[daemon] = {.entry = std::move(entry), .heard_at = now};
}

std::vector<ShareBound> ShareNode::leave(const std::vector<NamedUse>& uses) {
    parts_.clear();
    std::vector<ShareBound> bounds;
    for (const auto& named : uses) {
        if (parts_.size() == ShareEntry::lines_max) break;
        bounds.push_back({.key = named.key});
        parts_[named.key].bound = bounds.back();
    }
    return bounds;
}

SteadyTime ShareNode::next_telling() const {
    return last_told_ ? *last_told_ + timing_.tell_interval : SteadyTime::min();
}

void ShareNode::forget_gone(SteadyTime now) {
    std::erase_if(others_, [&](const auto& each) {
        return now >= each.second.heard_at + timing_.ttl + window + leaving_margin;
    });
}

}  // namespace baton::llm
