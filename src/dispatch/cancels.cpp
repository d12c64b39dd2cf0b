#include "dispatch/cancels.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <utility>

#include "runtime/handover.h"

namespace baton::dispatch {

/// Shared with what is on its way from the queues' thread.
struct Cancels::Book {
    explicit Book(Executor on) : executor(std::move(on)) {}

    const Executor executor;
    std::map<MessageId, Watched*> watched;
    std::atomic<std::size_t> count = 0;  ///< of `watched`, for the queues' thread
};

Cancels::Watched::Watched(std::shared_ptr<Book> book, MessageId id)
    : book_(std::move(book)), id_(id), changed_(book_->executor) {
    book_->watched[id_] = this;
    book_->count = book_->watched.size();
}

Cancels::Watched::~Watched() {
    book_->watched.erase(id_);
    book_->count = book_->watched.size();
}

Task<void> Cancels::Watched::wait(Deadline deadline) {
    if (is_cancelled_) co_return;
    const auto woken = co_await changed_.wait(deadline);
    static_cast<void>(woken);
}

Cancels::Cancels(const Executor& executor, queue::Consumer& consumer)
    : book_(std::make_shared<Book>(executor)) {
    watch_ = consumer.watch_cancels([book = book_](const MessageId& message) {
        if (book->count == 0) return;
        // In one order with the answers: it overtakes none of a pop that was committed before.
        Handover::of(book->executor).push(book->executor, [book, message] {
            const auto found = book->watched.find(message);
            if (found == book->watched.end()) return;
            found->second->is_cancelled_ = true;
            found->second->changed_.notify_all();
        });
    });
}

std::unique_ptr<Cancels::Watched> Cancels::watch(MessageId id) {
    return std::make_unique<Watched>(book_, id);
}

}  // namespace baton::dispatch
