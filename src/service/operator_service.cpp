#include "service/operator_service.h"

#include <utility>

#include "service/checks.h"

namespace baton::service {
namespace {

using access::Identity;

Result<void> allow_admin(const Identity& who) { return access::require(who, access::Role::admin); }

}  // namespace

Task<Result<void>> OperatorService::pause_key(const Identity& who, KeyPath path, bool paused) {
    if (auto good = allow_change(who, path.queue); !good) {
        return failed<void>(std::move(good).error());
    }
    return queues_.pause_key(std::move(path.queue), path.kind, std::move(path.key), paused);
}

Task<Result<std::uint64_t>> OperatorService::redrive(const Identity& who, RedriveRequest request) {
    if (auto good = allow_change(who, request.queue); !good) {
        return failed<std::uint64_t>(std::move(good).error());
    }
    return queues_.redrive(std::move(request));
}

Task<Result<Explanation>> OperatorService::explain(const Identity& who, MessageId message) {
    if (auto good = allow(who); !good) return failed<Explanation>(std::move(good).error());
    return queues_.explain(message);
}

Task<Result<void>> OperatorService::reschedule(
    const Identity& who, MessageId message, TimePoint due) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(co_await system_.may_change(who, message));
    co_return co_await queues_.reschedule(message, due);
}

Task<Result<StorageQuota>> OperatorService::quota(const Identity& who, TenantId owner) {
    if (auto good = allow_admin(who); !good) {
        return failed<StorageQuota>(std::move(good).error());
    }
    return queues_.quota(std::move(owner));
}

Task<Result<StorageQuota>> OperatorService::set_quota(
    const Identity& who, TenantId owner, std::uint64_t bytes) {
    BATON_CO_TRY_VOID(allow_admin(who));
    BATON_CO_TRY_VOID(co_await queues_.set_quota(owner, bytes));
    co_return co_await queues_.quota(std::move(owner));
}

}  // namespace baton::service
