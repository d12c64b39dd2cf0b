// Brings a schema from whatever version it has to the one the program was built for, and tells how
// the two stand.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
/// the build. `kind`: "sqlite", "postgres". Empty for a kind that has none.
[[nodiscard]] std::span<const Migration> embedded_migrations(std::string_view kind) noexcept;

struct MigrateOptions {
    std::optional<int> target{};  ///< a version of 0 or more; absent: the last
    /// Runs all steps for real, in one transaction that is then undone.
    bool dry_run = false;
};

/// Applies what is missing up to the target, each step in a transaction of its own together with
/// its record in the table `schema_migrations (version, name, checksum, applied_at)`: killed
/// anywhere, a step has landed or not. Runners on one database take turns. Returns the version
/// reached.
/// Fails: conflict when a landed step's text has changed or the database is newer than the program;
/// invalid_argument (a target that is no step, or below the version).
[[nodiscard]] Result<int> migrate_up(Connection& connection, std::span<const Migration> migrations,
    const MigrateOptions& options = {});

/// Undoes steps above `target`, the last first. Fails as `migrate_up`.
[[nodiscard]] Result<int> migrate_down(Connection& connection,
    std::span<const Migration> migrations, int target, bool dry_run = false);

/// Changes nothing. The version, which is the program's. Fails: conflict when it is another, or a
/// step has changed.
[[nodiscard]] Result<int> check_schema(
    Connection& connection, std::span<const Migration> migrations);

/// The version of the database, 0 for an empty one.
[[nodiscard]] Result<int> schema_version(Connection& connection);

/// A step as the program and the database know it.
struct StepReport {
    enum class State : std::uint8_t {
        landed,
        pending,
        changed,  ///< landed with another text
        unknown,  ///< landed, and this program does not know it
    };
    int version = 0;
    std::string name;
    State state = State::pending;
    std::string applied_at;  ///< UTC, as the database writes it; empty when pending
};
[[nodiscard]] std::string_view to_string(StepReport::State state) noexcept;

struct SchemaReport {
    int version = 0;  ///< of the database
    int known = 0;    ///< of the program
    std::vector<StepReport> steps{};
    /// Nothing is changed or unknown.
    [[nodiscard]] bool is_sound() const noexcept;
};
/// Changes nothing, and waits for a runner that is at work.
[[nodiscard]] Result<SchemaReport> schema_report(
    Connection& connection, std::span<const Migration> migrations);

}  // namespace baton::db
