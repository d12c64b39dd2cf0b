// RemoteQueues: posting messages, looking at them, fetching their replies.
#include <algorithm>
#include <utility>

#include "queue/call_checks.h"
#include "queue/remote/remote_ports.h"

namespace baton::queue::remote {

Task<Result<Posted>> RemoteQueues::post(
    QueueName queue, std::vector<NewMessage> messages, PostOptions options) {
    BATON_CO_TRY_VOID(check_messages(messages));
    const bool has_keys = std::ranges::all_of(
        messages, [](const NewMessage& one) { return !one.data.dedup_key.empty(); });
    RemoteCaller::MayRepeat may_repeat;
    if (has_keys) may_repeat = [this, &queue] { return dedup_outlives_retries(queue); };
    Post command{queue, std::move(messages), options.durability};
    co_return co_await caller_.call(queue, std::move(command), Duration(0), std::move(may_repeat));
}

/// Whether the dedup keys of a post are still known when its last repetition has come.
Task<bool> RemoteQueues::dedup_outlives_retries(const QueueName& queue) {
    GetQueue command{queue};
    const auto info = co_await caller_.call(queue, std::move(command));
    co_return info && info->config.dedup_window >= 2 * caller_.config().call_timeout;
}

Task<Result<std::optional<Reply>>> RemoteQueues::get_reply(MessageId message) {
    return wait_reply(message, Deadline::after(Duration(0)));
}

Task<Result<std::optional<Reply>>> RemoteQueues::wait_reply(MessageId message, Deadline deadline) {
    const auto is_empty = [](const std::optional<Reply>& reply) { return !reply; };
    return caller_.wait_for(
        QueueUid{message.queue_uid}, WaitReply{.message = message}, deadline, is_empty);
}

Task<Result<void>> RemoteQueues::cancel(MessageId message) {
    return caller_.call(QueueUid{message.queue_uid}, Cancel{message});
}

Task<Result<void>> RemoteQueues::reschedule(MessageId message, TimePoint due) {
    return caller_.call(QueueUid{message.queue_uid}, Reschedule{message, due});
}

Task<Result<MessagePage>> RemoteQueues::peek(PeekRequest request) {
    Peek command{std::move(request.queue), request.state, request.after_seq, request.limit};
    const Route route = command.queue;
    return caller_.call(route, std::move(command));
}

Task<Result<MessageView>> RemoteQueues::get(MessageId message) {
    return caller_.call(QueueUid{message.queue_uid}, Get{message});
}

Task<Result<Explanation>> RemoteQueues::explain(MessageId message) {
    return caller_.call(QueueUid{message.queue_uid}, Explain{message});
}

}  // namespace baton::queue::remote
