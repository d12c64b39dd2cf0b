// The port for output streams: a worker tells, while it works, and any number of readers follow.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/message.h"
#include "model/output.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::queue {

struct OutputRequest {
    MessageId message{};
    std::uint64_t from = 0;                        ///< offset of the first event wanted
    std::uint32_t max = 1'000;                     ///< events, 1..1,000
    Deadline wait = Deadline::after(Duration(0));  ///< until there is one; passed: do not wait
};

/// The output of messages. It is kept as long as its message (dead letters too), and for the
/// queue's `reply_ttl` after the last append: so it can be read to its end after the message has
/// finished. Safe to use from any thread; fails and is cancelled as queue/queues.h says.
class Outputs {
public:
    virtual ~Outputs() = default;

    /// Adds events (1..1,000) behind the output of a leased message, all or none; when it returns
    /// they are as durable as the queue's posts. A worker that has lost its lease can't spoil what
    /// the next one says. Returns the offset behind the last one.
    /// Fails: lease_lost; message_too_large for an event above the queue's max_message_size;
    /// payload_too_large when the output would have more than MessageLimits::output_events_max
    /// events or output_bytes_max bytes; quota_exceeded beyond the tenant's quota, with
    /// retry_after.
    [[nodiscard]] virtual Task<Result<std::uint64_t>> append_output(
        Receipt receipt, std::vector<Bytes> events) = 0;

    /// Up to `max` events from `from` on, as many as one answer holds (base/answer_budget.h), as
    /// soon as there is one, the output has ended, or the wait is over; `next` of the page is where
    /// to go on, also after a restart of the daemon.
    /// The events of a delivery that failed stay, so a reader that wants the last one's only looks
    /// at `attempt`. Of a message that said nothing, or whose output is no longer kept, the page is
    /// empty and has ended. Cancelling it withdraws the wait.
    /// Fails: message_not_found (no such message was ever posted).
    [[nodiscard]] virtual Task<Result<OutputPage>> read_output(OutputRequest request) = 0;
};

}  // namespace baton::queue
