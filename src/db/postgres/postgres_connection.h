// A connection of the port over sessions with a server: made anew when one breaks.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/server_gate.h"
#include "db/database.h"
#include "db/postgres/away_log.h"
#include "db/postgres/session.h"

namespace baton::db {

/// Blocking, one thread at a time. Of a server that is away callers hear the plain words of
/// `AwayLog`, except from `open`.
class PostgresConnection final : public Connection {
public:
    /// All outlive it. Connects with the first call, or `open`.
    PostgresConnection(const PostgresConfig& config, ServerGate& gate, AwayLog& away) noexcept
        : config_(config), gate_(gate), away_(away) {}

    /// Has a session that works, as far as is known. Fails: as Session::open, in its words, with
    /// retry_after.
    [[nodiscard]] Result<void> open();

    [[nodiscard]] Result<std::int64_t> execute(const Statement& statement,
        std::span<const Value> values = {}, const RowSink& sink = {}) override;
    [[nodiscard]] Result<void> execute_script(std::string_view sql) override;
    [[nodiscard]] Result<void> begin() override;
    [[nodiscard]] Result<void> begin_alone() override;
    [[nodiscard]] Result<void> commit() override;
    void rollback() noexcept override;
    [[nodiscard]] bool must_repeat() const noexcept override { return must_repeat_; }

private:
    struct Prepared {
        std::string name;
        std::string sql;  ///< as it was given
        std::size_t parameters = 0;
    };

    /// `open` for callers that may be strangers. Fails: database_unavailable.
    [[nodiscard]] Result<void> reopen();
    [[nodiscard]] Reply<const Prepared*> find(const Statement& statement);
    [[nodiscard]] Reply<const Prepared*> prepare(const Statement& statement);
    [[nodiscard]] Reply<Answer> ask(const Statement& statement, std::span<const Value> values);
    [[nodiscard]] Result<Answer> ask_outside(
        const Statement& statement, std::span<const Value> values);
    [[nodiscard]] Result<void> begin_with(const std::string& sql, bool patient);
    /// Learns from a failure, and gives what the caller hears.
    [[nodiscard]] Error note(Failure failure);
    [[nodiscard]] Session::Until limit() const;

    const PostgresConfig& config_;
    ServerGate& gate_;
    AwayLog& away_;
    std::unique_ptr<Session> session_;  // null: to be made
    std::unordered_map<const Statement*, Prepared> prepared_;
    std::size_t names_ = 0;  // prepared statements named so far in this session
    bool in_transaction_ = false;
    bool patient_ = false;  // statements have no limit
    bool must_repeat_ = false;
};

}  // namespace baton::db
