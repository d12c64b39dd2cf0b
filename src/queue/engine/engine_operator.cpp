// EngineQueues: making queues and running them.
#include <utility>

#include "queue/call_checks.h"
#include "queue/engine/engine_ports.h"

namespace baton::queue {
namespace {

constexpr std::uint64_t quota_max = TenantUsage::used_max;

Result<void> check_tenant(const TenantId& owner) {
    const auto parsed = parse_tenant_id(owner.view());
    if (!parsed) return fail_field(Errc::invalid_argument, "owner", parsed.error().detail);
    return {};
}

}  // namespace

Task<Result<bool>> EngineQueues::put_queue(
    QueueName name, QueueConfig config, std::optional<TenantId> owner) {
    auto checked = check_queue(name, config);
    if (checked && owner) checked = check_tenant(*owner);
    if (!checked) return desk_.failed<bool>(std::move(checked).error());
    return desk_.run([=, uid = pipeline_.make_uid()](Engine& engine, TimePoint now) {
        return engine.put_queue(name, config, uid, now, owner);
    });
}

Task<Result<QueueInfo>> EngineQueues::get_queue(QueueName name) {
    return desk_.run([=](Engine& engine, TimePoint) { return engine.get_queue(name); });
}

Task<Result<std::vector<QueueInfo>>> EngineQueues::list_queues() {
    return desk_.run([](Engine& engine, TimePoint) {
        return Result<std::vector<QueueInfo>>(engine.list_queues());
    });
}

Task<Result<void>> EngineQueues::delete_queue(QueueName name) {
    return desk_.run([=](Engine& engine, TimePoint) { return engine.delete_queue(name); });
}

Task<Result<std::uint64_t>> EngineQueues::purge(QueueName name) {
    return desk_.run([=](Engine& engine, TimePoint now) { return engine.purge(name, now); });
}

Task<Result<void>> EngineQueues::set_paused(QueueName name, bool paused) {
    return desk_.run([=](Engine& engine, TimePoint) { return engine.set_paused(name, paused); });
}

Task<Result<void>> EngineQueues::pause_key(
    QueueName name, KeyKind kind, std::string key, bool paused) {
    if (key.empty() || key.size() > MessageLimits::key_max) {
        return desk_.fails<void>("key", "a key is 1 to 256 bytes");
    }
    return desk_.run([=, key = PausedKey{kind, std::move(key)}](Engine& engine, TimePoint now) {
        return engine.pause_key(name, key, paused, now);
    });
}

Task<Result<void>> EngineQueues::set_quota(TenantId owner, std::uint64_t bytes) {
    if (auto checked = check_tenant(owner); !checked) {
        return desk_.failed<void>(std::move(checked).error());
    }
    if (bytes > quota_max) return desk_.fails<void>("bytes", "a quota is at most 2^53 bytes");
    return desk_.run([=](Engine& engine, TimePoint) { return engine.set_quota(owner, bytes); });
}

Task<Result<StorageQuota>> EngineQueues::quota(TenantId owner) {
    return desk_.run(
        [=](Engine& engine, TimePoint) { return Result<StorageQuota>(engine.quota(owner)); });
}

Task<Result<QuotaUsage>> EngineQueues::share_quotas(std::vector<TenantUsage> elsewhere) {
    return desk_.run([elsewhere = std::move(elsewhere)](Engine& engine, TimePoint) {
        return Result<QuotaUsage>(engine.share_quotas(elsewhere));
    });
}

Task<Result<QueueStats>> EngineQueues::stats(QueueName name) {
    return desk_.run([=](Engine& engine, TimePoint) { return engine.stats(name); });
}

}  // namespace baton::queue
