// The relational database of the configuration, and how a daemon finds it ready for use.
#pragma once

#include <filesystem>
#include <memory>

#include "app/config.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "db/database.h"

namespace baton::app {

/// SQLite's file in a data folder.
[[nodiscard]] std::filesystem::path database_file(const std::filesystem::path& data_dir);

/// Nothing is opened or connected yet. `data_dir` holds SQLite's file. `log` hears why a server is
/// away, which callers don't.
[[nodiscard]] std::unique_ptr<db::Database> make_database(
    const DatabaseSettings& settings, const std::filesystem::path& data_dir, const Log& log = {});

/// Waits for a server that is away (`start_timeout`), then brings the schema up to date, or makes
/// sure that it is. Blocks.
/// Fails: as connecting does; storage_corrupt (SQLite's file is lost as a whole); conflict (a newer
/// schema, a changed step, or an older schema that is not to be migrated).
[[nodiscard]] Result<void> prepare_database(db::Database& database,
    const DatabaseSettings& settings, const std::filesystem::path& data_dir, const Log& log);

/// How long a key that another daemon made or revoked may go unnoticed; 0: no other writes there.
[[nodiscard]] Duration keys_refresh_interval(const DatabaseSettings& settings) noexcept;

}  // namespace baton::app
