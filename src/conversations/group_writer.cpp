#include "conversations/group_writer.h"

#include <algorithm>
#include <iterator>

namespace baton::conversations {
namespace {

constexpr std::size_t queue_max = 65'536;
constexpr std::size_t batch_max = 1'024;  // bounds how long the first of a batch waits

constexpr db::Statement savepoint{"SAVEPOINT operation"};
constexpr db::Statement rollback_to{"ROLLBACK TO operation"};
constexpr db::Statement release{"RELEASE operation"};

}  // namespace

GroupWriter::GroupWriter(std::unique_ptr<db::Connection> connection)
    : connection_(std::move(connection)) {}

void GroupWriter::push(std::unique_ptr<Operation> operation) {
    {
        const std::scoped_lock lock(mutex_);
        if (queue_.size() < queue_max) {
            queue_.push_back(std::move(operation));
            // The pool's own queue holds at most this one call, so it never refuses.
            if (!std::exchange(draining_, true))
                static_cast<void>(pool_.submit([this] { drain(); }));
            return;
        }
    }
    operation->answer_failure({Errc::overloaded, "too many writes wait for the database"});
}

void GroupWriter::drain() {
    for (Batch batch = take_batch(); !batch.empty(); batch = take_batch()) {
        const auto done = db::in_transaction(*connection_, [&] { return run_batch(batch); });
        for (const auto& operation : batch) {
            if (done) {
                operation->answer();
            } else {
                operation->answer_failure(done.error());
            }
        }
    }
}

GroupWriter::Batch GroupWriter::take_batch() {
    const std::scoped_lock lock(mutex_);
    const auto end =
        queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), batch_max));
    Batch batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    draining_ = !batch.empty();
    return batch;
}

Result<void> GroupWriter::run_batch(const Batch& batch) {
    for (const auto& operation : batch) {
        BATON_TRY_VOID(run_alone(*operation));
    }
    return {};
}

/// Fails only when the whole transaction must go.
Result<void> GroupWriter::run_alone(Operation& operation) {
    BATON_TRY_VOID(connection_->execute(savepoint));
    const auto done = operation.run(*connection_);
    if (!done) {
        if (connection_->must_repeat()) return done;
        // A database in trouble may have dropped the transaction, and the savepoint with it.
        const auto undone = connection_->execute(rollback_to);
        if (!undone) return done;
    }
    BATON_TRY_VOID(connection_->execute(release));
    return {};
}

}  // namespace baton::conversations
