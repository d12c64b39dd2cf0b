// One connection that writes for everybody: what is queued while one transaction is under way goes
// into the next one together, so that many writers share one fsync.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"
#include "conversations/transaction.h"
#include "db/database.h"
#include "runtime/blocking_pool.h"
#include "runtime/task.h"

namespace baton::conversations {

/// Runs write operations in the order they came, on a thread of its own. One that fails undoes
/// itself and spares the others of its transaction: when it failed before it changed anything there
/// is nothing to do; else the transaction begins again with each operation in a savepoint. Answers
/// go out after the commit. Safe to use from any thread. Destruction finishes what is queued.
class GroupWriter final {
public:
    /// `finish`: in each transaction, before it commits.
    explicit GroupWriter(std::unique_ptr<db::Connection> connection, Finish finish = {});

    /// Runs `body` (Result<T>(Transaction&)) inside a transaction, which may run more than once.
    /// On success its effect is durable; on failure there is none. Fails: what `body`, the
    /// transaction's `finish` or the database fails with; overloaded when 65,536 operations wait.
    template <class T>
    [[nodiscard]] Task<Result<T>> run(std::function<Result<T>(Transaction&)> body) {
        return await_completion<Result<T>>(
            [this, body = std::move(body)](Completion<Result<T>> done) mutable {
                push(std::make_unique<OperationOf<T>>(std::move(body), std::move(done)));
            });
    }

private:
    class Operation {
    public:
        virtual ~Operation() = default;
        /// Keeps its answer for later.
        [[nodiscard]] virtual Result<void> run(Transaction& transaction) = 0;
        /// Its answer is this failure, whatever it was.
        virtual void refuse(const Error& error) = 0;
        virtual void answer() = 0;
        virtual void answer_failure(const Error& error) = 0;
    };

    template <class T>
    class OperationOf final : public Operation {
    public:
        OperationOf(std::function<Result<T>(Transaction&)> body, Completion<Result<T>> done)
            : body_(std::move(body)), done_(std::move(done)) {}

        Result<void> run(Transaction& transaction) override {
            result_ = body_(transaction);
            if (!result_) return fail(result_.error());
            return {};
        }
        void refuse(const Error& error) override { result_ = baton::fail(error); }
        void answer() override { done_(std::move(result_)); }
        void answer_failure(const Error& error) override { done_(fail(error)); }

    private:
        std::function<Result<T>(Transaction&)> body_;
        Completion<Result<T>> done_;
        Result<T> result_{};
    };

    using Batch = std::vector<std::unique_ptr<Operation>>;

    void push(std::unique_ptr<Operation> operation);
    /// On the pool thread: writes batches until none is queued.
    void drain();
    [[nodiscard]] Batch take_batch();
    [[nodiscard]] Result<void> write(const Batch& batch);
    [[nodiscard]] Result<void> run_together(const Batch& batch);
    [[nodiscard]] Result<void> run_apart(const Batch& batch);
    [[nodiscard]] Result<void> run_in_savepoint(Transaction& transaction, Operation& operation);

    std::unique_ptr<db::Connection> connection_;  // the pool thread's
    const Finish finish_;
    bool is_half_done_ = false;  // the pool thread's: an operation failed behind a change
    std::mutex mutex_;           // guards the next two
    Batch queue_;
    bool draining_ = false;
    BlockingPool pool_{1};  // last: its call uses the rest
};

}  // namespace baton::conversations
