// RemoteQueues: making queues and running them.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "queue/call_checks.h"
#include "queue/remote/remote_ports.h"
#include "runtime/await_all.h"

namespace baton::queue::remote {

std::unique_ptr<Queues> make_remote_queues(
    Transport& transport, const RemoteConfig& config, MetricRegistry& metrics) {
    return std::make_unique<RemoteQueues>(transport, config, metrics);
}

Task<Result<bool>> RemoteQueues::put_queue(
    QueueName name, QueueConfig config, std::optional<TenantId> owner) {
    auto checked = check_queue(name, config);
    if (!checked) co_return std::unexpected(std::move(checked).error());
    PutQueue command{name, std::move(config), std::move(owner)};
    co_return co_await caller_.call(name, std::move(command));
}

Task<Result<QueueInfo>> RemoteQueues::get_queue(QueueName name) {
    return caller_.call(name, GetQueue{name});
}

template <class C>
Task<Result<std::vector<typename C::Answer>>> RemoteQueues::call_all(C command) {
    std::vector<Task<Result<typename C::Answer>>> calls;
    for (std::uint32_t i = 0; i < caller_.transport().partitions(); ++i) {
        calls.push_back(caller_.call(Partition{i}, command));
    }
    auto answers = co_await await_all(std::move(calls));
    std::vector<typename C::Answer> values;
    for (auto& answer : answers) {
        if (!answer) co_return std::unexpected(std::move(answer).error());
        values.push_back(*std::move(answer));
    }
    co_return values;
}

Task<Result<std::vector<QueueInfo>>> RemoteQueues::list_queues() {
    ListQueues command;
    BATON_CO_TRY(auto lists, co_await call_all(command));
    std::vector<QueueInfo> all;
    for (auto& list : lists) std::ranges::move(list, std::back_inserter(all));
    std::ranges::sort(all, {}, &QueueInfo::name);
    co_return all;
}

Task<Result<void>> RemoteQueues::delete_queue(QueueName name) {
    return caller_.call(name, DeleteQueue{name});
}

Task<Result<std::uint64_t>> RemoteQueues::purge(QueueName name) {
    return caller_.call(name, Purge{name});
}

Task<Result<void>> RemoteQueues::set_paused(QueueName name, bool paused) {
    return caller_.call(name, SetPaused{name, paused});
}

Task<Result<void>> RemoteQueues::pause_key(
    QueueName name, KeyKind kind, std::string key, bool paused) {
    return caller_.call(name, PauseKey{name, kind, std::move(key), paused});
}

Task<Result<std::uint64_t>> RemoteQueues::redrive(RedriveRequest request) {
    BATON_CO_TRY_VOID(check_redrive(request));
    const Route source = request.queue;
    if (request.target) {
        const Transport& transport = caller_.transport();
        if (transport.partition_of(source) != transport.partition_of(*request.target)) {
            co_return co_await redrive_across(std::move(request));
        }
    }
    Redrive command{std::move(request)};
    co_return co_await caller_.call(source, std::move(command));
}

Task<Result<void>> RemoteQueues::set_quotas(SetQuota command) {
    std::vector<Task<Result<void>>> calls;
    for (std::uint32_t i = 0; i < caller_.transport().partitions(); ++i) {
        calls.push_back(caller_.call(Partition{i}, command));
    }
    const auto answers = co_await await_all(std::move(calls));
    const auto failed = std::ranges::count_if(answers, [](const auto& one) { return !one; });
    for (const auto& answer : answers) {
        if (answer) continue;
        co_return std::unexpected(with_context(answer.error(),
            fmt::format("{} of {} partitions have not taken the quota", failed, answers.size())));
    }
    co_return Result<void>();
}

Task<Result<void>> RemoteQueues::set_quota(TenantId owner, std::uint64_t bytes) {
    return set_quotas(SetQuota{std::move(owner), bytes});
}

Task<Result<StorageQuota>> RemoteQueues::quota(TenantId owner) {
    GetQuota command{std::move(owner)};
    BATON_CO_TRY(const auto parts, co_await call_all(std::move(command)));
    StorageQuota whole;
    for (const auto& part : parts) {
        whole.used += part.used;
        whole.limit = std::max(whole.limit, part.limit);
    }
    co_return whole;
}

Task<Result<QueueStats>> RemoteQueues::stats(QueueName name) {
    return caller_.call(name, GetStats{name});
}

}  // namespace baton::queue::remote
