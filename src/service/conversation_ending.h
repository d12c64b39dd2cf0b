// How conversations end: by hand, at their time, or after idling.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/result.h"
#include "conversations/conversations.h"
#include "queue/queues.h"
#include "runtime/task.h"

namespace baton::service {

/// All must outlive who uses it.
struct EndingDeps {
    queue::Queues& queues;
    conversations::DialogWriter& writer;
    conversations::Keeper& keeper;
    conversations::Users& users;
    const Clock& clock;
};

/// Takes the message out of the queue, which ends its run, and marks it cancelled. One that the
/// queue no longer has is only marked. Fails: what the stores fail with.
[[nodiscard]] Task<Result<void>> cancel_message(const EndingDeps& deps, MessageId id);

/// Of a removed conversation: cancels what is unfinished, then deletes its messages, 500 a
/// transaction. Returns how many. May be repeated. Fails: what the stores fail with.
[[nodiscard]] Task<Result<std::uint64_t>> clear_conversation(
    const EndingDeps& deps, const ConversationId& id);

struct SweepConfig {
    Duration interval{60'000};  ///< between sweeps
    Duration idle_time{0};      ///< as MessageServiceConfig::idle_time
    /// Stones of removed conversations stay for so long: longer than a run under way may take to
    /// hear that it was cancelled.
    Duration stone_time{15 * 60'000};
    std::uint32_t batch = 100;  ///< conversations of one transaction, 1..1,000
};

struct Swept {
    std::uint64_t conversations = 0;  ///< that came to their end in this sweep
    std::uint64_t messages = 0;       ///< that were deleted
    bool operator==(const Swept&) const = default;
};

/// Removes what is over, clears what was removed (also by a daemon that died), forgets old counts
/// and stones. Each transaction is bounded; others write in between. May be repeated.
/// Fails: what the stores fail with; the next sweep goes on.
[[nodiscard]] Task<Result<Swept>> sweep(const EndingDeps& deps, const SweepConfig& config);

/// Sweeps until it is cancelled, from the first interval on. For a TaskGroup.
[[nodiscard]] Task<void> sweep_for_ever(EndingDeps deps, SweepConfig config, Log log);

}  // namespace baton::service
