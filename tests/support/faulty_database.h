// A database whose n-th call fails, to prove that nothing is left half done wherever the disk gives
// out.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "db/database.h"

namespace baton::test {

/// Counts execute, script, begin and commit calls over all connections of one FaultyDatabase, and
/// fails the one whose number was named. A plan outlives its database. Safe to use from any thread.
class FaultPlan final {
public:
    /// Fails the `n`-th call from now (1, 2, …) with `code`; 0: none.
    void fail_call(std::int64_t n, Errc code = Errc::storage_io) {
        code_ = code;
        left_ = n;
        fired_ = false;
    }
    /// Whether the planned failure has happened.
    [[nodiscard]] bool fired() const { return fired_; }

    [[nodiscard]] Result<void> next() {
        if (left_ == 0 || --left_ != 0) return {};
        fired_ = true;
        return fail(code_.load(), "a planned fault");
    }

private:
    std::atomic<std::int64_t> left_{0};
    std::atomic<Errc> code_{Errc::storage_io};
    std::atomic<bool> fired_{false};
};

class FaultyConnection final : public db::Connection {
public:
    FaultyConnection(std::unique_ptr<db::Connection> inner, FaultPlan& plan)
        : inner_(std::move(inner)), plan_(plan) {}

    Result<std::int64_t> execute(const db::Statement& statement, std::span<const db::Value> values,
        const db::RowSink& sink) override {
        BATON_TRY_VOID(plan_.next());
        return inner_->execute(statement, values, sink);
    }
    Result<void> execute_script(std::string_view sql) override {
        BATON_TRY_VOID(plan_.next());
        return inner_->execute_script(sql);
    }
    Result<void> begin() override {
        BATON_TRY_VOID(plan_.next());
        return inner_->begin();
    }
    Result<void> begin_alone() override {
        BATON_TRY_VOID(plan_.next());
        return inner_->begin_alone();
    }
    Result<void> commit() override {
        BATON_TRY_VOID(plan_.next());
        return inner_->commit();
    }
    void rollback() noexcept override { inner_->rollback(); }
    bool must_repeat() const noexcept override { return inner_->must_repeat(); }

private:
    std::unique_ptr<db::Connection> inner_;
    FaultPlan& plan_;
};

class FaultyDatabase final : public db::Database {
public:
    FaultyDatabase(db::Database& inner, FaultPlan& plan) : inner_(inner), plan_(plan) {}

    Result<std::unique_ptr<db::Connection>> connect() override {
        BATON_TRY(auto connection, inner_.connect());
        return std::make_unique<FaultyConnection>(std::move(connection), plan_);
    }
    std::string_view kind() const noexcept override { return inner_.kind(); }

private:
    db::Database& inner_;
    FaultPlan& plan_;
};

}  // namespace baton::test
