// Runs whose messages are cancelled end at once: what they would say is no longer wanted, or paid.
#pragma once

#include <memory>
#include <set>

#include "model/message.h"
#include "queue/consumer.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// Lives on the executor it was made with. The queue must outlive it.
class CancelWatch final {
public:
    CancelWatch(const Executor& executor, queue::Consumer& queue);

    /// Returns when the message is cancelled while this waits; cancel it when the run is done.
    [[nodiscard]] Task<void> until_cancelled(MessageId message);

private:
    struct Runs {
        explicit Runs(const Executor& executor) : changed(executor) {}
        Event changed;
        std::set<MessageId> waiting;
        std::set<MessageId> cancelled;
    };

    std::shared_ptr<Runs> runs_;  // a late notice finds it, and nobody who waits
    std::unique_ptr<queue::Watch> watch_;
};

}  // namespace baton::dispatch
