// Brings a schema from whatever version it has to the one the program was built for.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "db/database.h"

namespace baton::db {

/// One numbered step. Numbers start at 1 and have no gaps; a landed step never changes.
struct Migration {
    int version = 0;
    std::string_view name;  ///< "conversations"
    std::string_view up;    ///< SQL script
    std::string_view down;  ///< SQL script that undoes `up`
};

/// The steps this program was built with: migrations/<kind>/NNNN_name.{up,down}.sql, embedded by
/// the build. `kind`: "sqlite". Empty for a kind that has none.
[[nodiscard]] std::span<const Migration> embedded_migrations(std::string_view kind) noexcept;

/// Applies what is missing, each step in a transaction of its own, recorded in the table
/// `schema_migrations (version, name, checksum, applied_at)`. Returns the version reached.
/// Fails: conflict when a landed step's text has changed or the database is newer than the program.
[[nodiscard]] Result<int> migrate_up(Connection& connection, std::span<const Migration> migrations);

/// Undoes steps above `target`.
[[nodiscard]] Result<int> migrate_down(
    Connection& connection, std::span<const Migration> migrations, int target);

/// The version of the database, 0 for an empty one.
[[nodiscard]] Result<int> schema_version(Connection& connection);

}  // namespace baton::db
