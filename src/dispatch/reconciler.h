// The check after a crash: queue and conversation store are two stores, and one may know what the
// other missed.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "conversations/conversations.h"
#include "model/conversation.h"
#include "queue/queues.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// What a check found and put right.
struct Reconciled {
    std::uint64_t added = 0;     ///< turns that were only in the queue
    std::uint64_t finished = 0;  ///< turns whose queue message is dead or gone
    std::uint64_t waiting = 0;   ///< turns whose message waits or runs, as it should be
};

/// The final status of a message whose last run failed with `reason` (an Error as text).
[[nodiscard]] DialogStatus status_of_dead(std::string_view reason) noexcept;

/// Safe while messages come and go: an answer wins over whatever it writes, and repeating it
/// changes nothing. Goes through both stores in pages of `page_size`. On the caller's executor.
class Reconciler final {
public:
    static constexpr std::uint32_t page_size = 500;

    Reconciler(queue::Queues& queue, conversations::Conversations& conversations,
        conversations::DialogWriter& writer, const Clock& clock)
        : queue_(queue), conversations_(conversations), writer_(writer), clock_(clock) {}

    /// Suspends at each store call; cancellation leaves the rest undone. Fails: what the stores
    /// fail with.
    [[nodiscard]] Task<Result<Reconciled>> run();

private:
    Task<Result<std::uint64_t>> add_missing();
    /// Of a conversation that was removed: it would make the conversation anew once its stone is
    /// gone.
    Task<Result<void>> drop(MessageId id);
    Task<Result<Reconciled>> finish_gone();
    /// True when the message needs to be finished and was.
    Task<Result<bool>> finish_if_gone(MessageId id);

    queue::Queues& queue_;
    conversations::Conversations& conversations_;
    conversations::DialogWriter& writer_;
    const Clock& clock_;
};

}  // namespace baton::dispatch
