#include "llm/purses.h"

#include <algorithm>
#include <string>
#include <utility>

namespace baton::llm {

void Purses::add(PurseScope scope, std::string_view name, Purse& purse) {
    purse.claim_first();
    purses_.push_back({.owner = {.scope = scope, .name = std::string(name)}, .purse = &purse});
}

void Purses::restore(TimePoint day, const std::vector<PurseSum>& sums) {
    for (const auto& sum : sums) {
        const auto found = std::ranges::find(purses_, sum.owner, &Kept::owner);
        if (found != purses_.end()) found->purse->restore(day, sum.spent, sum.claimed);
    }
}

template <class Look>
Purses::Plan Purses::look_at_all(Look look) {
    planned_.clear();
    Plan plan{.is_quiet = true};
    std::size_t looked = 0;
    for (; looked < purses_.size() && plan.claims.size() < PoolRecords::claims_max; ++looked) {
        const auto& [owner, purse] = purses_[(first_ + looked) % purses_.size()];
        if (auto claim = look(*purse)) {
            planned_.push_back({.purse = purse, .day = claim->day});
            plan.claims.push_back({.owner = owner, .claim = *claim});
        }
        plan.is_quiet = plan.is_quiet && purse->is_quiet();
    }
    plan.is_quiet = plan.is_quiet && looked == purses_.size();
    first_ += looked;
    return plan;
}

Purses::Plan Purses::plan(const Now& now) {
    return look_at_all([&now](Purse& purse) { return purse.plan(now); });
}

Purses::Plan Purses::leave(const Now& now) {
    return look_at_all([&now](Purse& purse) { return purse.leave(now); });
}

void Purses::granted(const std::vector<PurseGrant>& grants, SteadyTime now) {
    for (std::size_t i = 0; i < planned_.size(); ++i) {
        planned_[i].purse->granted(planned_[i].day, grants[i], now);
    }
    planned_.clear();
}

void Purses::failed() {
    for (const auto& planned : planned_) planned.purse->failed();
    planned_.clear();
}

}  // namespace baton::llm
