// Engine: how it comes back from its store.
#include <algorithm>
#include <utility>

#include "queue/engine/engine.h"
#include "queue/engine/queue_recovery.h"
#include "queue/engine/queue_replies.h"

namespace baton::queue {

void Engine::forget_stored() {
    effects_.records.clear();
    effects_.record_bytes = 0;
    effects_.needs_fsync = false;
    std::vector<QueueState*> stored;
    for (const auto& [name, queue] : queues_) {
        if (queue->is_stored()) stored.push_back(queue.get());
    }
    for (QueueState* queue : stored) drop(*queue);
    for (auto& [owner, tenant] : effects_.tenants) tenant.limit = 0;
    recovered_.clear();
}

void Engine::queue(QueuePut queue, std::uint64_t next_seq) {
    recovered_.insert(static_cast<std::uint32_t>(queue.number));
    recovered_time_ = std::max(recovered_time_, queue.info.created_at);
    // One in memory that took the name of a dropped queue: neither happened.
    const auto other = queues_.find(queue.info.name);
    if (other != queues_.end() && other->second->number() != queue.number) drop(*other->second);
    // A queue in memory outlives a failed commit with its messages, its own end too.
    if (QueueState* kept = find(queue.number)) {
        put_back(queue.number);
        return kept->restore(std::move(queue.info), advanced_to_);
    }
    if (queue.info.config.durability == Durability::memory) queue.uid ^= run_;
    const auto past = pasts_.find(queue.uid);
    QueueState& added = add(queue.number, queue.uid, std::move(queue.info));
    QueueRecovery(added).next_seq(next_seq);
    if (past != pasts_.end()) added.remember(past->second);
}

/// If it went in the batch that was not committed.
void Engine::put_back(QueueNumber number) {
    const auto found = std::ranges::find_if(
        dropped_, [&](const auto& queue) { return queue->number() == number; });
    if (found == dropped_.end()) return;
    QueueState& queue = **found;
    by_uid_[queue.uid()] = &queue;
    queues_[queue.info().name] = std::move(*found);
    dropped_.erase(found);
    queue.settle();
    stir(queue);
}

void Engine::message(RecoveredMessage message) {
    recovered_time_ = std::max(recovered_time_, message.posted_at);
    if (message.delivery && !message.delivery->history.empty()) {
        recovered_time_ = std::max(recovered_time_, message.delivery->history.back().at);
    }
    if (QueueState* queue = find(message.at.queue))
        QueueRecovery(*queue).message(std::move(message));
}

void Engine::dedup(Locator first, std::string key, TimePoint until) {
    if (QueueState* queue = find(first.queue)) {
        QueueRecovery(*queue).dedup(first.seq, std::move(key), until);
    }
}

void Engine::reply(RecoveredReply reply) {
    if (QueueState* queue = find(reply.at.queue)) QueueReplies(*queue).recover(reply);
}

void Engine::paused_key(QueueNumber queue, KeyKind kind, std::string key) {
    if (QueueState* found = find(queue)) QueueRecovery(*found).paused_key({kind, std::move(key)});
}

void Engine::quota(TenantId owner, std::uint64_t limit) {
    effects_.tenants[std::move(owner)].limit = limit;
}

void Engine::finish_recovery(TimePoint now) {
    std::vector<QueueState*> unknown;
    for (const auto& [name, queue] : queues_) {
        if (!recovered_.contains(static_cast<std::uint32_t>(queue->number()))) {
            unknown.push_back(queue.get());
        } else if (queue->is_stored()) {
            QueueRecovery(*queue).finish(now);
        }
    }
    for (QueueState* queue : unknown) drop(*queue);
    committed();
}

}  // namespace baton::queue
