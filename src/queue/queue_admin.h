// Making queues, and running them: the ports of administrators and of operators.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "model/queue_config.h"
#include "model/queue_operations.h"
#include "runtime/task.h"

namespace baton::queue {

/// Makes and removes queues. See queues.h for what holds for every port.
class QueueAdmin {
public:
    virtual ~QueueAdmin() = default;

    /// Makes the queue or gives it a new configuration; messages already in it stay. True when it
    /// was made. `owner`: whose storage quota its content counts for from now on; absent: who it
    /// was, `default` for a new one. Fails: invalid_argument; conflict when durability would change
    /// between memory and the others while messages are in the queue.
    [[nodiscard]] virtual Task<Result<bool>> put_queue(
        QueueName name, QueueConfig config, std::optional<TenantId> owner) = 0;
    [[nodiscard]] Task<Result<bool>> put_queue(QueueName name, QueueConfig config) {
        return put_queue(std::move(name), std::move(config), std::nullopt);
    }
    [[nodiscard]] virtual Task<Result<QueueInfo>> get_queue(QueueName name) = 0;
    /// By name.
    [[nodiscard]] virtual Task<Result<std::vector<QueueInfo>>> list_queues() = 0;
    /// The queue and all in it; leases and receipts are void.
    [[nodiscard]] virtual Task<Result<void>> delete_queue(QueueName name) = 0;
};

/// Keeps a queue going: what someone does who is on call.
class QueueOperator {
public:
    virtual ~QueueOperator() = default;

    /// Removes messages that are scheduled or ready; leased and dead ones stay. Returns how many
    /// went.
    [[nodiscard]] virtual Task<Result<std::uint64_t>> purge(QueueName name) = 0;
    /// A paused queue takes posts and hands out nothing.
    [[nodiscard]] virtual Task<Result<void>> set_paused(QueueName name, bool paused) = 0;
    /// Messages with a paused key stay where they are; all else goes on. At most 10,000 keys of a
    /// queue are paused at a time. Fails: invalid_argument for an empty or too long key; queue_full
    /// for one key too many.
    [[nodiscard]] virtual Task<Result<void>> pause_key(
        QueueName name, KeyKind kind, std::string key, bool paused) = 0;
    /// Dead letters are tried again, in the order of seq, with failures 0, their history and no
    /// expiry; their attempts go on counting. With a rate the i-th is due i / rate seconds from
    /// now. In another queue they are new messages with new ids, by that queue's rules. Returns how
    /// many. It works in portions of 1,000, each of them whole: what an error comes after stays
    /// done. Between partitions of a cluster see LetterMover. Fails: invalid_argument; queue_full,
    /// message_too_large, quota_exceeded.
    [[nodiscard]] virtual Task<Result<std::uint64_t>> redrive(RedriveRequest request) = 0;
    /// How much all stored queues of a tenant together may keep: content, replies and outputs, in
    /// bytes, up to 2^53; 0: no limit. A post, reply or output beyond fails with quota_exceeded;
    /// what is there stays. Replies and outputs count until they end, a second longer at most.
    [[nodiscard]] virtual Task<Result<void>> set_quota(TenantId owner, std::uint64_t bytes) = 0;
    [[nodiscard]] virtual Task<Result<StorageQuota>> quota(TenantId owner) = 0;
    [[nodiscard]] virtual Task<Result<QueueStats>> stats(QueueName name) = 0;
};

}  // namespace baton::queue
