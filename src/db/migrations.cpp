#include "db/migrations.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace baton::db {
namespace {

constexpr Statement create_table{
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
    "applied_at TEXT NOT NULL)"};
constexpr Statement select_applied{
    "SELECT version, checksum FROM schema_migrations ORDER BY version"};
constexpr Statement insert_applied{
    "INSERT INTO schema_migrations (version, name, checksum, applied_at) "
    "VALUES (?, ?, ?, CURRENT_TIMESTAMP)"};
constexpr Statement delete_applied{"DELETE FROM schema_migrations WHERE version = ?"};

/// A landed step, as the database remembers it.
struct Applied {
    std::int64_t version = 0;
    std::string checksum;
};

/// FNV-1a over the step's texts: tells an edited step from the one that landed.
std::string checksum_of(const Migration& migration) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const auto text : {migration.name, migration.up, migration.down}) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        }
        hash = hash * 0x100000001b3ULL;  // a zero byte between the texts
    }
    return fmt::format("{:016x}", hash);
}

Result<std::vector<Applied>> read_applied(Connection& connection) {
    BATON_TRY_VOID(connection.execute(create_table));
    std::vector<Applied> applied;
    BATON_TRY_VOID(connection.execute(select_applied, {}, [&](const Row& row) {
        applied.push_back({row.integer(0), std::string(row.text(1))});
        return true;
    }));
    return applied;
}

/// Reads what has landed and holds it against what the program knows.
Result<std::size_t> check_applied(Connection& connection, std::span<const Migration> migrations) {
    BATON_TRY(const auto applied, read_applied(connection));
    for (std::size_t i = 0; i < applied.size(); ++i) {
        if (i >= migrations.size()) {
            return fail(Errc::conflict,
                fmt::format("the database has schema version {}, this program knows {}: it was "
                            "written by a newer one",
                    applied.back().version, migrations.size()));
        }
        const auto& known = migrations[i];
        if (applied[i].version != known.version) {
            return fail(Errc::conflict, fmt::format("schema step {} never landed, but {} did",
                                            known.version, applied[i].version));
        }
        if (applied[i].checksum != checksum_of(known)) {
            return fail(Errc::conflict,
                fmt::format("schema step {} `{}` is not the one that landed in this database",
                    known.version, known.name));
        }
    }
    return applied.size();
}

Result<void> apply(Connection& connection, const Migration& migration) {
    auto done = connection.execute_script(migration.up);
    if (!done) {
        return fail(with_context(std::move(done).error(),
            fmt::format("schema step {} `{}`", migration.version, migration.name)));
    }
    const std::string checksum = checksum_of(migration);
    const std::array<Value, 3> values{
        std::int64_t{migration.version}, migration.name, std::string_view(checksum)};
    BATON_TRY_VOID(connection.execute(insert_applied, values));
    return {};
}

Result<void> undo(Connection& connection, const Migration& migration) {
    auto done = connection.execute_script(migration.down);
    if (!done) {
        return fail(with_context(std::move(done).error(),
            fmt::format("undoing schema step {} `{}`", migration.version, migration.name)));
    }
    const std::array<Value, 1> values{std::int64_t{migration.version}};
    BATON_TRY_VOID(connection.execute(delete_applied, values));
    return {};
}

Result<void> check_numbers(std::span<const Migration> migrations) {
    for (std::size_t i = 0; i < migrations.size(); ++i) {
        if (migrations[i].version != static_cast<int>(i) + 1) {
            return fail(Errc::internal,
                fmt::format("schema step {} stands at place {}", migrations[i].version, i + 1));
        }
    }
    return {};
}

}  // namespace

Result<int> migrate_up(Connection& connection, std::span<const Migration> migrations) {
    BATON_TRY_VOID(check_numbers(migrations));
    BATON_TRY(std::size_t landed, check_applied(connection, migrations));
    while (landed < migrations.size()) {
        // Another program may migrate at this moment: look again under the write lock.
        BATON_TRY_VOID(in_transaction(connection, [&]() -> Result<void> {
            BATON_TRY(landed, check_applied(connection, migrations));
            if (landed == migrations.size()) return {};
            BATON_TRY_VOID(apply(connection, migrations[landed]));
            ++landed;
            return {};
        }));
    }
    return static_cast<int>(landed);
}

Result<int> migrate_down(
    Connection& connection, std::span<const Migration> migrations, int target) {
    BATON_TRY_VOID(check_numbers(migrations));
    if (target < 0) return fail(Errc::invalid_argument, "a schema version is 0 or more");
    BATON_TRY(std::size_t landed, check_applied(connection, migrations));
    while (landed > static_cast<std::size_t>(target)) {
        BATON_TRY_VOID(in_transaction(connection, [&]() -> Result<void> {
            BATON_TRY(landed, check_applied(connection, migrations));
            if (landed <= static_cast<std::size_t>(target)) return {};
            BATON_TRY_VOID(undo(connection, migrations[landed - 1]));
            --landed;
            return {};
        }));
    }
    return static_cast<int>(landed);
}

Result<int> schema_version(Connection& connection) {
    BATON_TRY(const auto applied, read_applied(connection));
    return applied.empty() ? 0 : static_cast<int>(applied.back().version);
}

}  // namespace baton::db
