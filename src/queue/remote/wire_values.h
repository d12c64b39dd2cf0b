// How the values of model/ travel. The order of fields is the format (docs/formats/commands.md).
#pragma once

#include "model/message.h"
#include "model/output.h"
#include "model/queue_config.h"
#include "model/queue_operations.h"
#include "model/subscription.h"
#include "queue/consumer.h"
#include "queue/producer.h"
#include "queue/remote/wire_compound.h"

namespace baton::queue::remote {

template <>
inline constexpr Level last_of<Level> = Level::low;
template <>
inline constexpr MessageState last_of<MessageState> = MessageState::expired;
template <>
inline constexpr Durability last_of<Durability> = Durability::memory;
template <>
inline constexpr Overflow last_of<Overflow> = Overflow::drop_oldest;
template <>
inline constexpr QueueMode last_of<QueueMode> = QueueMode::log;
template <>
inline constexpr Strategy last_of<Strategy> = Strategy::deadline;
template <>
inline constexpr KeyKind last_of<KeyKind> = KeyKind::fairness;
template <>
inline constexpr LogStart::Kind last_of<LogStart::Kind> = LogStart::Kind::seq;
template <>
inline constexpr Blame last_of<Blame> = Blame::fatal;
template <>
inline constexpr NackOutcome last_of<NackOutcome> = NackOutcome::dead;

template <>
inline constexpr std::size_t count_max<Header> = MessageLimits::headers_max;
template <>
inline constexpr std::size_t count_max<QueueInfo> = 1'000'000;

template <class A>
void fields(A& a, Ref<A, MessageId> v) {
    if constexpr (A::reads) {
        v.queue_uid = a.fixed();
    } else {
        a.fixed(v.queue_uid);
    }
    each(a, v.seq);
}

template <class A>
void fields(A& a, Ref<A, Receipt> v) {
    each(a, v.message, v.attempt);
}

template <class A>
void fields(A& a, Ref<A, Header> v) {
    each(a, v.name, v.value);
}

template <class A>
void fields(A& a, Ref<A, MessageData> v) {
    each(a, v.content, v.priority, v.ordering_key, v.fairness_key, v.dedup_key, v.headers,
        v.metadata);
}

template <class A>
void fields(A& a, Ref<A, NewMessage> v) {
    each(a, v.data, v.delay, v.deliver_at, v.ttl);
}

template <class A>
void fields(A& a, Ref<A, PostedMessage> v) {
    each(a, v.id, v.duplicate);
}

template <class A>
void fields(A& a, Ref<A, Posted> v) {
    each(a, v.messages, v.durability);
}

template <class A>
void fields(A& a, Ref<A, FailureNote> v) {
    each(a, v.at, v.attempt, v.reason);
}

template <class A>
void fields(A& a, Ref<A, MessageView> v) {
    each(a, v.id, v.queue, v.state, v.data, v.level, v.posted_at, v.due_at, v.expires_at,
        v.lease_expires_at, v.attempts, v.failures, v.history, v.dead_reason);
}

template <class A>
void fields(A& a, Ref<A, LeasedMessage> v) {
    each(a, v.message, v.receipt);
}

template <class A>
void fields(A& a, Ref<A, Reply> v) {
    each(a, v.message, v.result, v.metadata, v.at);
}

template <class A>
void fields(A& a, Ref<A, NackRequest> v) {
    each(a, v.receipt, v.delay, v.reason, v.blame);
}

template <class A>
void fields(A& a, Ref<A, LevelConfig> v) {
    each(a, v.max_wait_time, v.max_concurrent);
}

template <class A>
void fields(A& a, Ref<A, RateConfig> v) {
    each(a, v.post_per_second, v.pop_per_second);
}

template <class A>
void fields(A& a, Ref<A, SchedulingConfig> v) {
    each(a, v.strategy, v.level_weights);
}

template <class A>
void fields(A& a, Ref<A, QueueConfig> v) {
    each(a, v.mode, v.max_size, v.max_bytes, v.max_message_size, v.durability, v.retention_period,
        v.dedup_window, v.max_failures, v.reply_ttl, v.overflow, v.levels, v.rates,
        v.fairness_weights, v.scheduling);
}

template <class A>
void fields(A& a, Ref<A, QueueInfo> v) {
    each(a, v.name, v.uid, v.owner, v.config, v.created_at, v.paused);
}

template <class A>
void fields(A& a, Ref<A, LevelStats> v) {
    each(a, v.ready, v.leased);
}

template <class A>
void fields(A& a, Ref<A, QueueStats> v) {
    each(a, v.name, v.message_count, v.max_size, v.used_storage, v.created_at, v.last_accessed,
        v.ready, v.scheduled, v.leased, v.dead, v.posted_total, v.acked_total, v.expired_total,
        v.levels, v.paused);
}

template <class A>
void fields(A& a, Ref<A, TenantUsage> v) {
    each(a, v.owner, v.used);
}

template <class A>
void fields(A& a, Ref<A, StorageQuota> v) {
    each(a, v.used, v.limit);
}

template <class A>
void fields(A& a, Ref<A, RedriveRequest> v) {
    each(a, v.queue, v.ids, v.reason_contains, v.dead_from, v.dead_to, v.limit, v.rate_per_second,
        v.target);
}

template <class A>
void fields(A& a, Ref<A, Hindrance> v) {
    each(a, v.code, v.detail);
}

template <class A>
void fields(A& a, Ref<A, Explanation> v) {
    each(a, v.view, v.ahead, v.hindrances);
}

template <class A>
void fields(A& a, Ref<A, OutputEvent> v) {
    each(a, v.offset, v.attempt, v.at, v.data);
}

template <class A>
void fields(A& a, Ref<A, OutputPage> v) {
    each(a, v.events, v.next, v.ended);
}

template <class A>
void fields(A& a, Ref<A, LogStart> v) {
    each(a, v.kind, v.seq);
}

template <class A>
void fields(A& a, Ref<A, Subscription> v) {
    each(a, v.name, v.committed, v.lag);
}

}  // namespace baton::queue::remote
