#include "db/postgres/session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <libpq-fe.h>
#include <poll.h>
#include <utility>

#include <fmt/core.h>

namespace baton::db {
namespace {

constexpr int version_min = 130'000;  // 13.0: incremental sorts, without which a search reads on

using std::chrono::steady_clock;

enum class Waited : std::uint8_t { ready, timed_out, broken };

/// Waits until the socket is readable or, with `writable` too, takes bytes.
Waited wait_for(int socket, bool readable, bool writable, const Session::Until& until) {
    if (socket < 0) return Waited::broken;
    const auto events = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    while (true) {
        int timeout = -1;
        if (until) {
            const auto left = std::chrono::ceil<Duration>(*until - steady_clock::now()).count();
            timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 86'400'000));
        }
        pollfd waiting{socket, events, 0};
        const int ready = ::poll(&waiting, 1, timeout);
        if (ready > 0) return Waited::ready;
        if (ready == 0) return Waited::timed_out;
        if (errno != EINTR) return Waited::broken;
    }
}

/// The server's words on one line, without the severity that the code says.
std::string one_line(std::string_view text) {
    std::string line;
    for (const char c : text) line += c == '\n' || c == '\t' ? ' ' : c;
    while (line.ends_with(' ')) line.pop_back();
    return line;
}

Failure failure_of(const pg_result* answer) {
    const char* const state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char* const message = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const auto verdict = verdict_of(state ? state : "08006");  // no state: libpq's own failure
    return {.error = {.code = verdict.code,
                .detail = fmt::format("postgres: {} ({})",
                    one_line(message ? message : PQresultErrorMessage(answer)),
                    state ? state : "no code")},
        .aftermath = verdict.aftermath};
}

bool is_failure(const pg_result* answer) noexcept {
    const auto status = PQresultStatus(answer);
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

bool is_copy(const pg_result* answer) noexcept {
    const auto status = PQresultStatus(answer);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/// Seconds of a TCP setting, from 1.
std::string seconds(Duration duration) {
    return std::to_string(
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(duration).count()));
}

}  // namespace

void AnswerCloser::operator()(pg_result* answer) const noexcept { PQclear(answer); }

std::string_view command_of(const Answer& answer) noexcept {
    const std::string_view tag = answer ? PQcmdStatus(answer.get()) : "";
    return tag.substr(0, tag.find(' '));
}

Result<std::unique_ptr<Session>> Session::open(const PostgresConfig& config) {
    const std::string port = std::to_string(config.port);
    const std::string password(config.password.reveal());
    const std::string alive = seconds(config.connect_timeout);
    const std::string unanswered = std::to_string(config.connect_timeout.count() * 2);
    // Empty values are left to libpq: PGPASSWORD and ~/.pgpass, the system's certificates.
    const std::array<std::pair<const char*, const char*>, 15> settings{{
        {"host", config.host.c_str()},
        {"port", port.c_str()},
        {"user", config.user.c_str()},
        {"password", password.c_str()},
        {"dbname", config.dbname.c_str()},
        {"sslmode", config.sslmode.c_str()},
        {"sslrootcert", config.ca_file.c_str()},
        {"sslcert", config.cert_file.c_str()},
        {"sslkey", config.key_file.c_str()},
        {"application_name", config.application_name.c_str()},
        {"client_encoding", "UTF8"},
        {"target_session_attrs", "read-write"},
        {"keepalives_idle", alive.c_str()},
        {"keepalives_interval", alive.c_str()},
        {"tcp_user_timeout", unanswered.c_str()},
    }};
    std::array<const char*, settings.size() + 1> names{};
    std::array<const char*, settings.size() + 1> values{};
    for (std::size_t i = 0; i < settings.size(); ++i) {
        names[i] = settings[i].first;
        values[i] = settings[i].second;
    }
    std::unique_ptr<Session> session(
        new Session(PQconnectStartParams(names.data(), values.data(), 0)));
    if (session->connection_ == nullptr) return fail(Errc::internal, "postgres: out of memory");
    // libpq would print notices to standard error.
    PQsetNoticeReceiver(session->connection_, [](void*, const PGresult*) {}, nullptr);
    BATON_TRY_VOID(session->finish_connecting(config));
    BATON_TRY_VOID(session->prepare_session(config));
    return session;
}

Session::~Session() { PQfinish(connection_); }

Result<void> Session::finish_connecting(const PostgresConfig& config) {
    const Until until = steady_clock::now() + config.connect_timeout;
    auto state = PGRES_POLLING_WRITING;
    while (PQstatus(connection_) != CONNECTION_BAD) {
        const bool writing = state == PGRES_POLLING_WRITING;
        const auto waited = wait_for(PQsocket(connection_), !writing, writing, until);
        if (waited == Waited::timed_out) {
            return fail(Errc::database_unavailable,
                fmt::format("postgres: `{}` port {} does not answer within {} ms", config.host,
                    config.port, config.connect_timeout.count()));
        }
        state = PQconnectPoll(connection_);
        if (state == PGRES_POLLING_OK) return {};
        if (state == PGRES_POLLING_FAILED) break;
    }
    const auto said = words();
    return fail(connect_errc(said), "postgres: " + said);
}

Result<void> Session::prepare_session(const PostgresConfig& config) {
    if (PQserverVersion(connection_) < version_min) {
        return fail(
            Errc::unsupported, fmt::format("postgres: version {} is too old; 13 is the least",
                                   PQparameterStatus(connection_, "server_version")));
    }
    const std::string_view encoding = PQparameterStatus(connection_, "server_encoding");
    if (encoding != "UTF8") {
        return fail(Errc::invalid_config,
            fmt::format(
                "postgres: database `{}` is in {}; it must be in UTF8", config.dbname, encoding));
    }
    // Statements rather than start-up options, which PgBouncer refuses. Commits are durable here
    // whatever the server's default is; one that waits for standbys stays as it is. Each statement
    // of ours finds its rows by an index: compiling it or handing it to workers takes longer than
    // the statement itself, and a plan that is made for any value would read a whole table for one
    // that few rows have.
    const auto sql = fmt::format(
        "SET statement_timeout = {}; SET lock_timeout = {}; "
        "SET idle_in_transaction_session_timeout = {}; SET bytea_output = 'hex'; "
        "SET TimeZone = 'UTC'; SET default_transaction_isolation = 'read committed'; "
        "SET jit = off; SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0; "
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') = 'off'",
        config.statement_timeout.count(), config.lock_timeout.count(),
        4 * config.statement_timeout.count());
    const auto done = run_script(sql, steady_clock::now() + config.connect_timeout);
    if (!done) return fail(done.error().error);
    return {};
}

Reply<Answer> Session::prepare(const std::string& name, const std::string& sql, Until until) {
    const bool sent = PQsendPrepare(connection_, name.c_str(), sql.c_str(), 0, nullptr) == 1;
    return await_answer(sent, until);
}

Reply<Answer> Session::run(const std::string& name, const Parameters& parameters, Until until) {
    const bool sent =
        PQsendQueryPrepared(connection_, name.c_str(), static_cast<int>(parameters.values.size()),
            parameters.values.data(), parameters.lengths.data(), parameters.formats.data(), 0) == 1;
    return await_answer(sent, until);
}

Reply<Answer> Session::run_script(const std::string& sql, Until until) {
    return await_answer(PQsendQuery(connection_, sql.c_str()) == 1, until);
}

/// The last answer, or the first failure. Reads until the server is ready for the next statement.
Reply<Answer> Session::await_answer(bool sent, Until until) {
    if (!sent) return std::unexpected(lost(words()));
    Answer last;
    std::optional<Failure> failure;
    while (true) {
        auto here = await_bytes(until);
        if (!here) return std::unexpected(failure ? *failure : std::move(here).error());
        Answer answer(PQgetResult(connection_));
        if (!answer) break;
        if (is_copy(answer.get())) return std::unexpected(lost("COPY is not for this port"));
        if (is_failure(answer.get()) && !failure) failure = failure_of(answer.get());
        last = std::move(answer);
    }
    if (PQstatus(connection_) == CONNECTION_BAD) {
        is_dead_ = true;
        if (failure) failure->aftermath = Aftermath::reconnect;
        if (!failure) failure = lost(words());
    }
    if (failure) {
        is_dead_ = is_dead_ || failure->aftermath == Aftermath::reconnect;
        return std::unexpected(*std::move(failure));
    }
    return last;
}

/// Until a whole answer is here.
Reply<void> Session::await_bytes(Until until) {
    int unsent = PQflush(connection_);
    while (unsent == 1 || (unsent == 0 && PQisBusy(connection_) == 1)) {
        const auto waited = wait_for(PQsocket(connection_), true, unsent == 1, until);
        if (waited == Waited::timed_out) {
            is_dead_ = true;
            return std::unexpected(lost("the server does not answer"));
        }
        if (waited == Waited::broken || PQconsumeInput(connection_) == 0) {
            is_dead_ = true;
            return std::unexpected(lost(words()));
        }
        unsent = PQflush(connection_);
    }
    if (unsent >= 0) return {};
    is_dead_ = true;
    return std::unexpected(lost(words()));
}

bool Session::is_open() {
    if (is_dead_ || PQstatus(connection_) == CONNECTION_BAD) return false;
    // An idle server has something to say when it hangs up: why, and then the end of the stream.
    while (wait_for(PQsocket(connection_), true, false, SteadyTime{}) != Waited::timed_out) {
        is_dead_ = PQconsumeInput(connection_) == 0 || PQstatus(connection_) == CONNECTION_BAD;
        if (is_dead_) return false;
        static_cast<void>(PQisBusy(connection_));  // takes what was read out of the buffer
    }
    return true;
}

Failure Session::lost(std::string_view what) const {
    return {
        .error = {.code = Errc::database_unavailable, .detail = fmt::format("postgres: {}", what)},
        .aftermath = Aftermath::reconnect};
}

std::string Session::words() const { return one_line(PQerrorMessage(connection_)); }

}  // namespace baton::db
