// The configured database for tools that work without a daemon.
#pragma once

#include <cstdint>
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

/// What becomes of a tool whose database (SQLite) is not there yet.
enum class Missing : std::uint8_t {
    is_made,  ///< folder and file are made
    fails,    ///< with not_found, which names the file; nothing is made
};

/// `config`, `settings`: as the daemon's. Nothing is migrated. Blocks.
/// Fails: as load_config, DataDir::open (SQLite) and Database::connect do, and as `missing` says.
[[nodiscard]] Result<OpenSchema> open_schema(const std::optional<std::filesystem::path>& config,
    const std::vector<std::string>& settings, Missing missing);

}  // namespace baton::app
