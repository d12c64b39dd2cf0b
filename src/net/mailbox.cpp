#include "net/transfer.h"

namespace baton::net {

void Mailbox::put_head(Response head) {
    std::unique_lock lock(mutex_);
    pending_.head = std::move(head);
    deliver(std::move(lock));
}

bool Mailbox::put_body(std::string_view piece) {
    std::unique_lock lock(mutex_);
    if (!pending_.body.empty() && pending_.body.size() + piece.size() > waiting_max) {
        refused_ = true;
        return false;
    }
    pending_.body += piece;
    deliver(std::move(lock));
    return true;
}

void Mailbox::put_end(Result<void> end) {
    std::unique_lock lock(mutex_);
    if (pending_.end) return;
    pending_.end = std::move(end);
    deliver(std::move(lock));
}

bool Mailbox::take(Completion<TransferUpdate> done) {
    std::unique_lock lock(mutex_);
    waiter_ = std::move(done);
    const bool refused = std::exchange(refused_, false);
    deliver(std::move(lock));
    return refused;
}

/// The waiter is called without the lock: it may run anything.
void Mailbox::deliver(std::unique_lock<std::mutex> lock) {
    if (!waiter_ || pending_.empty()) return;
    auto waiter = std::exchange(waiter_, nullptr);
    auto update = std::exchange(pending_, {});
    lock.unlock();
    waiter(std::move(update));
}

}  // namespace baton::net
