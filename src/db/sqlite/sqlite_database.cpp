#include "db/sqlite/sqlite_database.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>
#include <sqlite3.h>

#include "db/sqlite/block_words.h"
#include "db/sqlite/checked_pages.h"
#include "db/sqlite/wal_check.h"

namespace baton::db {
namespace {

/// Prepared statements one connection keeps; a program has a few dozen, so more means that somebody
/// builds SQL.
constexpr std::size_t statements_max = 512;

constexpr Statement begin_immediate{"BEGIN IMMEDIATE"};
constexpr Statement commit_transaction{"COMMIT"};

Errc errc_of(int code) noexcept {
    if (code == SQLITE_IOERR_DATA) return Errc::storage_corrupt;
    switch (code & 0xff) {
        case SQLITE_FULL: return Errc::storage_full;
        case SQLITE_IOERR:
        case SQLITE_READONLY: return Errc::storage_io;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return Errc::storage_corrupt;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL: return Errc::database_unavailable;
        case SQLITE_CONSTRAINT: return Errc::conflict;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH: return Errc::data_dir_unusable;
        case SQLITE_TOOBIG: return Errc::message_too_large;
        default: return Errc::internal;
    }
}

/// "sqlite: disk I/O error (code 8202), page 7 is damaged".
std::string describe(sqlite3* db, int code) {
    auto text = fmt::format("{} (code {})", sqlite3_errmsg(db), code);
    if (code == SQLITE_IOERR_DATA) text += fmt::format(": page {} is damaged", damaged_page(db));
    return text;
}

struct DatabaseCloser {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
struct StatementCloser {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, DatabaseCloser>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, StatementCloser>;

class SqliteRow final : public Row {
public:
    explicit SqliteRow(sqlite3_stmt* statement) noexcept : statement_(statement) {}

    bool is_null(int column) const override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    std::int64_t integer(int column) const override {
        return sqlite3_column_int64(statement_, column);
    }
    double real(int column) const override { return sqlite3_column_double(statement_, column); }
    std::string_view text(int column) const override {
        // The pointer first: it converts, and the size is that of the converted value.
        const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
        const int size = sqlite3_column_bytes(statement_, column);
        return data ? std::string_view(data, static_cast<std::size_t>(size)) : std::string_view();
    }

private:
    sqlite3_stmt* statement_;
};

struct Prepared {
    StatementHandle handle;
    std::string_view sql;  ///< SQLite's own copy
    std::size_t parameters = 0;
    bool running = false;
};

/// Marks a statement as running; resets it however its run ends.
class Run final {
public:
    explicit Run(Prepared& prepared) noexcept : prepared_(prepared) { prepared_.running = true; }
    ~Run() {
        sqlite3_reset(prepared_.handle.get());
        prepared_.running = false;
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

private:
    Prepared& prepared_;
};

int bind_one(sqlite3_stmt* statement, int index, const Value& value) noexcept {
    // SQLITE_STATIC: the views outlive the call, and every execution binds anew.
    switch (value.index()) {
        case 1: return sqlite3_bind_int64(statement, index, *std::get_if<1>(&value));
        case 2: return sqlite3_bind_double(statement, index, *std::get_if<2>(&value));
        case 3: {
            const auto text = *std::get_if<3>(&value);
            const char* const data = text.data() ? text.data() : "";
            return sqlite3_bind_text64(
                statement, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
        }
        case 4: {
            const auto bytes = std::get_if<4>(&value)->bytes;
            const char* const data = bytes.data() ? bytes.data() : "";
            return sqlite3_bind_blob64(statement, index, data, bytes.size(), SQLITE_STATIC);
        }
        default: return sqlite3_bind_null(statement, index);
    }
}

class SqliteConnection final : public Connection {
public:
    explicit SqliteConnection(DatabaseHandle db) noexcept : db_(std::move(db)) {}

    Result<std::int64_t> execute(
        const Statement& statement, std::span<const Value> values, const RowSink& sink) override {
        if (broken_) return fail_broken();
        BATON_TRY(Prepared* const prepared, find(statement));
        if (prepared->running || values.size() != prepared->parameters) {
            return fail(Errc::internal,
                fmt::format("`{}` is running already or got {} values for {} parameters",
                    statement.sql, values.size(), prepared->parameters));
        }
        const Run guard(*prepared);
        return run(prepared->handle.get(), values, sink);
    }

    Result<void> execute_script(std::string_view sql) override {
        if (broken_) return fail_broken();
        const std::string text(sql);
        const int code = sqlite3_exec(db_.get(), text.c_str(), nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) return failure(code);
        return {};
    }

    Result<void> begin() override {
        BATON_TRY_VOID(execute(begin_immediate, {}, {}));
        return {};
    }

    Result<void> commit() override {
        BATON_TRY_VOID(execute(commit_transaction, {}, {}));
        return {};
    }

    void rollback() noexcept override {
        // Some errors end the transaction by themselves.
        if (sqlite3_get_autocommit(db_.get()) != 0) return;
        sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }

private:
    Result<Prepared*> find(const Statement& statement) {
        const auto found = prepared_.find(&statement);
        if (found != prepared_.end() && found->second.sql == statement.sql) return &found->second;
        return prepare(statement);
    }

    Result<Prepared*> prepare(const Statement& statement) {
        if (prepared_.size() >= statements_max) {
            std::erase_if(prepared_, [](const auto& entry) { return !entry.second.running; });
        }
        sqlite3_stmt* handle = nullptr;
        const int code = sqlite3_prepare_v3(db_.get(), statement.sql.data(),
            static_cast<int>(statement.sql.size()), SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
        if (code != SQLITE_OK) return failure(code);
        Prepared& entry = prepared_[&statement];
        if (entry.running) {
            sqlite3_finalize(handle);
            return fail(Errc::internal, "a running statement was replaced by another text");
        }
        entry.handle.reset(handle);
        entry.sql = sqlite3_sql(handle);
        entry.parameters = static_cast<std::size_t>(sqlite3_bind_parameter_count(handle));
        return &entry;
    }

    Result<std::int64_t> run(
        sqlite3_stmt* statement, std::span<const Value> values, const RowSink& sink) {
        int code = SQLITE_OK;
        for (std::size_t i = 0; i < values.size() && code == SQLITE_OK; ++i) {
            code = bind_one(statement, static_cast<int>(i) + 1, values[i]);
        }
        if (code != SQLITE_OK) return failure(code);
        const auto changes_before = sqlite3_total_changes64(db_.get());
        const SqliteRow row(statement);
        code = sqlite3_step(statement);
        while (code == SQLITE_ROW) {
            if (sink && !sink(row)) break;
            code = sqlite3_step(statement);
        }
        if (code != SQLITE_ROW && code != SQLITE_DONE) return failure(code);
        const bool changed = sqlite3_total_changes64(db_.get()) != changes_before;
        return changed ? sqlite3_changes64(db_.get()) : 0;
    }

    /// The error of the last call. After a failed sync nobody knows what is on disk, so the
    /// connection refuses everything from then on.
    std::unexpected<Error> failure(int code) {
        if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) broken_ = true;
        return fail(errc_of(code), "sqlite: " + describe(db_.get(), code));
    }

    static std::unexpected<Error> fail_broken() {
        return fail(Errc::storage_io, "sqlite: a sync failed before; reopen the database");
    }

    DatabaseHandle db_;
    std::unordered_map<const Statement*, Prepared> prepared_;  // finalized before db_ closes
    bool broken_ = false;
};

/// Makes a missing file readable by its owner only; SQLite would let everybody read it, and gives
/// its log the mode of the file.
void create_private(const std::filesystem::path& file) noexcept {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) ::close(fd);  // a failure shows again, with its reason, when SQLite opens the file
}

class SqliteDatabase final : public Database {
public:
    explicit SqliteDatabase(SqliteConfig config) : config_(std::move(config)) {}

    Result<std::unique_ptr<Connection>> connect() override {
        const std::scoped_lock lock(first_mutex_);
        if (is_first_) {
            create_private(config_.file);
            BATON_TRY_VOID(settle_wal(config_.file));
        }
        BATON_TRY(auto db, open_configured());
        if (is_first_) {
            BATON_TRY_VOID(fold_log(db.get()));
            if (!has_checksums(db.get())) {
                db.reset();
                BATON_TRY_VOID(add_checksums());
                BATON_TRY(db, open_configured());
            }
            BATON_TRY_VOID(set_number(db.get(), "application_id", checked_application_id));
            is_first_ = false;
        }
        return std::make_unique<SqliteConnection>(std::move(db));
    }

    std::string_view kind() const noexcept override { return "sqlite"; }

private:
    Result<DatabaseHandle> open_configured() const {
        BATON_TRY(auto db, open());
        BATON_TRY_VOID(configure(db.get()));
        return db;
    }

    Result<DatabaseHandle> open() const {
        sqlite3* raw = nullptr;
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                          SQLITE_OPEN_EXRESCODE;
        const int code = sqlite3_open_v2(config_.file.c_str(), &raw, flags, checked_pages());
        DatabaseHandle db(raw);  // to be closed even after a failure
        if (!db) return fail(Errc::internal, "sqlite: out of memory");
        if (code != SQLITE_OK) return failure(db.get(), code);
        int reserved = checksum_size;  // of a file that is made now
        sqlite3_file_control(db.get(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
        const int words = add_block_words(db.get());
        if (words != SQLITE_OK) return failure(db.get(), words);
        return db;
    }

    /// Writes a file anew that was made before pages had checksums.
    Result<void> add_checksums() const {
        BATON_TRY(const auto db, open());
        BATON_TRY_VOID(use_wal(db.get()));  // so that the file is the old one until it is the new
        BATON_TRY(const auto page_size, ask(db.get(), "PRAGMA page_size"));
        if (page_size != std::to_string(checked_page_size)) {
            return fail(Errc::conflict, fmt::format("`{}` has pages of {} bytes, not {}",
                                            config_.file.string(), page_size, checked_page_size));
        }
        BATON_TRY_VOID(pragma(db.get(), "VACUUM"));
        return pragma(db.get(), "PRAGMA wal_checkpoint(TRUNCATE)");
    }

    Result<void> configure(sqlite3* db) const {
        // A second owner must hear "locked" at once, not after the patience meant for writers.
        sqlite3_busy_timeout(
            db, config_.exclusive ? 0 : static_cast<int>(config_.busy_timeout.count()));
        // The locking mode comes before the first read: then the log's index lives on the heap.
        const std::string locking = config_.exclusive ? "EXCLUSIVE" : "NORMAL";
        BATON_TRY_VOID(pragma(db, "PRAGMA locking_mode=" + locking));
        BATON_TRY_VOID(use_wal(db));
        BATON_TRY_VOID(pragma(db, "PRAGMA synchronous=FULL"));
        BATON_TRY_VOID(pragma(db, "PRAGMA foreign_keys=ON"));
        BATON_TRY_VOID(pragma(db, "PRAGMA temp_store=MEMORY"));
        BATON_TRY_VOID(pragma(db, "PRAGMA trusted_schema=OFF"));
        BATON_TRY_VOID(pragma(db, fmt::format("PRAGMA cache_size=-{}", config_.cache_kib)));
        BATON_TRY_VOID(
            pragma(db, fmt::format("PRAGMA wal_autocheckpoint={}", config_.wal_checkpoint_pages)));
        sqlite3_busy_timeout(db, static_cast<int>(config_.busy_timeout.count()));
        return {};
    }

    Result<void> pragma(sqlite3* db, const std::string& sql) const {
        const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) return failure(db, code);
        return {};
    }

    /// The first column of the first row, as text.
    Result<std::string> ask(sqlite3* db, const std::string& sql) const {
        std::string answer;
        const auto keep = [](void* out, int, char** columns, char**) {
            *static_cast<std::string*>(out) = columns[0];
            return 0;
        };
        const int code = sqlite3_exec(db, sql.c_str(), keep, &answer, nullptr);
        if (code != SQLITE_OK) return failure(db, code);
        return answer;
    }

    Result<void> use_wal(sqlite3* db) const {
        BATON_TRY(const auto mode, ask(db, "PRAGMA journal_mode=WAL"));
        if (mode == "wal") return {};
        return fail(Errc::data_dir_unusable,
            fmt::format("`{}`: the file system offers no write-ahead log (mode {})",
                config_.file.string(), mode));
    }

    /// What a crash left in the log goes into the file. From then on a hole in the log is rot.
    Result<void> fold_log(sqlite3* db) const {
        BATON_TRY_VOID(pragma(db, "PRAGMA wal_checkpoint(TRUNCATE)"));
        return set_number(db, "user_version", 0);
    }

    /// A pragma that is a field of the file's header; writes only what changes.
    Result<void> set_number(sqlite3* db, const char* name, std::int64_t number) const {
        BATON_TRY(const auto now, ask(db, fmt::format("PRAGMA {}", name)));
        if (now == std::to_string(number)) return {};
        return pragma(db, fmt::format("PRAGMA {}={}", name, number));
    }

    std::unexpected<Error> failure(sqlite3* db, int code) const {
        const Errc errc =
            errc_of(code) == Errc::database_unavailable ? Errc::data_dir_locked : errc_of(code);
        return fail(
            errc, fmt::format("opening `{}`: {}", config_.file.string(), describe(db, code)));
    }

    const SqliteConfig config_;
    std::mutex first_mutex_;
    bool is_first_ = true;  // no connection was made yet
};

}  // namespace

std::unique_ptr<Database> make_sqlite_database(SqliteConfig config) {
    return std::make_unique<SqliteDatabase>(std::move(config));
}

}  // namespace baton::db
