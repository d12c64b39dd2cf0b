// The queue contract: everything a user of queues may rely on, whatever keeps them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "model/message.h"
#include "model/queue_config.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::queue {

// Four ports, split by who uses them. All are safe to use from any thread, resume on the caller's
// executor, and answer only after what they did is as durable as the queue's configuration says.
// Every method fails with `storage_full` (nothing happened), `storage_io` (the store has stopped
// until it is reopened) or `shutting_down`, and those that name a queue with `queue_not_found`.
// Cancelling a task that waits in `pop` or `wait_reply` withdraws the wait: no message is leased to
// nobody. Cancelling any other call does not undo it.

/// Makes and removes queues.
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
    /// Removes messages that are scheduled or ready; leased and dead ones stay. Returns how many
    /// went.
    [[nodiscard]] virtual Task<Result<std::uint64_t>> purge(QueueName name) = 0;
    /// A paused queue takes posts and hands out nothing.
    [[nodiscard]] virtual Task<Result<void>> set_paused(QueueName name, bool paused) = 0;
    [[nodiscard]] virtual Task<Result<QueueStats>> stats(QueueName name) = 0;
};

/// Posts messages and fetches replies.
class Producer {
public:
    virtual ~Producer() = default;

    /// Posts all of `messages` (1..10,000) or none of them; ids in the same order, ascending.
    /// Within the dedup window a known `dedup_key` gives the first message's id and stores nothing.
    /// Fails: queue_full, message_too_large, invalid_message.
    [[nodiscard]] virtual Task<Result<std::vector<PostedMessage>>> post(
        QueueName queue, std::vector<NewMessage> messages) = 0;

    /// The reply to a message, if there is one by now and it is still kept.
    /// Fails: message_not_found (no such message was ever posted).
    [[nodiscard]] virtual Task<Result<std::optional<Reply>>> get_reply(MessageId message) = 0;

    /// Waits for the reply; nothing when the deadline comes first. Fails as get_reply.
    [[nodiscard]] virtual Task<Result<std::optional<Reply>>> wait_reply(
        MessageId message, Deadline deadline) = 0;

    /// Takes a message out: a waiting one is gone, a leased one's receipt is void.
    /// Fails: message_not_found.
    [[nodiscard]] virtual Task<Result<void>> cancel(MessageId message) = 0;
};

struct PopRequest {
    QueueName queue;
    std::uint32_t max = 1;                         ///< 1..1,000
    Duration lease{30'000};                        ///< 1 ms .. 12 h
    Deadline wait = Deadline::after(Duration(0));  ///< until a message comes; passed: do not wait
    std::optional<Level> level{};                  ///< only messages of this level
};

/// Whose fault a returned message is.
enum class Blame : std::uint8_t {
    none,     ///< not the message's: does not count towards max_failures
    failure,  ///< counts; the max_failures-th makes a dead letter
    fatal,    ///< makes a dead letter at once: trying again cannot help
};

struct NackRequest {
    Receipt receipt{};
    Duration delay{0};     ///< ready again after it
    std::string reason{};  ///< kept in the history, cut at MessageLimits::reason_max
    Blame blame = Blame::failure;
};

/// What became of a nacked message.
enum class NackOutcome : std::uint8_t { returned, dead };

/// Leases messages and settles them. A receipt whose lease has ended in any way fails with
/// `lease_lost`.
class Consumer {
public:
    virtual ~Consumer() = default;

    /// Leases up to `max` messages: highest level first; inside a level fairness keys by weight,
    /// and FIFO inside a key; of one ordering key one at a time. Empty when none came before the
    /// deadline.
    [[nodiscard]] virtual Task<Result<std::vector<LeasedMessage>>> pop(PopRequest request) = 0;

    /// Finishes a message.
    [[nodiscard]] virtual Task<Result<void>> ack(Receipt receipt) = 0;

    /// Gives a message back.
    [[nodiscard]] virtual Task<Result<NackOutcome>> nack(NackRequest request) = 0;

    /// The lease ends `lease` from now (1 ms .. 12 h). Returns when.
    [[nodiscard]] virtual Task<Result<TimePoint>> extend(Receipt receipt, Duration lease) = 0;

    /// Stores the reply to a message, finished or not, for the queue's `reply_ttl`; the last one
    /// wins. `result` ≤ the queue's max_message_size. Fails: message_not_found (no such message was
    /// ever posted), message_too_large.
    [[nodiscard]] virtual Task<Result<void>> reply(
        MessageId message, Bytes result, std::string metadata) = 0;
};

struct PeekRequest {
    QueueName queue;
    std::optional<MessageState> state{};  ///< scheduled, ready, leased or dead; absent: all
    std::uint64_t after_seq = 0;          ///< only messages with a higher seq
    std::uint32_t limit = 100;            ///< 1..1,000
};

/// Looks without touching.
class Browser {
public:
    virtual ~Browser() = default;

    /// Messages in the order of seq.
    [[nodiscard]] virtual Task<Result<std::vector<MessageView>>> peek(PeekRequest request) = 0;

    /// Fails: message_not_found. A finished message whose reply is kept shows as done, without
    /// data.
    [[nodiscard]] virtual Task<Result<MessageView>> get(MessageId message) = 0;
};

/// All of it, as one object serves it.
class Queues : public QueueAdmin, public Producer, public Consumer, public Browser {
public:
    /// Refuses new calls with `shutting_down`, ends waits, finishes what was begun, closes the
    /// store. Blocks. Call once.
    virtual void stop() = 0;

    /// Healthy, or why the store has stopped.
    [[nodiscard]] virtual Result<void> health() const = 0;
};

}  // namespace baton::queue
