// The queue contract: everything a user of queues may rely on, whatever keeps them.
#pragma once

#include "base/result.h"
#include "queue/browser.h"
#include "queue/consumer.h"
#include "queue/letters.h"
#include "queue/log.h"
#include "queue/outputs.h"
#include "queue/producer.h"
#include "queue/queue_admin.h"

namespace baton::queue {

/// All ports, as one object serves them; they are split by who uses them. All are safe to use from
/// any thread, resume on the caller's executor, and answer only after what they did is as durable
/// as the queue's configuration says (or the call asked for). Every method fails with
/// `storage_full` (nothing happened; only what adds content, unless others fill the disk),
/// `storage_io` (the store has stopped until it is reopened),
/// `overloaded` or `shutting_down`, and those that name a queue with `queue_not_found`. Cancelling
/// a task that waits in `pop`, `wait_reply`, `read_output` or `fetch` withdraws the wait: no
/// message is leased to nobody. Cancelling any other call does not undo it.
class Queues : public QueueAdmin,
               public QueueOperator,
               public LetterMover,
               public Producer,
               public Consumer,
               public Browser,
               public Outputs,
               public Log {
public:
    /// Refuses new calls with `shutting_down`, ends waits, finishes what was begun, closes the
    /// store. Blocks. Call once.
    virtual void stop() = 0;

    /// Healthy, or why the store has stopped.
    [[nodiscard]] virtual Result<void> health() const = 0;
};

}  // namespace baton::queue
