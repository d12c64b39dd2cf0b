// The relational database of the configuration, and how a daemon finds it ready for use.
#pragma once

#include <filesystem>
#include <memory>

#include "app/config.h"
#include "base/log.h"
#include "base/result.h"
#include "db/database.h"

namespace baton::app {

/// Nothing is opened or connected yet. `data_dir` holds SQLite's file.
[[nodiscard]] std::unique_ptr<db::Database> make_database(
    const DatabaseSettings& settings, const std::filesystem::path& data_dir);

/// Waits for a server that is away (`start_timeout`), then brings the schema up to date, or makes
/// sure that it is. Blocks.
/// Fails: as connecting does; conflict (a newer schema, a changed step, or an older schema that is
/// not to be migrated).
[[nodiscard]] Result<void> prepare_database(
    db::Database& database, const DatabaseSettings& settings, const Log& log);

}  // namespace baton::app
