#include "db/postgres/postgres_connection.h"

#include <charconv>
#include <deque>
#include <libpq-fe.h>
#include <utility>

#include <fmt/core.h>

#include "db/postgres/sql_text.h"

namespace baton::db {
namespace {

/// Prepared statements one session keeps; see the SQLite adapter.
constexpr std::size_t statements_max = 512;
constexpr int attempts_max = 3;  // of a statement outside of a transaction

// From pg_type, where they are the same in all versions.
constexpr Oid bool_type = 16;
constexpr Oid bytea_type = 17;

constexpr const char* begin_serialisable = "BEGIN ISOLATION LEVEL SERIALIZABLE";
// The lock comes before the first look at the data, so the level must be one that looks anew with
// each statement. Another's change may take a minute; a table that is in use is not waited for that
// long, because all others would queue up behind. The number is Baton's own: "baton" in ASCII.
constexpr const char* begin_exclusive =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; "
    "SET LOCAL lock_timeout = 60000; SELECT pg_advisory_xact_lock(422541815662); "
    "SET LOCAL lock_timeout = ";

Error transaction_lost() {
    return {.code = Errc::database_unavailable, .detail = std::string(known_to_be_away)};
}

class AnswerRow final : public Row {
public:
    AnswerRow(const PGresult* answer, int row) noexcept : answer_(answer), row_(row) {}

    bool is_null(int column) const override { return PQgetisnull(answer_, row_, column) == 1; }
    std::int64_t integer(int column) const override {
        const auto digits = raw(column);
        if (PQftype(answer_, column) == bool_type) return digits == "t" ? 1 : 0;
        std::int64_t number = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        return number;
    }
    double real(int column) const override {
        const auto digits = raw(column);
        double number = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        return number;
    }
    std::string_view text(int column) const override {
        const auto given = raw(column);
        if (PQftype(answer_, column) == bytea_type) {
            return decoded_.emplace_back(bytes_of_hex(given).value_or(std::string(given)));
        }
        return has_escapes(given) ? decoded_.emplace_back(unescape_text(given)) : given;
    }

private:
    [[nodiscard]] std::string_view raw(int column) const {
        const auto size = static_cast<std::size_t>(PQgetlength(answer_, row_, column));
        return {PQgetvalue(answer_, row_, column), size};
    }

    const PGresult* answer_;
    int row_;
    mutable std::deque<std::string> decoded_;  // what `text` gave views of
};

void add(Parameters& parameters, std::string_view text, int format) {
    parameters.values.push_back(text.data() ? text.data() : "");
    parameters.lengths.push_back(static_cast<int>(text.size()));
    parameters.formats.push_back(format);
}

void add_made(Parameters& parameters, std::string text) {
    parameters.made.push_back(std::make_unique<std::string>(std::move(text)));
    add(parameters, *parameters.made.back(), 0);  // ends with a zero byte, as text must
}

Parameters parameters_of(std::span<const Value> values) {
    Parameters parameters;
    for (const auto& value : values) {
        switch (value.index()) {
            case 1: add_made(parameters, std::to_string(*std::get_if<1>(&value))); break;
            case 2: add_made(parameters, fmt::format("{}", *std::get_if<2>(&value))); break;
            case 3: {
                const auto text = *std::get_if<3>(&value);
                add_made(parameters, needs_escapes(text) ? escape_text(text) : std::string(text));
                break;
            }
            case 4: add(parameters, std::get_if<4>(&value)->bytes, 1); break;
            default:
                parameters.values.push_back(nullptr);
                parameters.lengths.push_back(0);
                parameters.formats.push_back(0);
        }
    }
    return parameters;
}

/// Rows that a statement changed; none of one that reads.
std::int64_t changes_of(const Answer& answer) {
    const auto command = command_of(answer);
    if (command != "INSERT" && command != "UPDATE" && command != "DELETE") return 0;
    const std::string_view digits = PQcmdTuples(answer.get());
    std::int64_t changes = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), changes);
    return changes;
}

/// Errors that are the server's matter, not the statement's.
bool is_ill(Errc code) noexcept {
    return code == Errc::database_unavailable || code == Errc::permission_denied ||
           code == Errc::storage_full || code == Errc::storage_io || code == Errc::storage_corrupt;
}

bool is_read(const Statement& statement) noexcept { return statement.sql.starts_with("SELECT"); }

}  // namespace

Result<void> PostgresConnection::open() {
    if (session_ && session_->is_open()) return {};
    session_.reset();
    prepared_.clear();
    names_ = 0;
    const auto try_max = config_.connect_timeout * 2;  // connecting, and the first statement
    if (const auto pause = gate_.closed_for(std::chrono::steady_clock::now(), try_max)) {
        return fail({.code = Errc::database_unavailable,
            .detail = std::string(known_to_be_away),
            .retry_after = *pause});
    }
    auto session = Session::open(config_);
    if (!session) {
        auto error = std::move(session).error();
        const auto pause = gate_.failed(std::chrono::steady_clock::now());
        if (error.code == Errc::database_unavailable) error.retry_after = pause;
        return fail(std::move(error));
    }
    gate_.succeeded();
    away_.is_back();
    session_ = *std::move(session);
    return {};
}

Result<void> PostgresConnection::reopen() {
    auto opened = open();
    if (opened) return {};
    return fail(away_.told(std::move(opened).error()));
}

Result<std::int64_t> PostgresConnection::execute(
    const Statement& statement, std::span<const Value> values, const RowSink& sink) {
    Answer answer;
    if (in_transaction_) {
        auto reply = ask(statement, values);
        if (!reply) return fail(note(std::move(reply).error()));
        answer = *std::move(reply);
    } else {
        BATON_TRY(answer, ask_outside(statement, values));
    }
    for (int i = 0; sink && i < PQntuples(answer.get()); ++i) {
        if (!sink(AnswerRow(answer.get(), i))) break;
    }
    return changes_of(answer);
}

/// A statement that is a transaction of its own: what did nothing runs again.
Result<Answer> PostgresConnection::ask_outside(
    const Statement& statement, std::span<const Value> values) {
    for (int attempt = 1;; ++attempt) {
        BATON_TRY_VOID(reopen());
        auto reply = ask(statement, values);
        if (reply) return *std::move(reply);
        const auto aftermath = reply.error().aftermath;
        auto error = note(std::move(reply).error());
        const bool did_nothing = aftermath == Aftermath::repeat || aftermath == Aftermath::forget ||
                                 (aftermath == Aftermath::reconnect && is_read(statement));
        if (!did_nothing || attempt == attempts_max) return fail(std::move(error));
    }
}

Reply<Answer> PostgresConnection::ask(const Statement& statement, std::span<const Value> values) {
    if (!session_) {
        return std::unexpected(Failure{transaction_lost(), Aftermath::reconnect});
    }
    auto prepared = find(statement);
    if (!prepared) return std::unexpected(std::move(prepared).error());
    if (values.size() != (*prepared)->parameters) {
        return std::unexpected(Failure{{.code = Errc::internal,
            .detail = fmt::format("`{}` got {} values for {} parameters", statement.sql,
                values.size(), (*prepared)->parameters)}});
    }
    return session_->run((*prepared)->name, parameters_of(values), limit());
}

Reply<const PostgresConnection::Prepared*> PostgresConnection::find(const Statement& statement) {
    const auto found = prepared_.find(&statement);
    if (found != prepared_.end() && found->second.sql == statement.sql) return &found->second;
    return prepare(statement);
}

Reply<const PostgresConnection::Prepared*> PostgresConnection::prepare(const Statement& statement) {
    if (prepared_.size() >= statements_max) {
        auto dropped = session_->run_script("DEALLOCATE ALL", limit());
        if (!dropped) return std::unexpected(std::move(dropped).error());
        prepared_.clear();
    }
    auto numbered = number_placeholders(statement.sql);
    auto name = fmt::format("baton_{}", ++names_);
    auto reply = session_->prepare(name, numbered.sql, limit());
    if (!reply) return std::unexpected(std::move(reply).error());
    Prepared& entry = prepared_[&statement];
    entry = {std::move(name), std::string(statement.sql), numbered.parameters};
    return &entry;
}

Result<void> PostgresConnection::execute_script(std::string_view sql) {
    if (!in_transaction_) {
        BATON_TRY_VOID(reopen());
    }
    if (!session_) return fail(away_.told(transaction_lost()));
    auto reply = session_->run_script(std::string(sql), limit());
    if (!reply) return fail(note(std::move(reply).error()));
    return {};
}

Result<void> PostgresConnection::begin() { return begin_with(begin_serialisable, false); }
Result<void> PostgresConnection::begin_alone() {
    return begin_with(begin_exclusive + std::to_string(config_.lock_timeout.count()), true);
}

/// Nothing is lost when a session breaks here: a new one begins.
Result<void> PostgresConnection::begin_with(const std::string& sql, bool patient) {
    must_repeat_ = false;
    for (int attempt = 1;; ++attempt) {
        BATON_TRY_VOID(reopen());
        patient_ = patient;
        auto reply = session_->run_script(sql, limit());
        if (reply) {
            in_transaction_ = true;
            return {};
        }
        const bool again = reply.error().aftermath == Aftermath::reconnect;
        auto error = note(std::move(reply).error());
        rollback();  // of a script that failed behind its BEGIN
        if (!again || attempt == attempts_max) return fail(std::move(error));
    }
}

Result<void> PostgresConnection::commit() {
    if (!session_) return fail(away_.told(transaction_lost()));
    auto reply = session_->run_script("COMMIT", limit());
    if (!reply) {
        const bool is_unknown = reply.error().aftermath == Aftermath::reconnect;
        auto error = note(std::move(reply).error());
        if (is_unknown) {
            must_repeat_ = false;
            error.detail += "; whether the commit landed is unknown";
        }
        return fail(std::move(error));
    }
    in_transaction_ = false;
    patient_ = false;
    // So the server answers when a statement had failed before: nothing was committed.
    if (command_of(*reply) == "ROLLBACK") {
        return fail(Errc::internal, "postgres: a failed transaction can't be committed");
    }
    return {};
}

void PostgresConnection::rollback() noexcept {
    const bool is_open = std::exchange(in_transaction_, false) || patient_;
    patient_ = false;
    if (!session_ || !is_open) return;
    if (!session_->run_script("ROLLBACK", limit())) session_.reset();
}

Error PostgresConnection::note(Failure failure) {
    const auto aftermath = failure.aftermath;
    if (aftermath == Aftermath::forget) {
        // Names go on, so the server's own list may keep the old ones.
        prepared_.clear();
    }
    if (aftermath == Aftermath::reconnect) {
        session_.reset();
        failure.error = away_.told(failure.error);
    }
    if (in_transaction_ && aftermath != Aftermath::none) must_repeat_ = true;
    // Who changes the schema is no stranger, and wants to know.
    if (patient_ || aftermath == Aftermath::reconnect || !is_ill(failure.error.code)) {
        return std::move(failure.error);
    }
    return away_.refused(failure.error);
}

Session::Until PostgresConnection::limit() const {
    if (patient_) return std::nullopt;
    return std::chrono::steady_clock::now() + config_.statement_timeout + config_.connect_timeout;
}

}  // namespace baton::db
