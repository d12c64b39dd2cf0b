// Dead letters on their way to a queue that others keep: the port by which partitions of a cluster
// hand them over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "model/message.h"
#include "model/queue_operations.h"
#include "runtime/task.h"

namespace baton::queue {

/// Some of the dead letters that a redrive means, as many as one answer holds
/// (base/answer_budget.h).
struct LetterPage {
    std::vector<MessageView> letters{};  ///< with their data
    std::uint64_t last_seq = 0;          ///< go on after this one
    bool more = false;                   ///< there may be more
    TimePoint now{};                     ///< of the queue's clock
};

/// Letters for another queue. The i-th of a redrive is due at `start` + i / rate.
struct LetterDelivery {
    QueueName target{};
    std::vector<MessageView> letters{};
    TimePoint start{};
    std::uint64_t first = 0;            ///< i of the first one
    std::uint32_t rate_per_second = 0;  ///< 0: all at `start`
};

/// Hands dead letters over in three steps, each of which may be made again: find, take, drop. A
/// letter is dropped only after it was taken, and taken once however often it is offered within
/// `memory`. See queues.h for what holds for every port.
class LetterMover {
public:
    static constexpr std::uint32_t page_max = 1'000;
    /// How long a queue remembers which letters it took, also over restarts: some 100 bytes each.
    static constexpr Duration memory{std::chrono::hours(7 * 24)};

    virtual ~LetterMover() = default;

    /// `after_seq`: `last_seq` of the page before; `max`: 1..page_max. Whatever the target is.
    [[nodiscard]] virtual Task<Result<LetterPage>> find_letters(
        RedriveRequest request, std::uint64_t after_seq, std::uint32_t max) = 0;
    /// Makes messages of them, with new ids, attempts and history as they were, all or none; on
    /// disk on return. Those that were taken before are passed over. Returns how many were not.
    /// Fails: queue_full, message_too_large, quota_exceeded, unsupported (a log).
    [[nodiscard]] virtual Task<Result<std::uint64_t>> take_letters(LetterDelivery delivery) = 0;
    /// Those that are still dead letters of the queue go. Returns how many.
    [[nodiscard]] virtual Task<Result<std::uint64_t>> drop_letters(
        QueueName queue, std::vector<MessageId> letters) = 0;
};

}  // namespace baton::queue
