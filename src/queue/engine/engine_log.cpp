// EngineQueues: queues in log mode.
#include <utility>

#include "queue/call_checks.h"
#include "queue/engine/engine_ports.h"
#include "queue/engine/stream_commands.h"

namespace baton::queue {

Task<Result<std::uint64_t>> EngineQueues::subscribe(
    QueueName queue, SubscriptionName name, LogStart start) {
    if (auto good = parse_subscription_name(name.text); !good) {
        return desk_.fails<std::uint64_t>("subscription", good.error().detail);
    }
    return desk_.run(
        [=](Engine& engine, TimePoint) { return engine.subscribe(queue, name, start); });
}

Task<Result<void>> EngineQueues::unsubscribe(QueueName queue, SubscriptionName name) {
    return desk_.run([=](Engine& engine, TimePoint) { return engine.unsubscribe(queue, name); });
}

Task<Result<std::vector<Subscription>>> EngineQueues::subscriptions(QueueName queue) {
    return desk_.run([=](Engine& engine, TimePoint) { return engine.subscriptions(queue); });
}

Task<Result<std::vector<MessageView>>> EngineQueues::fetch(FetchRequest request) {
    if (request.max == 0 || request.max > CallLimits::fetch_max) {
        co_return fail_field(Errc::invalid_argument, "max", "a fetch takes 1 to 1,000 messages");
    }
    auto views = co_await desk_.run_waiting<FetchCommand>(std::move(request));
    if (!views) co_return std::unexpected(views.error());
    std::vector<MessageView*> all;
    for (auto& view : *views) all.push_back(&view);
    auto filled = co_await desk_.fill(std::move(all));
    if (!filled) co_return std::unexpected(filled.error());
    std::erase_if(*views, [](const MessageView& view) { return !view.data; });
    co_return std::move(*views);
}

Task<Result<void>> EngineQueues::commit(QueueName queue, SubscriptionName name, std::uint64_t seq) {
    return desk_.run([=](Engine& engine, TimePoint) { return engine.commit(queue, name, seq); });
}

Task<Result<std::uint64_t>> EngineQueues::seek(
    QueueName queue, SubscriptionName name, LogStart start) {
    return desk_.run([=](Engine& engine, TimePoint) { return engine.seek(queue, name, start); });
}

Task<Result<std::uint64_t>> EngineQueues::truncate_before(QueueName queue, std::uint64_t seq) {
    return desk_.run(
        [=](Engine& engine, TimePoint now) { return engine.truncate_before(queue, seq, now); });
}

}  // namespace baton::queue
