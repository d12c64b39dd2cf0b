// Tells runs under way that their message was cancelled.
#pragma once

#include <memory>

#include "model/message.h"
#include "queue/consumer.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// Lives on one executor; what the queues tell on a thread of theirs is brought there.
class Cancels final {
    struct Book;

public:
    /// A message under way, watched from its making to its end.
    class Watched final {
    public:
        Watched(std::shared_ptr<Book> book, MessageId id);
        ~Watched();
        Watched(const Watched&) = delete;
        Watched& operator=(const Watched&) = delete;

        [[nodiscard]] bool is_cancelled() const noexcept { return is_cancelled_; }
        /// Until it is cancelled or the deadline comes.
        [[nodiscard]] Task<void> wait(Deadline deadline);

    private:
        friend class Cancels;
        const std::shared_ptr<Book> book_;
        const MessageId id_;
        Event changed_;
        bool is_cancelled_ = false;
    };

    /// `consumer` must outlive it.
    Cancels(const Executor& executor, queue::Consumer& consumer);

    /// One at a time for each message.
    [[nodiscard]] std::unique_ptr<Watched> watch(MessageId id);

private:
    std::shared_ptr<Book> book_;
    std::unique_ptr<queue::Watch> watch_;
};

}  // namespace baton::dispatch
