#include "app/database_home.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "app/kept_stores.h"
#include "db/migrations.h"
#include "db/postgres/postgres_database.h"
#include "db/sqlite/sqlite_database.h"
#include "runtime/deadline.h"

namespace baton::app {
namespace {

Result<std::unique_ptr<db::Connection>> connect_patiently(
    db::Database& database, Duration patience, const Log& log) {
    const auto deadline = Deadline::after(patience);
    bool told = false;
    while (true) {
        auto connection = database.connect();
        if (connection || connection.error().code != Errc::database_unavailable ||
            deadline.expired()) {
            return connection;
        }
        if (!std::exchange(told, true)) {
            log.warn("waiting for the database", {{"error", to_string(connection.error())}});
        }
        std::this_thread::sleep_for(std::max(connection.error().retry_after, Duration(50)));
    }
}

}  // namespace

std::filesystem::path database_file(const std::filesystem::path& data_dir) {
    return data_dir / "baton.db";
}

std::unique_ptr<db::Database> make_database(
    const DatabaseSettings& settings, const std::filesystem::path& data_dir, const Log& log) {
    if (settings.kind == DatabaseKind::sqlite) {
        // Each message changes pages of many indexes: a longer log folds many changes of one page
        // into one write of the file (1.6 times the messages a second behind 300,000).
        return db::make_sqlite_database(
            {.file = database_file(data_dir), .wal_checkpoint_pages = 16'000});
    }
    auto config = settings.postgres;
    config.sslmode = ssl_mode_names[static_cast<std::size_t>(settings.ssl_mode)];
    return db::make_postgres_database(std::move(config), log);
}

Result<void> prepare_database(db::Database& database, const DatabaseSettings& settings,
    const std::filesystem::path& data_dir, const Log& log) {
    const bool is_server = settings.kind != DatabaseKind::sqlite;
    const auto file = database_file(data_dir);
    if (!is_server) {
        BATON_TRY_VOID(check_kept(file));
    }
    BATON_TRY(const auto connection,
        connect_patiently(database, is_server ? settings.start_timeout : Duration(0), log));
    const auto steps = db::embedded_migrations(database.kind());
    int version = 0;
    if (settings.migrate) {
        BATON_TRY(version, db::migrate_up(*connection, steps));
    } else {
        BATON_TRY(version, db::check_schema(*connection, steps));
    }
    if (!is_server) {
        BATON_TRY_VOID(remember_kept(file));
    }
    log.info("database ready", {{"kind", database.kind()}, {"schema_version", version}});
    return {};
}

Duration keys_refresh_interval(const DatabaseSettings& settings) noexcept {
    return settings.kind == DatabaseKind::sqlite ? Duration(0) : Duration(2'000);
}

}  // namespace baton::app
