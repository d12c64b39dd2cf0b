#include "service/log_service.h"

#include <utility>

#include "service/checks.h"

namespace baton::service {

using access::Identity;

Task<Result<std::uint64_t>> LogService::subscribe(
    const Identity& who, SubscriptionPath path, LogStart start) {
    if (auto good = allow(who); !good) return failed<std::uint64_t>(std::move(good).error());
    return queues_.subscribe(std::move(path.queue), std::move(path.name), start);
}

Task<Result<std::uint64_t>> LogService::seek(
    const Identity& who, SubscriptionPath path, LogStart start) {
    if (auto good = allow(who); !good) return failed<std::uint64_t>(std::move(good).error());
    return queues_.seek(std::move(path.queue), std::move(path.name), start);
}

Task<Result<void>> LogService::unsubscribe(const Identity& who, SubscriptionPath path) {
    if (auto good = allow(who); !good) return failed<void>(std::move(good).error());
    return queues_.unsubscribe(std::move(path.queue), std::move(path.name));
}

Task<Result<std::vector<Subscription>>> LogService::subscriptions(
    const Identity& who, QueueName queue) {
    if (auto good = allow(who); !good) {
        return failed<std::vector<Subscription>>(std::move(good).error());
    }
    return queues_.subscriptions(std::move(queue));
}

Task<Result<std::vector<MessageView>>> LogService::fetch(
    const Identity& who, SubscriptionPath path, FetchOptions options) {
    auto good = allow(who);
    if (good) good = in_range<std::uint32_t>("max", options.max, 1, LogLimits::fetch_max);
    if (good) good = in_range("wait_ms", options.wait, Duration(0), LogLimits::wait_max);
    if (!good) return failed<std::vector<MessageView>>(std::move(good).error());
    queue::FetchRequest request;
    request.queue = std::move(path.queue);
    request.subscription = std::move(path.name);
    request.after = options.after;
    request.max = options.max;
    request.wait = Deadline::after(options.wait);
    return queues_.fetch(std::move(request));
}

Task<Result<void>> LogService::commit(
    const Identity& who, SubscriptionPath path, std::uint64_t seq) {
    if (auto good = allow(who); !good) return failed<void>(std::move(good).error());
    return queues_.commit(std::move(path.queue), std::move(path.name), seq);
}

Task<Result<std::uint64_t>> LogService::truncate_before(
    const Identity& who, QueueName queue, std::uint64_t seq) {
    if (auto good = allow(who); !good) return failed<std::uint64_t>(std::move(good).error());
    return queues_.truncate_before(std::move(queue), seq);
}

}  // namespace baton::service
