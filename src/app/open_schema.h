// The configured database for tools that work without a daemon.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/data_dir.h"
#include "base/result.h"
#include "db/database.h"
#include "db/migrations.h"

namespace baton::app {

/// What keeps daemons from it meanwhile comes first.
struct OpenSchema {
    std::unique_ptr<DataDir> held;  ///< of SQLite; PostgreSQL's users take turns by themselves
    std::unique_ptr<db::Database> database;
    std::unique_ptr<db::Connection> connection;
    std::span<const db::Migration> steps;
};

/// `config`, `settings`: as the daemon's. Nothing is migrated. Blocks.
/// Fails: as load_config, DataDir::open (SQLite) and Database::connect do.
[[nodiscard]] Result<OpenSchema> open_schema(
    const std::optional<std::filesystem::path>& config, const std::vector<std::string>& settings);

}  // namespace baton::app
