#include "service/user_service.h"

#include <utility>

#include "service/checks.h"
#include "service/dialog_checks.h"

namespace baton::service {

using access::Identity;

Task<Result<User>> UserService::put(const Identity& who, NewUser user) {
    BATON_CO_TRY_VOID(access::require(who, access::Role::admin));
    User record;
    BATON_CO_TRY(record.id, checked_user(std::move(user.id)));
    BATON_CO_TRY_VOID(check_tier(user.tier));
    BATON_CO_TRY_VOID(check_metadata(user.metadata));
    record.tier = std::move(user.tier);
    record.messages_per_minute = user.messages_per_minute;
    record.messages_per_day = user.messages_per_day;
    record.metadata = std::move(user.metadata);
    record.created_at = record.updated_at = clock_.now();
    co_return co_await users_.put_user(std::move(record));
}

Task<Result<User>> UserService::get(const Identity& who, UserId id) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY(auto user, co_await users_.find_user(std::move(id)));
    if (!user) co_return fail(Errc::not_found, "no user has this record");
    co_return *std::move(user);
}

Task<Result<conversations::UserPage>> UserService::list(
    const Identity& who, UserId after, std::uint32_t limit) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(in_range<std::uint32_t>("page_size", limit, 1, MessageLimits::page_size_max));
    co_return co_await users_.list_users(std::move(after), limit);
}

Task<Result<void>> UserService::remove(const Identity& who, UserId id) {
    BATON_CO_TRY_VOID(access::require(who, access::Role::admin));
    BATON_CO_TRY(const bool deleted, co_await users_.delete_user(std::move(id)));
    if (!deleted) co_return fail(Errc::not_found, "no user has this record");
    co_return Result<void>();
}

}  // namespace baton::service
