// How many messages a user may send: by the user's record, by its tier, by what holds for all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/keeping.h"
#include "model/conversation.h"

namespace baton::service {

/// Of users whose record has this tier, whatever the case of its letters.
struct TierLimits {
    std::string name{};  ///< 1..MessageLimits::tier_max bytes
    /// 0: any number; absent: what holds for all.
    std::optional<std::uint32_t> messages_per_minute{};
    std::optional<std::uint32_t> messages_per_day{};
    bool operator==(const TierLimits&) const = default;
};

/// As configured.
struct UserLimits {
    static constexpr std::size_t tiers_max = 256;  ///< they are looked through for each message

    conversations::QuotaDefaults general{};
    std::vector<TierLimits> tiers{};  ///< no name twice
};

/// Who gave a limit.
enum class LimitSource : std::uint8_t { user, tier, general };
[[nodiscard]] std::string_view to_string(LimitSource source) noexcept;

struct LimitInForce {
    std::uint32_t limit = 0;  ///< 0: any number
    LimitSource from = LimitSource::general;
    bool operator==(const LimitInForce&) const = default;
};

struct LimitsInForce {
    LimitInForce per_minute{};
    LimitInForce per_day{};
    bool operator==(const LimitsInForce&) const = default;
};

/// Each of the two by itself: the record's own, else its tier's, else the general one. Pure.
[[nodiscard]] LimitsInForce limits_in_force(const UserLimits& limits, const User& user);

}  // namespace baton::service
