// Brings runs back that rest until a reply is there.
#pragma once

#include <cstddef>
#include <set>
#include <utility>

#include "agents/tool.h"
#include "base/clock.h"
#include "model/message.h"
#include "queue/producer.h"
#include "runtime/task.h"
#include "runtime/task_group.h"

namespace baton::agents {

/// Waits for replies, without a worker, and makes the messages ready whose runs wait for them.
/// What it knows goes with the process: whoever rests looks again from time to time by itself.
/// Lives on one executor, that of the runs; `stop` must have returned before destruction.
class Waker final {
public:
    static constexpr std::size_t waits_max = 10'000;  ///< further ones are not waited for

    /// The references must outlive it.
    Waker(Executor executor, queue::Producer& producer, const Clock& clock)
        : producer_(producer), clock_(clock), waits_(std::move(executor)) {}

    /// Makes `resting` ready once `wait` is over. Asking twice is asking once.
    void wake_after(const ToolWait& wait, MessageId resting);

    [[nodiscard]] std::size_t waits() const noexcept { return known_.size(); }

    [[nodiscard]] Task<void> stop() { return waits_.stop(); }

private:
    using Known = std::pair<MessageId, MessageId>;  ///< waited for, resting

    Task<void> wake(ToolWait wait, MessageId resting);

    queue::Producer& producer_;
    const Clock& clock_;
    std::set<Known> known_;
    TaskGroup waits_;
};

}  // namespace baton::agents
