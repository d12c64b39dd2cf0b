// The relational port: statements with bound values, transactions, and nothing of any product.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace baton::db {

/// Raw bytes as a parameter, as opposed to text.
struct Blob {
    std::string_view bytes;
};

/// A bound parameter. Views must live until the call returns.
using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, Blob>;

/// One row of an answer. Valid only while the sink runs; columns count from 0; text views die with
/// the row.
class Row {
public:
    virtual ~Row() = default;
    [[nodiscard]] virtual bool is_null(int column) const = 0;
    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
    [[nodiscard]] virtual double real(int column) const = 0;
    /// Text or blob; empty for NULL.
    [[nodiscard]] virtual std::string_view text(int column) const = 0;
};

/// Receives rows one by one; return false to stop early (which is no error).
using RowSink = std::function<bool(const Row&)>;

/// A statement. Make each one a namespace-scope constant: connections keep the prepared form by
/// address.
struct Statement {
    std::string_view sql;  ///< one statement, parameters written ?
};

/// One connection. Blocking: use it on a thread that may block, one thread at a time.
class Connection {
public:
    virtual ~Connection() = default;

    /// Runs a statement and returns how many rows it changed.
    /// Fails: conflict (a constraint), storage_full, storage_io, storage_corrupt,
    /// database_unavailable (busy, gone, or too slow; retry_after when known).
    [[nodiscard]] virtual Result<std::int64_t> execute(const Statement& statement,
        std::span<const Value> values = {}, const RowSink& sink = {}) = 0;

    /// Runs several statements without values (schema files).
    [[nodiscard]] virtual Result<void> execute_script(std::string_view sql) = 0;

    /// A transaction, as if none ran beside it (serialisable). After an error in between, call
    /// `rollback`.
    [[nodiscard]] virtual Result<void> begin() = 0;
    /// The same, and waits until no other connection is in one begun this way; its statements have
    /// no time limit. For changes of the schema.
    [[nodiscard]] virtual Result<void> begin_alone() { return begin(); }
    /// On return the changes survive a crash of the machine. Failed with `database_unavailable`,
    /// they may have landed all the same.
    [[nodiscard]] virtual Result<void> commit() = 0;
    virtual void rollback() noexcept = 0;

    /// Whether the last transaction failed, and did nothing, because of others or a lost server: it
    /// may succeed when it runs again from `begin`. Never where transactions wait for each other.
    [[nodiscard]] virtual bool must_repeat() const noexcept { return false; }
};

/// Makes connections to one database. Safe to use from any thread.
class Database {
public:
    virtual ~Database() = default;
    /// One that must not outlive the database.
    /// Fails: data_dir_unusable, data_dir_locked, storage_corrupt, database_unavailable.
    [[nodiscard]] virtual Result<std::unique_ptr<Connection>> connect() = 0;
    /// The dialect of migrations: "sqlite" or "postgres".
    [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
};

/// Runs `body` inside a transaction: commit when it succeeds, rollback when it fails. When the
/// database asks for it (`must_repeat`) all of it runs again, ten times at most, after random
/// pauses of up to 100 ms: so `body` sets anew whatever it keeps outside of the database.
[[nodiscard]] Result<void> in_transaction(
    Connection& connection, const std::function<Result<void>()>& body);

/// The same with `begin_alone`.
[[nodiscard]] Result<void> in_transaction_alone(
    Connection& connection, const std::function<Result<void>()>& body);

}  // namespace baton::db
