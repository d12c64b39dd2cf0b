#include "db/migrations.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/core.h>

namespace baton::db {
namespace {

constexpr Statement create_table{
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
    "applied_at TEXT NOT NULL)"};
constexpr Statement select_applied{
    "SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version"};
constexpr Statement insert_applied{
    "INSERT INTO schema_migrations (version, name, checksum, applied_at) "
    "VALUES (?, ?, ?, CURRENT_TIMESTAMP)"};
constexpr Statement delete_applied{"DELETE FROM schema_migrations WHERE version = ?"};

/// A landed step, as the database remembers it.
struct Applied {
    int version = 0;
    std::string name;
    std::string checksum;
    std::string applied_at;
};

/// FNV-1a over the step's texts: tells an edited step from the one that landed.
std::string checksum_of(const Migration& migration, std::string_view name) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const auto text : {name, migration.up, migration.down}) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        }
        hash = hash * 0x100000001b3ULL;  // a zero byte between the texts
    }
    return fmt::format("{:016x}", hash);
}

/// The first builds embedded their steps without names, and recorded them so.
bool is_same(const Applied& applied, const Migration& migration) {
    return applied.checksum == checksum_of(migration, migration.name) ||
           (applied.name.empty() && applied.checksum == checksum_of(migration, {}));
}

/// Inside a transaction that is alone: two that make the table at once would fail.
Result<std::vector<Applied>> read_applied(Connection& connection) {
    BATON_TRY_VOID(connection.execute(create_table));
    std::vector<Applied> applied;
    BATON_TRY_VOID(connection.execute(select_applied, {}, [&](const Row& row) {
        applied.push_back({static_cast<int>(row.integer(0)), std::string(row.text(1)),
            std::string(row.text(2)), std::string(row.text(3))});
        return true;
    }));
    return applied;
}

/// What has landed, without a trace of having looked.
Result<std::vector<Applied>> look_at_applied(Connection& connection) {
    BATON_TRY_VOID(connection.begin_alone());
    auto applied = read_applied(connection);
    connection.rollback();
    return applied;
}

/// Holds what has landed against what the program knows. How many steps that are.
Result<std::size_t> check_applied(
    std::span<const Applied> applied, std::span<const Migration> migrations) {
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
        if (!is_same(applied[i], known)) {
            return fail(Errc::conflict,
                fmt::format("schema step {} `{}` is not the one that landed in this database",
                    known.version, known.name));
        }
    }
    return applied.size();
}

Result<std::size_t> count_landed(Connection& connection, std::span<const Migration> migrations) {
    BATON_TRY(const auto applied, read_applied(connection));
    return check_applied(applied, migrations);
}

Result<void> apply(Connection& connection, const Migration& migration) {
    auto done = connection.execute_script(migration.up);
    if (!done) {
        return fail(with_context(std::move(done).error(),
            fmt::format("schema step {} `{}`", migration.version, migration.name)));
    }
    const std::string checksum = checksum_of(migration, migration.name);
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

Result<std::size_t> check_target(int target, std::span<const Migration> migrations) {
    if (target < 0 || static_cast<std::size_t>(target) > migrations.size()) {
        return fail(Errc::invalid_argument,
            fmt::format("a schema version is 0 to {}, not {}", migrations.size(), target));
    }
    return static_cast<std::size_t>(target);
}

enum class Way : std::uint8_t { up, down };

/// One step towards the target, unless `landed` is there.
Result<void> step(Connection& connection, std::span<const Migration> migrations, Way way,
    std::size_t target, std::size_t& landed) {
    if (way == Way::up && landed < target) {
        BATON_TRY_VOID(apply(connection, migrations[landed]));
        ++landed;
    } else if (way == Way::down && landed > target) {
        BATON_TRY_VOID(undo(connection, migrations[landed - 1]));
        --landed;
    }
    return {};
}

bool is_there(Way way, std::size_t target, std::size_t landed) noexcept {
    return way == Way::up ? landed >= target : landed <= target;
}

/// All of it in one transaction that goes nowhere.
Result<std::size_t> rehearse(
    Connection& connection, std::span<const Migration> migrations, Way way, std::size_t target) {
    BATON_TRY_VOID(connection.begin_alone());
    auto landed = count_landed(connection, migrations);
    while (landed && !is_there(way, target, *landed)) {
        auto done = step(connection, migrations, way, target, *landed);
        if (!done) landed = fail(std::move(done).error());
    }
    connection.rollback();
    return landed;
}

Result<std::size_t> migrate(
    Connection& connection, std::span<const Migration> migrations, Way way, std::size_t target) {
    std::size_t landed = 0;
    do {
        // Another program may migrate at this moment: look anew when it is this one's turn.
        BATON_TRY_VOID(in_transaction_alone(connection, [&]() -> Result<void> {
            BATON_TRY(landed, count_landed(connection, migrations));
            return step(connection, migrations, way, target, landed);
        }));
    } while (!is_there(way, target, landed));
    return landed;
}

}  // namespace

Result<int> migrate_up(
    Connection& connection, std::span<const Migration> migrations, const MigrateOptions& options) {
    BATON_TRY_VOID(check_numbers(migrations));
    const int last = static_cast<int>(migrations.size());
    BATON_TRY(const auto target, check_target(options.target.value_or(last), migrations));
    BATON_TRY(const auto landed, options.dry_run
                                     ? rehearse(connection, migrations, Way::up, target)
                                     : migrate(connection, migrations, Way::up, target));
    if (landed > target) {
        return fail(Errc::invalid_argument,
            fmt::format("the schema has version {} already; `down` leads to {}", landed, target));
    }
    return static_cast<int>(landed);
}

Result<int> migrate_down(
    Connection& connection, std::span<const Migration> migrations, int target, bool dry_run) {
    BATON_TRY_VOID(check_numbers(migrations));
    BATON_TRY(const auto lowest, check_target(target, migrations));
    BATON_TRY(const auto landed, dry_run ? rehearse(connection, migrations, Way::down, lowest)
                                         : migrate(connection, migrations, Way::down, lowest));
    return static_cast<int>(landed);
}

Result<int> check_schema(Connection& connection, std::span<const Migration> migrations) {
    BATON_TRY(const auto applied, look_at_applied(connection));
    BATON_TRY(const auto landed, check_applied(applied, migrations));
    if (landed != migrations.size()) {
        return fail(Errc::conflict,
            fmt::format("the database has schema version {}, this program needs {}: run `baton "
                        "migrate up`",
                landed, migrations.size()));
    }
    return static_cast<int>(landed);
}

Result<int> schema_version(Connection& connection) {
    BATON_TRY(const auto applied, look_at_applied(connection));
    return applied.empty() ? 0 : applied.back().version;
}

std::string_view to_string(StepReport::State state) noexcept {
    constexpr std::array<std::string_view, 4> names{"landed", "pending", "changed", "unknown"};
    return names[static_cast<std::size_t>(state)];
}

bool SchemaReport::is_sound() const noexcept {
    return std::ranges::all_of(steps, [](const StepReport& step) {
        return step.state == StepReport::State::landed || step.state == StepReport::State::pending;
    });
}

Result<SchemaReport> schema_report(Connection& connection, std::span<const Migration> migrations) {
    BATON_TRY(const auto applied, look_at_applied(connection));
    SchemaReport report{.known = static_cast<int>(migrations.size())};
    if (!applied.empty()) report.version = applied.back().version;
    for (const auto& known : migrations) {
        report.steps.push_back({.version = known.version, .name = std::string(known.name)});
    }
    for (const auto& landed : applied) {
        const auto step = std::ranges::find(report.steps, landed.version, &StepReport::version);
        if (step == report.steps.end()) {
            report.steps.push_back(
                {landed.version, landed.name, StepReport::State::unknown, landed.applied_at});
            continue;
        }
        const auto& known = migrations[static_cast<std::size_t>(step - report.steps.begin())];
        const bool same = is_same(landed, known);
        step->state = same ? StepReport::State::landed : StepReport::State::changed;
        step->applied_at = landed.applied_at;
    }
    return report;
}

}  // namespace baton::db
