// Leasing messages and settling them: the port of consumers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "model/message.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::queue {

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

/// What a leased message really costs (see `cost_header`).
struct Charge {
    Receipt receipt{};
    std::uint32_t cost = 1;  ///< 1..cost_max
};

/// What became of a nacked message.
enum class NackOutcome : std::uint8_t { returned, dead };

/// What one call did to each of its receipts, in their order.
template <class T>
using PerReceipt = std::vector<Result<T>>;

struct AckedAndPopped {
    PerReceipt<void> acks{};
    std::vector<LeasedMessage> messages{};
};

/// Ends what it stands for when it goes. May outlive the queues.
class Watch {
public:
    virtual ~Watch() = default;
};

/// Leases messages and settles them: 1..10,000 receipts a call, which are one command and one
/// commit. A receipt whose lease has ended in any way fails with `lease_lost` and spoils none of
/// the others. See queues.h for what holds for every port.
class Consumer {
public:
    virtual ~Consumer() = default;

    /// Leases up to `max` messages, in the order of the queue's strategy; strict: highest level
    /// first, inside a level fairness keys by weight, and FIFO inside a key. Of one ordering key
    /// one at a time. Empty when none came before the deadline. Ends before the message that would
    /// pass AnswerBudget::bytes_max, which stays ready and first; one always comes.
    [[nodiscard]] virtual Task<Result<std::vector<LeasedMessage>>> pop(PopRequest request) = 0;

    /// Finishes messages.
    [[nodiscard]] virtual Task<Result<PerReceipt<void>>> ack(std::vector<Receipt> receipts) = 0;

    /// Gives messages back.
    [[nodiscard]] virtual Task<Result<PerReceipt<NackOutcome>>> nack(
        std::vector<NackRequest> requests) = 0;

    /// The leases end `lease` from now (1 ms .. 12 h). Returns when.
    [[nodiscard]] virtual Task<Result<PerReceipt<TimePoint>>> extend(
        std::vector<Receipt> receipts, Duration lease) = 0;

    /// From now on leased messages count for this much instead of what was assumed of them, in the
    /// shares of their fairness keys and levels. One that is given back without blame counts
    /// nothing. Kept in memory only.
    [[nodiscard]] virtual Task<Result<PerReceipt<void>>> charge(std::vector<Charge> charges) = 0;

    /// Finishes messages (0 of them is fine) and pops, in one command and one commit. While it
    /// waits for messages the acks are durable already; cancelling the wait does not undo them.
    /// Fails as `pop`, and then acked nothing.
    [[nodiscard]] virtual Task<Result<AckedAndPopped>> ack_and_pop(
        std::vector<Receipt> receipts, PopRequest request) = 0;

    /// Stores the reply to a message, finished or not, for the queue's `reply_ttl`; the last one
    /// wins. `result` ≤ the queue's max_message_size. Fails: message_not_found (no such message was
    /// ever posted), message_too_large, quota_exceeded.
    [[nodiscard]] virtual Task<Result<void>> reply(
        MessageId message, Bytes result, std::string metadata) = 0;

    /// From now on `cancelled` is called for each leased message that was cancelled, after that is
    /// durable: its receipt is void. It runs on a thread of the queues and must be short, post
    /// elsewhere what takes time, and not end its own watch. Once the watch has gone it is not
    /// running and will not be called again.
    [[nodiscard]] virtual std::unique_ptr<Watch> watch_cancels(
        std::function<void(const MessageId&)> cancelled) = 0;

    // The same for one receipt.
    [[nodiscard]] Task<Result<void>> ack(Receipt receipt) {
        return only(ack(std::vector<Receipt>(1, receipt)));
    }
    [[nodiscard]] Task<Result<NackOutcome>> nack(NackRequest request) {
        std::vector<NackRequest> requests;
        requests.push_back(std::move(request));
        return only(nack(std::move(requests)));
    }
    [[nodiscard]] Task<Result<void>> charge(Charge charge_one) {
        return only(charge(std::vector<Charge>(1, charge_one)));
    }
    [[nodiscard]] Task<Result<TimePoint>> extend(Receipt receipt, Duration lease) {
        return only(extend(std::vector<Receipt>(1, receipt), lease));
    }

private:
    template <class T>
    static Task<Result<T>> only(Task<Result<PerReceipt<T>>> task) {
        auto results = co_await std::move(task);
        if (!results) co_return std::unexpected(std::move(results).error());
        co_return std::move(results->front());
    }
};

}  // namespace baton::queue
