// Making queues, and running them: the ports of administrators and of operators.
#pragma once

#include <cstdint>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "model/queue_config.h"
#include "runtime/task.h"

namespace baton::queue {

/// Makes and removes queues. See queues.h for what holds for every port.
class QueueAdmin {
public:
    virtual ~QueueAdmin() = default;

    /// Makes the queue or gives it a new configuration; messages already in it stay. True when it
    /// was made. Fails: invalid_argument; conflict when durability would change between memory and
    /// the others while messages are in the queue.
    [[nodiscard]] virtual Task<Result<bool>> put_queue(QueueName name, QueueConfig config) = 0;
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
    [[nodiscard]] virtual Task<Result<QueueStats>> stats(QueueName name) = 0;
};

}  // namespace baton::queue
