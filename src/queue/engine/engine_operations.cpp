// Engine: what operators do to queues while they run.
#include <algorithm>
#include <utility>

#include "queue/engine/engine.h"
#include "queue/engine/queue_letters.h"
#include "queue/engine/queue_log.h"

namespace baton::queue {

Result<void> Engine::pause_key(
    const QueueName& name, const PausedKey& key, bool paused, TimePoint now) {
    BATON_TRY(QueueState * queue, find(name));
    BATON_TRY_VOID(QueueLog(*queue).require_mode(QueueMode::queue, "pause_key", "set_paused"));
    touched_stored_ = true;  // pauses are always stored
    return queue->pause_key(key, paused, now);
}

Result<void> Engine::set_quota(const TenantId& owner, std::uint64_t limit) {
    touched_stored_ = true;
    effects_.tenants[owner].limit = limit;
    effects_.records.emplace_back(QuotaSet{owner, limit});
    effects_.needs_fsync = true;
    return {};
}

StorageQuota Engine::quota(const TenantId& owner) {
    touched_stored_ = true;
    const auto found = effects_.tenants.find(owner);
    if (found == effects_.tenants.end()) return {};
    return {.used = found->second.used, .limit = found->second.limit};
}

QuotaUsage Engine::share_quotas(const std::vector<TenantUsage>& elsewhere) {
    for (auto& [owner, tenant] : effects_.tenants) tenant.elsewhere = 0;
    for (const auto& [owner, used] : elsewhere) effects_.tenants[owner].elsewhere = used;
    QuotaUsage usage;
    for (const auto& [owner, tenant] : effects_.tenants) {
        usage.has_limits |= tenant.limit != 0;
        if (tenant.limit != 0 && tenant.used != 0) usage.tenants.push_back({owner, tenant.used});
    }
    if (usage.tenants.size() > QuotaUsage::tenants_max) {
        std::ranges::sort(usage.tenants, std::ranges::greater{}, &TenantUsage::used);
        usage.left_out = usage.tenants.size() - QuotaUsage::tenants_max;
        usage.tenants.resize(QuotaUsage::tenants_max);
    }
    return usage;
}

Result<RedriveStep> Engine::redrive(const RedriveRequest& request, std::uint64_t after_seq,
    std::size_t max, const RedriveSchedule& schedule, TimePoint now) {
    BATON_TRY(QueueState * queue, find(request.queue));
    const auto seqs = queue->dead_letters(request, after_seq, max);
    if (seqs.empty()) return RedriveStep{};
    BATON_TRY_VOID(queue->redrive(seqs, schedule, now));
    return RedriveStep{.moved = seqs.size(), .last_seq = seqs.back(), .more = seqs.size() == max};
}

Result<std::uint64_t> Engine::move(const QueueName& from, const QueueName& to,
    const std::vector<MessageView>& letters, const RedriveSchedule& schedule, TimePoint now) {
    BATON_TRY(QueueState * source, find(from));
    BATON_TRY(QueueState * target, find(to));
    BATON_TRY_VOID(QueueLog(*target).require_mode(QueueMode::queue, "redrive", "post"));
    std::vector<const MessageView*> dead;
    std::vector<const MessageData*> contents;
    std::uint64_t bytes = 0;
    for (const auto& letter : letters) {
        const bool is_there =
            letter.data && letter.id.queue_uid == source->uid() && source->is_dead(letter.id.seq);
        if (!is_there) continue;
        dead.push_back(&letter);
        contents.push_back(letter.data.get());
        bytes += letter.data->content.size();
    }
    const bool one_tenant = source->is_stored() && source->info().owner == target->info().owner;
    BATON_TRY_VOID(target->check_room(contents, one_tenant ? bytes : 0));
    for (std::size_t i = 0; i < dead.size(); ++i) {
        MovedLetter letter = source->take_out(dead[i]->id.seq, now);
        letter.data = dead[i]->data;
        target->take_in(std::move(letter), std::max(schedule.due(i), now), now);
    }
    return dead.size();
}

Result<LetterPage> Engine::find_letters(
    const RedriveRequest& request, std::uint64_t after_seq, std::size_t max, TimePoint now) {
    BATON_TRY(QueueState * queue, find(request.queue));
    return QueueLetters(*queue).find(request, after_seq, max, now);
}

Result<std::uint64_t> Engine::take_letters(const LetterDelivery& delivery, TimePoint now) {
    BATON_TRY(QueueState * queue, find(delivery.target));
    return QueueLetters(*queue).take(delivery, now);
}

Result<std::uint64_t> Engine::drop_letters(
    const QueueName& name, const std::vector<MessageId>& letters, TimePoint now) {
    BATON_TRY(QueueState * queue, find(name));
    return QueueLetters(*queue).drop(letters, now);
}

Result<void> Engine::reschedule(const MessageId& message, TimePoint due, TimePoint now) {
    BATON_TRY(QueueState * queue, find(message));
    BATON_TRY_VOID(QueueLog(*queue).require_mode(QueueMode::queue, "reschedule", "seek"));
    return queue->reschedule(message.seq, due, now);
}

Result<Explanation> Engine::explain(const MessageId& message, TimePoint now) {
    BATON_TRY(QueueState * queue, find(message));
    BATON_TRY_VOID(QueueLog(*queue).require_mode(QueueMode::queue, "explain", "subscriptions"));
    return queue->explain(message.seq, now);
}

}  // namespace baton::queue
