// One session with a PostgreSQL server over libpq, in which no wait is without an end.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/postgres/postgres_database.h"
#include "db/postgres/sql_state.h"

struct pg_conn;
struct pg_result;

namespace baton::db {

struct AnswerCloser {
    void operator()(pg_result* answer) const noexcept;
};
/// What a statement brought; null for an empty script.
using Answer = std::unique_ptr<pg_result, AnswerCloser>;

struct Failure {
    Error error;
    Aftermath aftermath = Aftermath::none;
};
template <class T>
using Reply = std::expected<T, Failure>;

/// Parameters in libpq's shape. The bytes belong to the caller, or to `made`.
struct Parameters {
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;                        ///< 0 text, 1 binary
    std::vector<std::unique_ptr<std::string>> made;  ///< texts that were made for the server
};

/// Blocking, one thread at a time. A session whose call failed with `reconnect` is dead.
class Session final {
public:
    /// Fails: database_unavailable, permission_denied, not_found, unsupported, invalid_config.
    [[nodiscard]] static Result<std::unique_ptr<Session>> open(const PostgresConfig& config);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Nothing: no limit.
    using Until = std::optional<SteadyTime>;

    [[nodiscard]] Reply<Answer> prepare(
        const std::string& name, const std::string& sql, Until until);
    [[nodiscard]] Reply<Answer> run(
        const std::string& name, const Parameters& parameters, Until until);
    /// Any number of statements without parameters; the last answer.
    [[nodiscard]] Reply<Answer> run_script(const std::string& sql, Until until);

    /// Whether the server has not hung up, as far as this side knows. Between statements only.
    [[nodiscard]] bool is_open();

private:
    explicit Session(pg_conn* connection) noexcept : connection_(connection) {}

    [[nodiscard]] Result<void> finish_connecting(const PostgresConfig& config);
    [[nodiscard]] Result<void> prepare_session(const PostgresConfig& config);
    [[nodiscard]] Reply<Answer> await_answer(bool sent, Until until);
    [[nodiscard]] Reply<void> await_bytes(Until until);
    [[nodiscard]] Failure lost(std::string_view what) const;
    [[nodiscard]] std::string words() const;

    pg_conn* connection_;
    bool is_dead_ = false;
};

/// "INSERT", "SELECT", "ROLLBACK": the first word of what the server says it did.
[[nodiscard]] std::string_view command_of(const Answer& answer) noexcept;

}  // namespace baton::db
