#include "service/key_service.h"

#include <utility>

namespace baton::service {

Task<Result<access::CreatedKey>> KeyService::create(
    const access::Identity& who, access::NewKey key) {
    BATON_CO_TRY_VOID(access::require(who, access::Role::admin));
    co_return co_await access_.create_key(std::move(key));
}

Task<Result<std::vector<access::KeyInfo>>> KeyService::list(const access::Identity& who) {
    BATON_CO_TRY_VOID(access::require(who, access::Role::admin));
    co_return co_await access_.list_keys();
}

Task<Result<void>> KeyService::revoke(const access::Identity& who, KeyId id) {
    BATON_CO_TRY_VOID(access::require(who, access::Role::admin));
    co_return co_await access_.revoke_key(std::move(id));
}

}  // namespace baton::service
