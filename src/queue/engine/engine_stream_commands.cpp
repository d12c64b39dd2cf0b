// Engine: output streams and logs, queue by queue.
#include <utility>

#include "queue/engine/engine.h"
#include "queue/engine/queue_log.h"
#include "queue/engine/queue_outputs.h"

namespace baton::queue {

Result<std::uint64_t> Engine::append_output(
    const Receipt& receipt, std::vector<Bytes>&& events, TimePoint now) {
    BATON_TRY(QueueState * queue, find(receipt.message, Errc::lease_lost));
    return QueueOutputs(*queue).append(receipt, std::move(events), now);
}

Result<OutputSlice> Engine::read_output(const OutputRequest& request, TimePoint now) {
    BATON_TRY(QueueState * queue, find(request.message));
    return QueueOutputs(*queue).read(request.message.seq, request.from, request.max, now);
}

Result<QueueState*> Engine::find_log(const QueueName& name, std::string_view call) {
    BATON_TRY(QueueState * queue, find(name));
    BATON_TRY_VOID(QueueLog(*queue).require_mode(QueueMode::log, call, "pop and ack"));
    return queue;
}

Result<std::uint64_t> Engine::subscribe(
    const QueueName& name, const SubscriptionName& subscription, const LogStart& start) {
    BATON_TRY(QueueState * queue, find_log(name, "subscribe"));
    return QueueLog(*queue).subscribe(subscription.text, start);
}

Result<void> Engine::unsubscribe(const QueueName& name, const SubscriptionName& subscription) {
    BATON_TRY(QueueState * queue, find_log(name, "unsubscribe"));
    return QueueLog(*queue).unsubscribe(subscription.text);
}

Result<std::vector<Subscription>> Engine::subscriptions(const QueueName& name) {
    BATON_TRY(QueueState * queue, find_log(name, "subscriptions"));
    return QueueLog(*queue).subscriptions();
}

Result<std::vector<MessageView>> Engine::fetch(const FetchRequest& request, TimePoint now) {
    BATON_TRY(QueueState * queue, find_log(request.queue, "fetch"));
    return QueueLog(*queue).fetch(request.subscription.text, request.after, request.max, now);
}

Result<void> Engine::commit(
    const QueueName& name, const SubscriptionName& subscription, std::uint64_t seq) {
    BATON_TRY(QueueState * queue, find_log(name, "commit"));
    return QueueLog(*queue).commit(subscription.text, seq);
}

Result<std::uint64_t> Engine::seek(
    const QueueName& name, const SubscriptionName& subscription, const LogStart& start) {
    BATON_TRY(QueueState * queue, find_log(name, "seek"));
    return QueueLog(*queue).seek(subscription.text, start);
}

Result<std::uint64_t> Engine::truncate_before(
    const QueueName& name, std::uint64_t seq, TimePoint now) {
    BATON_TRY(QueueState * queue, find_log(name, "truncate_before"));
    return QueueLog(*queue).truncate_before(seq, now);
}

void Engine::cursor(QueueNumber queue, std::string subscription, std::uint64_t committed) {
    if (QueueState* found = find(queue)) {
        QueueLog(*found).recover_cursor(std::move(subscription), committed);
    }
}

void Engine::output(RecoveredOutput output) {
    if (QueueState* queue = find(output.at.queue)) QueueOutputs(*queue).recover(output);
}

}  // namespace baton::queue
