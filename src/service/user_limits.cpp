#include "service/user_limits.h"

#include <algorithm>

#include "base/text.h"

namespace baton::service {
namespace {

using Given = std::optional<std::uint32_t>;

LimitInForce first_of(Given own, Given of_tier, std::uint32_t general) {
    if (own) return {*own, LimitSource::user};
    if (of_tier) return {*of_tier, LimitSource::tier};
    return {general, LimitSource::general};
}

}  // namespace

std::string_view to_string(LimitSource source) noexcept {
    switch (source) {
        case LimitSource::user: return "user";
        case LimitSource::tier: return "tier";
        case LimitSource::general: break;
    }
    return "general";
}

LimitsInForce limits_in_force(const UserLimits& limits, const User& user) {
    const auto tier = std::ranges::find_if(limits.tiers,
        [&](const TierLimits& each) { return same_ignoring_case(each.name, user.tier); });
    const bool found = tier != limits.tiers.end();
    return {.per_minute = first_of(user.messages_per_minute,
                found ? tier->messages_per_minute : Given(), limits.general.messages_per_minute),
        .per_day = first_of(user.messages_per_day, found ? tier->messages_per_day : Given(),
            limits.general.messages_per_day)};
}

}  // namespace baton::service
