// RemoteQueues: output streams and logs.
#include <utility>

#include "queue/call_checks.h"
#include "queue/remote/remote_ports.h"

namespace baton::queue::remote {

Task<Result<std::uint64_t>> RemoteQueues::append_output(
    Receipt receipt, std::vector<Bytes> events) {
    BATON_CO_TRY_VOID(check_events(events.size()));
    const Route route = QueueUid{receipt.message.queue_uid};
    AppendOutput command{receipt, std::move(events)};
    co_return co_await caller_.call(route, std::move(command));
}

Task<Result<OutputPage>> RemoteQueues::read_output(OutputRequest request) {
    const auto is_empty = [](const OutputPage& page) { return page.events.empty() && !page.ended; };
    return caller_.wait_for(QueueUid{request.message.queue_uid},
        ReadOutput{.message = request.message, .from = request.from, .max = request.max},
        request.wait, is_empty);
}

Task<Result<std::uint64_t>> RemoteQueues::subscribe(
    QueueName queue, SubscriptionName name, LogStart start) {
    return caller_.call(queue, Subscribe{queue, std::move(name), start});
}

Task<Result<void>> RemoteQueues::unsubscribe(QueueName queue, SubscriptionName name) {
    return caller_.call(queue, Unsubscribe{queue, std::move(name)});
}

Task<Result<std::vector<Subscription>>> RemoteQueues::subscriptions(QueueName queue) {
    return caller_.call(queue, ListSubscriptions{queue});
}

Task<Result<std::vector<MessageView>>> RemoteQueues::fetch(FetchRequest request) {
    const auto is_empty = [](const std::vector<MessageView>& views) { return views.empty(); };
    Fetch command{.queue = request.queue,
        .name = std::move(request.subscription),
        .after = request.after,
        .max = request.max};
    return caller_.wait_for(std::move(request.queue), std::move(command), request.wait, is_empty);
}

Task<Result<void>> RemoteQueues::commit(QueueName queue, SubscriptionName name, std::uint64_t seq) {
    return caller_.call(queue, Commit{queue, std::move(name), seq});
}

Task<Result<std::uint64_t>> RemoteQueues::seek(
    QueueName queue, SubscriptionName name, LogStart start) {
    return caller_.call(queue, Seek{queue, std::move(name), start});
}

Task<Result<std::uint64_t>> RemoteQueues::truncate_before(QueueName queue, std::uint64_t seq) {
    return caller_.call(queue, TruncateBefore{queue, seq});
}

}  // namespace baton::queue::remote
