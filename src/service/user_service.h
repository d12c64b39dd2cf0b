// Records of users: tier, limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "access/access.h"
#include "base/clock.h"
#include "base/result.h"
#include "conversations/keeping.h"
#include "runtime/task.h"

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
    /// Both must outlive the service.
    UserService(conversations::Users& users, const Clock& clock) : users_(users), clock_(clock) {}

    /// Adds or replaces. Fails: invalid_argument with the field, permission_denied.
    [[nodiscard]] Task<Result<User>> put(const access::Identity& who, NewUser user);
    /// Fails: not_found.
    [[nodiscard]] Task<Result<User>> get(const access::Identity& who, UserId id);
    /// `limit`: 1..100. Fails: invalid_argument.
    [[nodiscard]] Task<Result<conversations::UserPage>> list(
        const access::Identity& who, UserId after, std::uint32_t limit);
    /// Messages and conversations stay. Fails: not_found, permission_denied.
    [[nodiscard]] Task<Result<void>> remove(const access::Identity& who, UserId id);

private:
    conversations::Users& users_;
    const Clock& clock_;
};

}  // namespace baton::service
