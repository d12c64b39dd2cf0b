#include "queue/engine/engine.h"

#include <algorithm>

#include <fmt/core.h>

#include "queue/engine/growth.h"
#include "queue/engine/queue_log.h"
#include "queue/engine/queue_replies.h"

namespace baton::queue {
namespace {

constexpr std::size_t records_kept = 8'192;  // room for them stays from one batch to the next

std::uint32_t raw(QueueNumber number) { return static_cast<std::uint32_t>(number); }

}  // namespace

Engine::Engine(EngineConfig config) : run_(config.run) {
    effects_.body_bytes_max = config.memory_budget;
}
Engine::~Engine() = default;

Result<QueueState*> Engine::find(const QueueName& name) {
    const auto found = queues_.find(name);
    if (found == queues_.end()) {
        touched_stored_ = true;
        return fail_field(
            Errc::queue_not_found, "queue", fmt::format("there is no queue `{}`", name.text));
    }
    touch(*found->second);
    return found->second.get();
}

Result<QueueState*> Engine::find(const MessageId& message, Errc missing) {
    const auto found = by_uid_.find(message.queue_uid);
    if (found == by_uid_.end()) {
        touched_stored_ = true;
        return fail(missing, "the queue this id belongs to does not exist");
    }
    touch(*found->second);
    return found->second;
}

/// A queue in memory needs the store only to be known to it.
void Engine::touch(QueueState& queue) {
    touched_stored_ |= queue.is_stored() || raw(queue.number()) >= first_new_number_;
    stir(queue);
}

QueueState* Engine::find(QueueNumber number) {
    const auto found = by_number_.find(raw(number));
    return found == by_number_.end() ? nullptr : found->second;
}

void Engine::stir(QueueState& queue) {
    if (queue.stir()) news_.queues.push_back(queue.uid());
}

Engine::News Engine::take_news() {
    for (const auto uid : news_.queues) {
        if (const auto found = by_uid_.find(uid); found != by_uid_.end()) found->second->settle();
    }
    news_.streams = std::exchange(effects_.news, {});
    return std::exchange(news_, {});
}

Result<std::uint64_t> Engine::uid_of(const QueueName& name) {
    BATON_TRY(QueueState * queue, find(name));
    return queue->uid();
}

QueueState& Engine::add(QueueNumber number, std::uint64_t uid, QueueInfo info) {
    const QueueName name = info.name;
    auto queue = std::make_unique<QueueState>(number, uid, std::move(info), effects_);
    QueueState& added = *queue;
    by_uid_[uid] = &added;
    by_number_[raw(number)] = &added;
    next_number_ = std::max(next_number_, raw(number) + 1);
    queues_[name] = std::move(queue);
    return added;
}

void Engine::drop(QueueState& queue) {
    by_uid_.erase(queue.uid());
    news_.dropped.push_back(queue.uid());
    auto gone = std::move(queues_.extract(queue.info().name).mapped());
    if (!gone->is_stored()) {
        dropped_.push_back(std::move(gone));
        return;
    }
    pasts_[gone->uid()] = gone->past();
    forget(*gone);
}

void Engine::forget(QueueState& queue) {
    by_number_.erase(raw(queue.number()));
    queue.forget_bodies();
}

Result<void> Engine::make(std::uint64_t uid, QueueInfo info) {
    if (next_number_ > queue_number_max) {
        return fail(Errc::unsupported, "the store has given out all its queue numbers");
    }
    const auto number = QueueNumber{next_number_};
    effects_.records.emplace_back(QueuePut{number, uid, info});
    effects_.needs_fsync = true;
    add(number, uid, std::move(info));
    return {};
}

/// The store knows nothing of the ids given out in memory: a queue that moves there or back becomes
/// another one. So does one that changes its mode.
Result<void> Engine::make_anew(QueueState& queue, QueueInfo info, std::uint64_t uid) {
    if (queue.live_count() > 0) {
        return fail(Errc::conflict,
            fmt::format(
                "queue `{}` has messages: its mode can't change, nor can its durability to or "
                "from memory",
                info.name.text));
    }
    effects_.records.emplace_back(QueueDropped{queue.number()});
    drop(queue);
    return make(uid, std::move(info));
}

Result<bool> Engine::put_queue(const QueueName& name, QueueConfig config, std::uint64_t uid,
    TimePoint now, std::optional<TenantId> owner) {
    touched_stored_ = true;  // the configuration itself is always stored
    if (const auto found = queues_.find(name); found != queues_.end()) {
        QueueState& queue = *found->second;
        stir(queue);
        QueueInfo info = queue.info();
        if (owner) info.owner = *std::move(owner);
        const bool stays = queue.is_stored() == (config.durability != Durability::memory) &&
                           info.config.mode == config.mode;
        if (stays) {
            queue.configure(std::move(config), std::move(info.owner), now);
        } else {
            info.config = std::move(config);
            BATON_TRY_VOID(make_anew(queue, std::move(info), uid));
        }
        return false;
    }
    QueueInfo info{.name = name, .config = std::move(config), .created_at = now};
    if (owner) info.owner = *std::move(owner);
    BATON_TRY_VOID(effects_.room.take(growth_of(info)));
    BATON_TRY_VOID(make(uid, std::move(info)));
    return true;
}

Result<void> Engine::delete_queue(const QueueName& name) {
    BATON_TRY(QueueState * queue, find(name));
    touched_stored_ = true;
    effects_.records.emplace_back(QueueDropped{queue->number()});
    effects_.needs_fsync = true;
    drop(*queue);
    return {};
}

Result<std::uint64_t> Engine::purge(const QueueName& name, TimePoint now) {
    BATON_TRY(QueueState * queue, find(name));
    return queue->purge(now);
}

Result<void> Engine::set_paused(const QueueName& name, bool paused) {
    BATON_TRY(QueueState * queue, find(name));
    touched_stored_ = true;
    queue->set_paused(paused);
    return {};
}

Result<QueueInfo> Engine::get_queue(const QueueName& name) {
    BATON_TRY(QueueState * queue, find(name));
    QueueInfo info = queue->info();
    info.uid = queue->uid();
    return info;
}

std::vector<QueueInfo> Engine::list_queues() {
    touched_stored_ = true;
    std::vector<QueueInfo> infos;
    infos.reserve(queues_.size());
    for (const auto& [name, queue] : queues_) {
        infos.push_back(queue->info());
        infos.back().uid = queue->uid();
    }
    std::ranges::sort(
        infos, {}, [](const QueueInfo& info) -> const std::string& { return info.name.text; });
    return infos;
}

Result<QueueStats> Engine::stats(const QueueName& name) {
    BATON_TRY(QueueState * queue, find(name));
    return queue->stats();
}

Result<Posted> Engine::post(
    const QueueName& name, std::vector<NewMessage>&& messages, TimePoint now, PostOptions options) {
    BATON_TRY(QueueState * queue, find(name));
    return queue->post(std::move(messages), options, now);
}

Result<std::vector<LeasedMessage>> Engine::pop(const PopRequest& request, TimePoint now) {
    BATON_TRY(QueueState * queue, find(request.queue));
    BATON_TRY_VOID(QueueLog(*queue).require_mode(QueueMode::queue, "pop", "fetch"));
    return queue->pop(request, now);
}

Result<void> Engine::ack(const Receipt& receipt, TimePoint now) {
    BATON_TRY(QueueState * queue, find(receipt.message, Errc::lease_lost));
    return queue->ack(receipt, now);
}

Result<NackOutcome> Engine::nack(const NackRequest& request, TimePoint now) {
    BATON_TRY(QueueState * queue, find(request.receipt.message, Errc::lease_lost));
    return queue->nack(request, now);
}

Result<TimePoint> Engine::extend(const Receipt& receipt, Duration lease, TimePoint now) {
    BATON_TRY(QueueState * queue, find(receipt.message, Errc::lease_lost));
    return queue->extend(receipt, now + lease);
}

Result<void> Engine::charge(const Receipt& receipt, std::uint32_t cost) {
    BATON_TRY(QueueState * queue, find(receipt.message, Errc::lease_lost));
    return queue->charge(receipt, cost);
}

Result<void> Engine::cancel(const MessageId& message, TimePoint now) {
    BATON_TRY(QueueState * queue, find(message));
    BATON_TRY_VOID(QueueLog(*queue).require_mode(QueueMode::queue, "cancel", "truncate_before"));
    BATON_TRY(const bool was_leased, queue->cancel(message.seq, now));
    if (was_leased) news_.cancelled.push_back(message);
    return {};
}

Result<void> Engine::reply(
    const MessageId& message, Bytes result, std::string metadata, TimePoint now) {
    BATON_TRY(QueueState * queue, find(message));
    auto reply = std::make_shared<const Reply>(Reply{.message = message,
        .result = std::move(result),
        .metadata = std::move(metadata),
        .at = now});
    BATON_TRY_VOID(QueueReplies(*queue).put(message.seq, std::move(reply), now));
    news_.replies.push_back(message);
    return {};
}

Result<std::optional<KeptReply>> Engine::find_reply(const MessageId& message, TimePoint now) {
    BATON_TRY(QueueState * queue, find(message));
    return QueueReplies(*queue).find(message.seq, now);
}

Result<MessagePage> Engine::peek(const PeekRequest& request) {
    BATON_TRY(QueueState * queue, find(request.queue));
    return queue->peek(request);
}

Result<MessageView> Engine::get(const MessageId& message, TimePoint now) {
    BATON_TRY(QueueState * queue, find(message));
    return queue->view_of(message.seq, now);
}

Result<Locator> Engine::locate(const MessageId& message) {
    BATON_TRY(QueueState * queue, find(message));
    return Locator{queue->number(), message.seq};
}

bool Engine::advance(TimePoint now, std::size_t max) {
    advanced_to_ = now;
    for (std::size_t done = 0; done < max; ++done) {
        const auto timer = effects_.timers.take_due(now);
        if (!timer) return false;
        QueueState* queue = find(timer->message.queue);
        if (queue == nullptr) continue;
        stir(*queue);
        queue->on_timer(*timer, now);
    }
    const auto next = effects_.timers.next();
    return next && *next <= now;
}

Engine::Batch Engine::take_batch() {
    shrink_timers();
    Batch batch{.records = std::move(effects_.records),
        .durability = effects_.needs_fsync ? Durability::fsync : Durability::relaxed,
        .growth = effects_.room.end_batch()};
    if (!batch.records.empty()) effects_.has_unforced = !effects_.needs_fsync;
    effects_.records.clear();
    effects_.record_bytes = 0;
    effects_.needs_fsync = false;
    return batch;
}

Engine::Batch Engine::take_proof() {
    const TenantId anyone;
    return {.records = {QuotaSet{anyone, quota(anyone).limit}}, .durability = Durability::fsync};
}

void Engine::reuse(std::vector<Record> records) {
    if (!effects_.records.empty() || records.capacity() > records_kept) return;
    records.clear();
    effects_.records = std::move(records);
}

void Engine::committed() {
    ++effects_.batch;
    pasts_.clear();
    for (const auto& queue : dropped_) forget(*queue);
    dropped_.clear();
    first_new_number_ = next_number_;
}

std::size_t Engine::live_count() const {
    std::size_t live = 0;
    for (const auto& [name, queue] : queues_) live += queue->live_count();
    return live;
}

void Engine::shrink_timers() {
    if (effects_.timers.size() < 65'536) return;
    effects_.timers.shrink(live_count(), [this](const Timer& timer) {
        const QueueState* queue = find(timer.message.queue);
        return queue != nullptr && queue->holds(timer);
    });
}

}  // namespace baton::queue
