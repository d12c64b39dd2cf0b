#include "service/system_queues.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dispatch/work_item.h"

namespace baton::service {
namespace {

Error refused(std::string field) {
    return {.code = Errc::permission_denied,
        .detail =
            "`llm` is the service's own queue: only an administrator's key may change it, or "
            "what is in it",
        .field = std::move(field)};
}

}  // namespace

Result<void> SystemQueues::may_change(const access::Identity& who, const QueueName& queue) {
    if (who.role == access::Role::admin || queue.view() != dispatch::llm_queue) return {};
    return fail(refused("queue"));
}

Task<Result<void>> SystemQueues::may_change(const access::Identity& who, MessageId message) {
    std::vector<std::uint64_t> uids(1, message.queue_uid);
    BATON_CO_TRY(auto found, co_await refusal(who, std::move(uids)));
    if (found) co_return fail(std::move(found->error));
    co_return Result<void>();
}

Task<Result<std::optional<SystemQueues::Refusal>>> SystemQueues::refusal(
    const access::Identity& who, std::vector<std::uint64_t> uids) {
    std::optional<Refusal> none;
    if (who.role == access::Role::admin || are_others(uids)) co_return none;
    QueueName name{std::string(dispatch::llm_queue)};
    const auto own = co_await queues_.get_queue(std::move(name));
    const bool is_absent = !own && own.error().code == Errc::queue_not_found;
    // While nobody can say, it is the one it was.
    const std::uint64_t uid = own ? own->uid : own_.load();
    if (!own && !is_absent && uid == 0) co_return fail(own.error());
    if (own) own_ = uid;
    if (uid != 0 && std::ranges::find(uids, uid) != uids.end()) {
        co_return Refusal{.uid = uid, .error = refused("message_id")};
    }
    if (own) remember(uids);
    co_return none;
}

bool SystemQueues::are_others(const std::vector<std::uint64_t>& uids) const {
    const std::scoped_lock lock(mutex_);
    return std::ranges::all_of(uids, [&](std::uint64_t uid) { return others_.contains(uid); });
}

void SystemQueues::remember(const std::vector<std::uint64_t>& uids) {
    const std::scoped_lock lock(mutex_);
    if (others_.size() + uids.size() > remembered_max) others_.clear();
    others_.insert(uids.begin(), uids.end());
}

}  // namespace baton::service
