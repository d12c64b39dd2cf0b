// The port for queues in log mode: messages stay, and each subscription reads them at its own pace.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "model/message.h"
#include "model/subscription.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::queue {

struct FetchRequest {
    QueueName queue{};
    SubscriptionName subscription{};
    std::optional<std::uint64_t> after{};          ///< absent: the committed seq
    std::uint32_t max = 100;                       ///< messages, 1..1,000
    Deadline wait = Deadline::after(Duration(0));  ///< until there is one; passed: do not wait
};

/// Queues whose configuration says `mode: log`. Posting is the Producer's `post`, without delay and
/// without ttl (`unsupported`). A message is handed to every subscription, in the order of posting,
/// and stays until it is older than `retention_period`, truncated, purged, or dropped as the oldest
/// of a full queue; reading takes nothing out. A paused log hands out nothing, and a rate for pops
/// holds for all its fetches together: those beyond wait.
/// On a queue in the other mode every call fails with `unsupported`, as `pop` does on a log. Safe
/// to use from any thread; fails and is cancelled as queue/queues.h says.
class Log {
public:
    virtual ~Log() = default;

    /// Makes a subscription that begins at `start`; one that exists keeps its place. Returns the
    /// seq up to which it has committed. A log has up to MessageLimits::subscriptions_max.
    /// Fails: invalid_argument (name, or a seq that does not exist yet); queue_full (too many).
    [[nodiscard]] virtual Task<Result<std::uint64_t>> subscribe(
        QueueName queue, SubscriptionName name, LogStart start) = 0;

    /// Fails: not_found. Those who wait in `fetch` for it end so too.
    [[nodiscard]] virtual Task<Result<void>> unsubscribe(
        QueueName queue, SubscriptionName name) = 0;

    /// By name.
    [[nodiscard]] virtual Task<Result<std::vector<Subscription>>> subscriptions(
        QueueName queue) = 0;

    /// Messages after a seq, oldest first, as many as one answer holds (base/answer_budget.h);
    /// empty when none came before the deadline. A gap in the seqs means that those between are no
    /// longer kept. It moves no cursor: who restarts before `commit` reads them again. Cancelling
    /// it withdraws the wait.
    /// Fails: not_found (no such subscription).
    [[nodiscard]] virtual Task<Result<std::vector<MessageView>>> fetch(FetchRequest request) = 0;

    /// Everything up to `seq` is done with. Committing the same seq again changes nothing.
    /// Fails: not_found; invalid_argument (a seq that does not exist yet); conflict (it lies before
    /// what was committed: going back is `seek`).
    [[nodiscard]] virtual Task<Result<void>> commit(
        QueueName queue, SubscriptionName name, std::uint64_t seq) = 0;

    /// Puts the subscription where `start` says, forwards or back. Returns the seq up to which it
    /// counts as committed then. Fails: not_found, invalid_argument as subscribe.
    [[nodiscard]] virtual Task<Result<std::uint64_t>> seek(
        QueueName queue, SubscriptionName name, LogStart start) = 0;

    /// Removes every message with a smaller seq, read or not. Returns how many went.
    /// Fails: invalid_argument (a seq that does not exist yet).
    [[nodiscard]] virtual Task<Result<std::uint64_t>> truncate_before(
        QueueName queue, std::uint64_t seq) = 0;
};

}  // namespace baton::queue
