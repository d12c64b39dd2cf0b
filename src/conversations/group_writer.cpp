#include "conversations/group_writer.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace baton::conversations {
namespace {

constexpr std::size_t queue_max = 65'536;
constexpr std::size_t batch_max = 1'024;  // bounds how long the first of a batch waits

constexpr db::Statement savepoint{"SAVEPOINT operation"};
constexpr db::Statement rollback_to{"ROLLBACK TO operation"};
constexpr db::Statement release{"RELEASE operation"};

}  // namespace

GroupWriter::GroupWriter(std::unique_ptr<db::Connection> connection, Finish finish)
    : connection_(std::move(connection)), finish_(std::move(finish)) {}

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
        const auto done = write(batch);
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

Result<void> GroupWriter::write(const Batch& batch) {
    auto done = db::in_transaction(*connection_, [&] { return run_together(batch); });
    if (done || !is_half_done_ || batch.size() == 1) return done;
    return db::in_transaction(*connection_, [&] { return run_apart(batch); });
}

/// Without savepoints, which cost two statements each and make SQLite's full-text index write what
/// it has gathered. Fails when an operation left something half done.
Result<void> GroupWriter::run_together(const Batch& batch) {
    Transaction transaction(*connection_, finish_);
    is_half_done_ = false;
    for (const auto& operation : batch) {
        const auto done = operation->run(transaction);
        const bool has_changed = transaction.take_has_changed();
        const bool must_repeat = connection_->must_repeat();
        if (done || (!has_changed && !must_repeat)) continue;
        is_half_done_ = !must_repeat;
        return done;
    }
    const auto finished = transaction.finish();
    is_half_done_ = !finished && !connection_->must_repeat();
    return finished;
}

Result<void> GroupWriter::run_apart(const Batch& batch) {
    Transaction transaction(*connection_, finish_);
    for (const auto& operation : batch) {
        BATON_TRY_VOID(run_in_savepoint(transaction, *operation));
    }
    return {};
}

/// Fails only when the whole transaction must go.
Result<void> GroupWriter::run_in_savepoint(Transaction& transaction, Operation& operation) {
    BATON_TRY_VOID(connection_->execute(savepoint));
    auto done = operation.run(transaction);
    if (done) {
        done = transaction.finish();
        if (!done) operation.refuse(done.error());
    }
    if (!done) {
        if (connection_->must_repeat()) return done;
        static_cast<void>(transaction.take_texts());
        // A database in trouble may have dropped the transaction, and the savepoint with it.
        const auto undone = connection_->execute(rollback_to);
        if (!undone) return done;
    }
    BATON_TRY_VOID(connection_->execute(release));
    return {};
}

}  // namespace baton::conversations
