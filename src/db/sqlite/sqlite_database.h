// SQLite behind the relational port: one file, WAL, synchronous=FULL. The only home of sqlite3.h.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "base/result.h"
#include "db/database.h"

namespace baton::db {

struct SqliteConfig {
    std::filesystem::path file;
    /// How long a statement waits for another connection's write lock.
    std::chrono::milliseconds busy_timeout{5'000};
    int cache_kib = 8'192;  ///< page cache of one connection
    int wal_checkpoint_pages =
        4'000;               ///< the log is folded into the file when it holds this many pages
    bool exclusive = false;  ///< one connection only; a second one fails with data_dir_locked
};

/// The file is made when it is missing; its folder must exist. Commit fsyncs the log (WAL, FULL).
[[nodiscard]] std::unique_ptr<Database> make_sqlite_database(SqliteConfig config);

}  // namespace baton::db
