#include "service/user_admission.h"

#include <utility>

namespace baton::service {

Task<Result<std::string>> UserAdmission::admit(UserId id) const {
    if (users_ == nullptr) co_return std::string();
    BATON_CO_TRY(auto user, co_await users_->find_user(id));
    conversations::QuotaDefaults limits = limits_.general;
    if (user) {
        const auto in_force = limits_in_force(limits_, *user);
        limits = {.messages_per_minute = in_force.per_minute.limit,
            .messages_per_day = in_force.per_day.limit};
    }
    if (limits != conversations::QuotaDefaults{}) {
        BATON_CO_TRY_VOID(co_await users_->count_message(std::move(id), limits, clock_.now()));
    }
    co_return user ? std::move(user->tier) : std::string();
}

}  // namespace baton::service
