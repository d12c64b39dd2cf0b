// Records of users: tier, limits, and which of them hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "access/access.h"
#include "base/clock.h"
#include "base/result.h"
#include "conversations/keeping.h"
#include "runtime/task.h"
#include "service/user_limits.h"

namespace baton::service {

struct NewUser {
    UserId id{};
    std::string tier{};  ///< at most MessageLimits::tier_max bytes
    std::optional<std::uint32_t> messages_per_minute{};
    std::optional<std::uint32_t> messages_per_day{};
    std::string metadata{};  ///< a JSON object as text; empty: none
};

/// Members read, administrators write. Safe to use from any thread; `who` and the service must
/// outlive the task.
class UserService final {
public:
    /// `users` and `clock` must outlive the service.
    UserService(conversations::Users& users, const Clock& clock, UserLimits limits)
        : users_(users), clock_(clock), limits_(std::move(limits)) {}

    /// Adds or replaces. Fails: invalid_argument with the field, permission_denied.
    [[nodiscard]] Task<Result<User>> put(const access::Identity& who, NewUser user);
    /// Fails: not_found.
    [[nodiscard]] Task<Result<User>> get(const access::Identity& who, UserId id);
    /// `limit`: 1..100. Fails: invalid_argument.
    [[nodiscard]] Task<Result<conversations::UserPage>> list(
        const access::Identity& who, UserId after, std::uint32_t limit);
    /// Messages and conversations stay. Fails: not_found, permission_denied.
    [[nodiscard]] Task<Result<void>> remove(const access::Identity& who, UserId id);

    /// What the user of a record may send.
    [[nodiscard]] LimitsInForce limits_of(const User& user) const {
        return limits_in_force(limits_, user);
    }

private:
    conversations::Users& users_;
    const Clock& clock_;
    const UserLimits limits_;
};

}  // namespace baton::service
