#include "service/queue_uids.h"

namespace baton::service {

bool QueueUids::knows(const QueueName& name, std::uint64_t uid) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_name_.find(name.text);
    return found != by_name_.end() && found->second == uid;
}

Task<Result<std::uint64_t>> QueueUids::look_up(QueueName name) {
    BATON_CO_TRY(const auto info, co_await queues_.get_queue(name));
    const std::lock_guard lock(mutex_);
    if (by_name_.size() >= remembered_max) by_name_.clear();
    by_name_[name.text] = info.uid;
    co_return info.uid;
}

}  // namespace baton::service
