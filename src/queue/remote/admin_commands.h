// The commands of QueueAdmin and QueueOperator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/queue_config.h"
#include "model/queue_operations.h"
#include "queue/remote/command_codec.h"
#include "queue/remote/wire_values.h"

namespace baton::queue::remote {

struct PutQueue {
    static constexpr auto type = CommandType::put_queue;
    using Answer = bool;
    QueueName queue{};
    QueueConfig config{};
    std::optional<TenantId> owner{};
};
struct GetQueue {
    static constexpr auto type = CommandType::get_queue;
    using Answer = QueueInfo;
    QueueName queue{};
};
struct ListQueues {
    static constexpr auto type = CommandType::list_queues;
    using Answer = std::vector<QueueInfo>;
};
struct DeleteQueue {
    static constexpr auto type = CommandType::delete_queue;
    using Answer = void;
    QueueName queue{};
};
struct Purge {
    static constexpr auto type = CommandType::purge;
    using Answer = std::uint64_t;
    QueueName queue{};
};
struct SetPaused {
    static constexpr auto type = CommandType::set_paused;
    using Answer = void;
    QueueName queue{};
    bool paused = false;
};
struct PauseKey {
    static constexpr auto type = CommandType::pause_key;
    using Answer = void;
    QueueName queue{};
    KeyKind kind = KeyKind::ordering;
    std::string key{};
    bool paused = false;
};
struct Redrive {
    static constexpr auto type = CommandType::redrive;
    using Answer = std::uint64_t;
    RedriveRequest request{};
};
struct SetQuota {
    static constexpr auto type = CommandType::set_quota;
    using Answer = void;
    TenantId owner{};
    std::uint64_t bytes = 0;
};
struct GetQuota {
    static constexpr auto type = CommandType::get_quota;
    using Answer = StorageQuota;
    TenantId owner{};
};
struct GetStats {
    static constexpr auto type = CommandType::get_stats;
    using Answer = QueueStats;
    QueueName queue{};
};

template <class A>
void fields(A& a, Ref<A, PutQueue> v) {
    each(a, v.queue, v.config, v.owner);
}
template <class A>
void fields(A& a, Ref<A, GetQueue> v) {
    each(a, v.queue);
}
template <class A>
void fields(A&, Ref<A, ListQueues>) {}
template <class A>
void fields(A& a, Ref<A, DeleteQueue> v) {
    each(a, v.queue);
}
template <class A>
void fields(A& a, Ref<A, Purge> v) {
    each(a, v.queue);
}
template <class A>
void fields(A& a, Ref<A, SetPaused> v) {
    each(a, v.queue, v.paused);
}
template <class A>
void fields(A& a, Ref<A, PauseKey> v) {
    each(a, v.queue, v.kind, v.key, v.paused);
}
template <class A>
void fields(A& a, Ref<A, Redrive> v) {
    each(a, v.request);
}
template <class A>
void fields(A& a, Ref<A, SetQuota> v) {
    each(a, v.owner, v.bytes);
}
template <class A>
void fields(A& a, Ref<A, GetQuota> v) {
    each(a, v.owner);
}
template <class A>
void fields(A& a, Ref<A, GetStats> v) {
    each(a, v.queue);
}

}  // namespace baton::queue::remote
