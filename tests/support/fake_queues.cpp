#include "support/fake_queues.h"

#include <algorithm>
#include <utility>

#include <boost/asio/this_coro.hpp>

namespace baton::test {

using queue::Blame;
using queue::NackOutcome;

Task<Result<void>> FakeQueues::enter(std::string_view call) {
    ++calls[std::string(call)];
    const auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
    if (fault) {
        if (auto error = fault(call)) co_return fail(*std::move(error));
    }
    end_due_leases();
    co_return Result<void>();
}

Result<FakeQueues::Queue*> FakeQueues::find_queue(const QueueName& name) {
    const auto found = queues_.find(name.text);
    if (found == queues_.end()) return fail(Errc::queue_not_found, "no queue `" + name.text + "`");
    return &found->second;
}

Result<FakeQueues::Entry*> FakeQueues::find_entry(MessageId id) {
    for (auto& [name, queue] : queues_) {
        const auto found = queue.entries.find(id.seq);
        if (queue.uid == id.queue_uid && found != queue.entries.end()) return &found->second;
    }
    return fail(Errc::message_not_found, "no message " + id.text());
}

Result<FakeQueues::Entry*> FakeQueues::find_leased(const Receipt& receipt) {
    const auto entry = find_entry(receipt.message);
    if (!entry || (*entry)->view.state != MessageState::leased ||
        (*entry)->view.attempts != receipt.attempt) {
        return fail(Errc::lease_lost, "the lease of " + receipt.text() + " has ended");
    }
    return entry;
}

QueueConfig FakeQueues::config_of(const Entry& entry) const {
    return queues_.at(entry.view.queue.text).info.config;
}

bool FakeQueues::held_back(const Queue& queue, const MessageView& view) {
    if (queue.paused_keys.contains({KeyKind::ordering, view.data->ordering_key}) ||
        queue.paused_keys.contains({KeyKind::fairness, view.data->fairness_key})) {
        return true;
    }
    if (view.data->ordering_key.empty()) return false;
    return std::ranges::any_of(queue.entries, [&](const auto& other) {
        const MessageView& earlier = other.second.view;
        const bool unfinished = earlier.state == MessageState::scheduled ||
                                earlier.state == MessageState::ready ||
                                earlier.state == MessageState::leased;
        return other.first < view.id.seq && unfinished &&
               earlier.data->ordering_key == view.data->ordering_key;
    });
}

void FakeQueues::count_failure(Entry& entry, const std::string& reason, Duration delay) {
    MessageView& view = entry.view;
    ++view.failures;
    view.history.push_back({.at = clock_.now(), .attempt = view.attempts, .reason = reason});
    view.lease_expires_at.reset();
    const auto max_failures = config_of(entry).max_failures;
    const bool dead = max_failures > 0 && view.failures >= max_failures;
    view.state = dead ? MessageState::dead : MessageState::ready;
    if (dead) view.dead_reason = reason;
    view.due_at = clock_.now() + delay;
    changed_.notify_all();
}

void FakeQueues::end_due_leases() {
    for (auto& [name, queue] : queues_) {
        for (auto& [seq, entry] : queue.entries) {
            const bool leased = entry.view.state == MessageState::leased;
            if (leased && *entry.view.lease_expires_at <= clock_.now()) {
                count_failure(entry, "lease expired", Duration(0));
            }
        }
    }
}

Deadline FakeQueues::next_change(Deadline limit) const {
    for (const auto& [name, queue] : queues_) {
        for (const auto& [seq, entry] : queue.entries) {
            const auto& view = entry.view;
            std::optional<TimePoint> due;
            if (view.state == MessageState::ready) due = view.due_at;
            if (view.state == MessageState::leased) due = view.lease_expires_at;
            if (due && *due > clock_.now()) limit = limit.min(Deadline::after(*due - clock_.now()));
        }
    }
    return limit;
}

void FakeQueues::expire_lease(MessageId id) {
    const auto entry = find_entry(id);
    if (entry && (*entry)->view.state == MessageState::leased) {
        count_failure(**entry, "lease expired", Duration(0));
    }
}

void FakeQueues::forget(MessageId id) {
    for (auto& [name, queue] : queues_) {
        if (queue.uid == id.queue_uid) queue.entries.erase(id.seq);
    }
}

std::optional<MessageView> FakeQueues::view(MessageId id) const {
    for (const auto& [name, queue] : queues_) {
        const auto found = queue.entries.find(id.seq);
        if (queue.uid == id.queue_uid && found != queue.entries.end()) return found->second.view;
    }
    return std::nullopt;
}

Task<Result<bool>> FakeQueues::put_queue(
    QueueName name, QueueConfig config, std::optional<TenantId> owner) {
    BATON_CO_TRY_VOID(co_await enter("put_queue"));
    auto [place, made] = queues_.try_emplace(name.text);
    if (made) {
        place->second.uid = next_uid_++;
        place->second.info = {
            .name = name, .uid = place->second.uid, .config = {}, .created_at = clock_.now()};
    }
    place->second.info.config = std::move(config);
    if (owner) place->second.info.owner = *std::move(owner);
    co_return made;
}

Task<Result<QueueInfo>> FakeQueues::get_queue(QueueName name) {
    BATON_CO_TRY_VOID(co_await enter("get_queue"));
    BATON_CO_TRY(const Queue* queue, find_queue(name));
    co_return queue->info;
}

Task<Result<std::vector<QueueInfo>>> FakeQueues::list_queues() {
    BATON_CO_TRY_VOID(co_await enter("list_queues"));
    std::vector<QueueInfo> infos;
    for (const auto& [name, queue] : queues_) infos.push_back(queue.info);
    co_return infos;
}

Task<Result<void>> FakeQueues::delete_queue(QueueName name) {
    BATON_CO_TRY_VOID(co_await enter("delete_queue"));
    BATON_CO_TRY_VOID(find_queue(name));
    queues_.erase(name.text);
    changed_.notify_all();
    co_return Result<void>();
}

Task<Result<std::uint64_t>> FakeQueues::purge(QueueName name) {
    BATON_CO_TRY_VOID(co_await enter("purge"));
    BATON_CO_TRY(Queue * queue, find_queue(name));
    co_return std::erase_if(queue->entries, [](const auto& entry) {
        const auto state = entry.second.view.state;
        return state == MessageState::scheduled || state == MessageState::ready;
    });
}

Task<Result<void>> FakeQueues::set_paused(QueueName name, bool paused) {
    BATON_CO_TRY_VOID(co_await enter("set_paused"));
    BATON_CO_TRY(Queue * queue, find_queue(name));
    queue->info.paused = paused;
    changed_.notify_all();
    co_return Result<void>();
}

Task<Result<QueueStats>> FakeQueues::stats(QueueName name) {
    BATON_CO_TRY_VOID(co_await enter("stats"));
    BATON_CO_TRY(const Queue* queue, find_queue(name));
    QueueStats stats = queue->totals;
    stats.name = name;
    stats.created_at = queue->info.created_at;
    stats.max_size = queue->info.config.max_size;
    stats.paused = queue->info.paused;
    for (const auto& [seq, entry] : queue->entries) {
        const auto state = entry.view.state;
        auto& level = stats.levels[static_cast<std::size_t>(entry.view.level)];
        if (state == MessageState::dead) ++stats.dead;
        if (state == MessageState::leased) ++stats.leased, ++level.leased;
        if (state != MessageState::ready) continue;
        if (entry.view.due_at > clock_.now()) {
            ++stats.scheduled;
        } else {
            ++stats.ready, ++level.ready;
        }
    }
    stats.message_count = stats.ready + stats.scheduled + stats.leased;
    co_return stats;
}

MessageId FakeQueues::add(Queue& queue, NewMessage message) {
    const std::uint64_t seq = queue.entries.empty() ? 1 : queue.entries.rbegin()->first + 1;
    const MessageId id{.queue_uid = queue.uid, .seq = seq};
    MessageView& view = queue.entries[seq].view;
    view.id = id;
    view.queue = queue.info.name;
    view.level = message.data.priority;
    view.posted_at = clock_.now();
    view.due_at = message.deliver_at.value_or(clock_.now() + message.delay);
    view.data = std::make_shared<const MessageData>(std::move(message.data));
    ++queue.totals.posted_total;
    return id;
}

Task<Result<queue::Posted>> FakeQueues::post(
    QueueName queue, std::vector<NewMessage> messages, queue::PostOptions options) {
    BATON_CO_TRY_VOID(co_await enter("post"));
    for (const auto& message : messages) {
        BATON_CO_TRY_VOID(check_message(message));
    }
    BATON_CO_TRY(Queue * target, find_queue(queue));
    queue::Posted answer;
    answer.durability = options.durability.value_or(target->info.config.durability);
    auto& posted = answer.messages;
    for (auto& message : messages) {
        const std::string key = message.data.dedup_key;
        const auto known = target->dedup.find(key);
        if (!key.empty() && known != target->dedup.end()) {
            posted.push_back({.id = known->second, .duplicate = true});
            continue;
        }
        posted.push_back({.id = add(*target, std::move(message))});
        if (!key.empty()) target->dedup.emplace(key, posted.back().id);
    }
    changed_.notify_all();
    co_return answer;
}

Task<Result<std::optional<Reply>>> FakeQueues::get_reply(MessageId message) {
    BATON_CO_TRY_VOID(co_await enter("get_reply"));
    BATON_CO_TRY(const Entry* entry, find_entry(message));
    co_return entry->reply;
}

Task<Result<std::optional<Reply>>> FakeQueues::wait_reply(MessageId message, Deadline deadline) {
    BATON_CO_TRY_VOID(co_await enter("wait_reply"));
    while (true) {
        BATON_CO_TRY(const Entry* entry, find_entry(message));
        if (entry->reply || deadline.expired()) co_return entry->reply;
        const auto woken = co_await changed_.wait(deadline);
        static_cast<void>(woken);
    }
}

Task<Result<void>> FakeQueues::cancel(MessageId message) {
    BATON_CO_TRY_VOID(co_await enter("cancel"));
    BATON_CO_TRY(const Entry* entry, find_entry(message));
    const bool was_leased = entry->view.state == MessageState::leased;
    forget(message);
    changed_.notify_all();
    if (was_leased) watches_.tell(std::span(&message, 1));
    co_return Result<void>();
}

std::vector<LeasedMessage> FakeQueues::take(Queue& queue, const queue::PopRequest& request) {
    std::vector<LeasedMessage> taken;
    if (queue.info.paused) return taken;
    for (std::size_t level = 0; level < level_count; ++level) {
        for (auto& [seq, entry] : queue.entries) {
            MessageView& view = entry.view;
            const bool wanted = static_cast<std::size_t>(view.level) == level &&
                                (!request.level || *request.level == view.level);
            if (taken.size() >= request.max) return taken;
            if (!wanted || view.state != MessageState::ready || view.due_at > clock_.now())
                continue;
            if (held_back(queue, view)) continue;
            view.state = MessageState::leased;
            view.lease_expires_at = clock_.now() + request.lease;
            ++view.attempts;
            taken.push_back(
                {.message = view, .receipt = {.message = view.id, .attempt = view.attempts}});
        }
    }
    return taken;
}

Task<Result<std::vector<LeasedMessage>>> FakeQueues::pop(queue::PopRequest request) {
    BATON_CO_TRY_VOID(co_await enter("pop"));
    while (true) {
        BATON_CO_TRY(Queue * queue, find_queue(request.queue));
        end_due_leases();
        auto taken = take(*queue, request);
        if (!taken.empty() || request.wait.expired()) co_return taken;
        const Deadline next = next_change(request.wait);
        const auto woken = co_await changed_.wait(next);
        static_cast<void>(woken);
    }
}

Task<Result<queue::AckedAndPopped>> FakeQueues::ack_and_pop(
    std::vector<Receipt> receipts, queue::PopRequest request) {
    queue::AckedAndPopped answer;
    if (!receipts.empty()) {
        BATON_CO_TRY_VOID(find_queue(request.queue));
        BATON_CO_TRY(answer.acks, co_await ack(std::move(receipts)));
    }
    BATON_CO_TRY(answer.messages, co_await pop(std::move(request)));
    co_return answer;
}

Result<void> FakeQueues::ack_one(const Receipt& receipt) {
    BATON_TRY(Entry * entry, find_leased(receipt));
    entry->view.state = MessageState::done;
    entry->view.lease_expires_at.reset();
    ++queues_.at(entry->view.queue.text).totals.acked_total;
    return {};
}

Task<Result<queue::PerReceipt<void>>> FakeQueues::ack(std::vector<Receipt> receipts) {
    BATON_CO_TRY_VOID(co_await enter("ack"));
    queue::PerReceipt<void> results;
    for (const auto& receipt : receipts) results.push_back(ack_one(receipt));
    changed_.notify_all();
    co_return results;
}

Result<NackOutcome> FakeQueues::nack_one(const queue::NackRequest& request) {
    BATON_TRY(Entry * entry, find_leased(request.receipt));
    nacks.push_back(request);
    MessageView& view = entry->view;
    if (request.blame == Blame::none) {
        view.state = MessageState::ready;
        view.lease_expires_at.reset();
        view.due_at = clock_.now() + request.delay;
        return NackOutcome::returned;
    }
    count_failure(*entry, request.reason, request.delay);
    if (request.blame == Blame::fatal) {
        view.state = MessageState::dead;
        view.dead_reason = request.reason;
    }
    return view.state == MessageState::dead ? NackOutcome::dead : NackOutcome::returned;
}

Task<Result<queue::PerReceipt<NackOutcome>>> FakeQueues::nack(
    std::vector<queue::NackRequest> requests) {
    BATON_CO_TRY_VOID(co_await enter("nack"));
    queue::PerReceipt<NackOutcome> results;
    for (const auto& request : requests) results.push_back(nack_one(request));
    changed_.notify_all();
    co_return results;
}

Task<Result<queue::PerReceipt<TimePoint>>> FakeQueues::extend(
    std::vector<Receipt> receipts, Duration lease) {
    BATON_CO_TRY_VOID(co_await enter("extend"));
    queue::PerReceipt<TimePoint> results;
    for (const auto& receipt : receipts) {
        const auto entry = find_leased(receipt);
        if (entry) (*entry)->view.lease_expires_at = clock_.now() + lease;
        results.push_back(entry ? Result<TimePoint>(clock_.now() + lease)
                                : Result<TimePoint>(std::unexpected(entry.error())));
    }
    co_return results;
}

Task<Result<queue::PerReceipt<void>>> FakeQueues::charge(std::vector<queue::Charge> all) {
    BATON_CO_TRY_VOID(co_await enter("charge"));
    queue::PerReceipt<void> results;
    for (const auto& one : all) {
        const auto entry = find_leased(one.receipt);
        if (entry) charges.push_back(one);
        results.push_back(entry ? Result<void>() : Result<void>(std::unexpected(entry.error())));
    }
    co_return results;
}

Task<Result<void>> FakeQueues::reply(MessageId message, Bytes result, std::string metadata) {
    BATON_CO_TRY_VOID(co_await enter("reply"));
    BATON_CO_TRY(Entry * entry, find_entry(message));
    entry->reply = Reply{.message = message,
        .result = std::move(result),
        .metadata = std::move(metadata),
        .at = clock_.now()};
    changed_.notify_all();
    co_return Result<void>();
}

}  // namespace baton::test
