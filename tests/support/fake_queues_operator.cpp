// FakeQueues: what operators do and see.
#include <utility>

#include "base/answer_budget.h"
#include "support/fake_queues.h"

namespace baton::test {

Task<Result<void>> FakeQueues::pause_key(
    QueueName name, KeyKind kind, std::string key, bool paused) {
    BATON_CO_TRY_VOID(co_await enter("pause_key"));
    BATON_CO_TRY(Queue * queue, find_queue(name));
    if (paused) {
        queue->paused_keys.emplace(kind, std::move(key));
    } else {
        queue->paused_keys.erase({kind, std::move(key)});
    }
    changed_.notify_all();
    co_return Result<void>();
}

Task<Result<std::uint64_t>> FakeQueues::redrive(RedriveRequest request) {
    BATON_CO_TRY_VOID(co_await enter("redrive"));
    BATON_CO_TRY(Queue * queue, find_queue(request.queue));
    std::uint64_t count = 0;
    for (auto& [seq, entry] : queue->entries) {
        MessageView& view = entry.view;
        if (view.state != MessageState::dead || (request.limit != 0 && count == request.limit)) {
            continue;
        }
        if (!view.dead_reason.contains(request.reason_contains)) continue;
        view.state = MessageState::ready;
        view.failures = 0;
        view.dead_reason.clear();
        view.due_at = clock_.now();
        ++count;
    }
    changed_.notify_all();
    co_return count;
}

Task<Result<void>> FakeQueues::set_quota(TenantId owner, std::uint64_t bytes) {
    BATON_CO_TRY_VOID(co_await enter("set_quota"));
    quotas_[std::move(owner)] = bytes;
    co_return Result<void>();
}

Task<Result<StorageQuota>> FakeQueues::quota(TenantId owner) {
    BATON_CO_TRY_VOID(co_await enter("quota"));
    StorageQuota quota{.limit = quotas_[owner]};
    for (const auto& [name, queue] : queues_) {
        if (queue.info.owner != owner) continue;
        for (const auto& [seq, entry] : queue.entries) {
            quota.used += entry.view.data->content.size();
        }
    }
    co_return quota;
}

Task<Result<void>> FakeQueues::reschedule(MessageId message, TimePoint due) {
    BATON_CO_TRY_VOID(co_await enter("reschedule"));
    BATON_CO_TRY(Entry * entry, find_entry(message));
    if (entry->view.state != MessageState::ready) {
        co_return fail(Errc::conflict, "the message does not wait");
    }
    entry->view.due_at = due;
    changed_.notify_all();
    co_return Result<void>();
}

Task<Result<Explanation>> FakeQueues::explain(MessageId message) {
    BATON_CO_TRY_VOID(co_await enter("explain"));
    BATON_CO_TRY(const Entry* entry, find_entry(message));
    Explanation explanation{.view = entry->view};
    BATON_CO_TRY(const Queue* queue, find_queue(entry->view.queue));
    for (const auto& [seq, other] : queue->entries) {
        if (seq < message.seq && other.view.state == MessageState::ready) ++explanation.ahead;
    }
    if (entry->view.state == MessageState::dead) {
        explanation.hindrances.push_back({"dead", entry->view.dead_reason});
    } else if (entry->view.due_at > clock_.now()) {
        explanation.hindrances.push_back({"not_due", ""});
    }
    co_return explanation;
}

Task<Result<queue::MessagePage>> FakeQueues::peek(queue::PeekRequest request) {
    BATON_CO_TRY_VOID(co_await enter("peek"));
    BATON_CO_TRY(const Queue* queue, find_queue(request.queue));
    queue::MessagePage page;
    AnswerBudget budget;
    for (auto at = queue->entries.upper_bound(request.after_seq); at != queue->entries.end();
        ++at) {
        const MessageView& view = at->second.view;
        if (view.state == MessageState::done) continue;
        if (request.state && *request.state != view.state) continue;
        page.more =
            page.messages.size() == request.limit || !budget.take(view.data->content.size());
        if (page.more) break;
        page.messages.push_back(view);
    }
    co_return page;
}

Task<Result<MessageView>> FakeQueues::get(MessageId message) {
    BATON_CO_TRY_VOID(co_await enter("get"));
    BATON_CO_TRY(const Entry* entry, find_entry(message));
    MessageView view = entry->view;
    if (view.state == MessageState::done && !entry->reply) {
        co_return fail(Errc::message_not_found, "message " + message.text() + " is finished");
    }
    if (view.state == MessageState::done) view.data = nullptr;
    co_return view;
}

}  // namespace baton::test
