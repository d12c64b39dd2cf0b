// Who sends: counted against a limit of messages, and known by a tier that rules look at. One place
// for every door that work for users comes in by.
#pragma once

#include <string>
#include <utility>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "conversations/keeping.h"
#include "runtime/task.h"
#include "service/user_limits.h"

namespace baton::service {

/// Safe to use from any thread.
class UserAdmission final {
public:
    /// Both must outlive it. Without `users` nobody has a record, and nothing is counted.
    UserAdmission(conversations::Users* users, const Clock& clock, UserLimits limits)
        : users_(users), clock_(clock), limits_(std::move(limits)) {}

    /// Counts a message of the user; the tier of the record, empty: none. Fails: rate_limited with
    /// retry_after, and what the store fails with.
    [[nodiscard]] Task<Result<std::string>> admit(UserId id) const;

private:
    conversations::Users* users_;
    const Clock& clock_;
    const UserLimits limits_;
};

}  // namespace baton::service
