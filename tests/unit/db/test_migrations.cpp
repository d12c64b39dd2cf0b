// The migrations runner on both databases: what lands, what is refused, and what a failed or killed
// step leaves behind.
#include <array>
#include <csignal>
#include <set>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "db/migrations.h"
#include "support/faulty_database.h"
#include "support/test_database.h"

namespace baton::db {
namespace {

constexpr std::array steps{
    Migration{1, "first", "CREATE TABLE a (x INTEGER); CREATE TABLE b (x INTEGER);",
        "DROP TABLE b; DROP TABLE a;"},
    Migration{2, "second", "ALTER TABLE a ADD COLUMN y TEXT; CREATE INDEX a_y ON a (y);",
        "DROP INDEX a_y; ALTER TABLE a DROP COLUMN y;"},
    Migration{3, "third", "CREATE TABLE c (x INTEGER);", "DROP TABLE c;"},
};

std::span<const Migration> first(std::size_t count) { return std::span(steps).first(count); }

class Migrations : public ::testing::TestWithParam<test::DatabaseKind> {
protected:
    std::vector<std::string> rows(Connection& connection, const Statement& statement) const {
        std::vector<std::string> rows;
        const auto done = connection.execute(statement, {}, [&](const Row& row) {
            rows.emplace_back(row.text(0));
            return true;
        });
        EXPECT_TRUE(done) << to_string(done.error());
        return rows;
    }
    bool is_sqlite() const { return database_.kind() == test::DatabaseKind::sqlite; }

    /// Names of all tables but the runner's own.
    std::set<std::string> tables(Connection& connection) const {
        static constexpr Statement of_sqlite{
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_migrations'"};
        static constexpr Statement of_postgres{
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' "
            "AND table_name <> 'schema_migrations'"};
        const auto names = rows(connection, is_sqlite() ? of_sqlite : of_postgres);
        return {names.begin(), names.end()};
    }

    /// Everything that makes up the schema, as text.
    std::vector<std::string> schema(Connection& connection) const {
        static constexpr Statement of_sqlite{
            "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1"};
        static constexpr Statement of_postgres{
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || "
            "' ' || coalesce(collation_name, '') FROM information_schema.columns "
            "WHERE table_schema = 'public' UNION ALL "
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL "
            "SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace ORDER BY 1"};
        return rows(connection, is_sqlite() ? of_sqlite : of_postgres);
    }

    test::TestDatabase database_{GetParam()};
    std::unique_ptr<Connection> connection_ = database_->connect().value();
};

TEST_P(Migrations, empty_database_has_version_zero) { EXPECT_EQ(schema_version(*connection_), 0); }

TEST_P(Migrations, bring_an_empty_database_to_the_last_version) {
    EXPECT_EQ(migrate_up(*connection_, steps), 3);
    EXPECT_EQ(schema_version(*connection_), 3);
    EXPECT_EQ(tables(*connection_), (std::set<std::string>{"a", "b", "c"}));
}

TEST_P(Migrations, apply_only_what_is_missing) {
    ASSERT_EQ(migrate_up(*connection_, first(1)), 1);
    static constexpr Statement insert{"INSERT INTO a (x) VALUES (7)"};
    ASSERT_TRUE(connection_->execute(insert));
    EXPECT_EQ(migrate_up(*connection_, steps), 3);
    EXPECT_EQ(migrate_up(*connection_, steps), 3);
    static constexpr Statement count{"SELECT count(*) FROM a WHERE x = 7"};
    std::int64_t rows = 0;
    ASSERT_TRUE(connection_->execute(count, {}, [&](const Row& row) {
        rows = row.integer(0);
        return true;
    }));
    EXPECT_EQ(rows, 1);
}

TEST_P(Migrations, go_down_to_a_version_and_up_again) {
    ASSERT_EQ(migrate_up(*connection_, steps), 3);
    EXPECT_EQ(migrate_down(*connection_, steps, 1), 1);
    EXPECT_EQ(tables(*connection_), (std::set<std::string>{"a", "b"}));
    EXPECT_EQ(migrate_down(*connection_, steps, 0), 0);
    EXPECT_TRUE(tables(*connection_).empty());
    EXPECT_EQ(migrate_up(*connection_, steps), 3);
}

TEST_P(Migrations, refuse_a_landed_step_whose_text_changed) {
    ASSERT_EQ(migrate_up(*connection_, first(2)), 2);
    std::array edited = steps;
    edited[0].up = "CREATE TABLE a (x INTEGER); CREATE TABLE b (x TEXT);";
    const auto up = migrate_up(*connection_, edited);
    ASSERT_FALSE(up);
    EXPECT_EQ(up.error().code, Errc::conflict);
    EXPECT_EQ(migrate_down(*connection_, edited, 0).error().code, Errc::conflict);
    EXPECT_EQ(tables(*connection_), (std::set<std::string>{"a", "b"}));
}

TEST_P(Migrations, refuse_a_database_newer_than_the_program) {
    ASSERT_EQ(migrate_up(*connection_, steps), 3);
    const auto up = migrate_up(*connection_, first(2));
    ASSERT_FALSE(up);
    EXPECT_EQ(up.error().code, Errc::conflict);
    EXPECT_NE(up.error().detail.find("newer"), std::string::npos);
}

TEST_P(Migrations, refuse_steps_with_a_gap) {
    const std::array gap{steps[0], steps[2]};
    EXPECT_EQ(migrate_up(*connection_, gap).error().code, Errc::internal);
}

TEST_P(Migrations, leave_nothing_of_a_step_that_fails_in_the_middle) {
    std::array broken = steps;
    broken[1].up = "CREATE TABLE half (x INTEGER); CREATE TABLE a (x INTEGER);";
    const auto up = migrate_up(*connection_, broken);
    ASSERT_FALSE(up);
    EXPECT_NE(up.error().detail.find("`second`"), std::string::npos);
    EXPECT_EQ(schema_version(*connection_), 1);
    EXPECT_EQ(tables(*connection_), (std::set<std::string>{"a", "b"}));
    EXPECT_EQ(migrate_up(*connection_, steps), 3);
}

TEST_P(Migrations, land_completely_after_a_fault_at_any_call) {
    for (int n = 1;; ++n) {
        ASSERT_EQ(migrate_down(*connection_, steps, 0), 0);
        test::FaultPlan plan;
        test::FaultyDatabase faulty(*database_, plan);
        const auto connection = faulty.connect().value();
        plan.fail_call(n);
        const auto up = migrate_up(*connection, steps);
        if (!plan.fired()) break;
        ASSERT_FALSE(up);
        const auto version = schema_version(*connection);
        ASSERT_TRUE(version);
        EXPECT_EQ(tables(*connection).size(), (std::array{0, 2, 2, 3})[*version]) << n;
        EXPECT_EQ(migrate_up(*connection, steps), 3) << n;
    }
}

/// The nth call of a connection is the last that its process makes.
class DyingConnection final : public Connection {
public:
    DyingConnection(std::unique_ptr<Connection> inner, int calls)
        : inner_(std::move(inner)), left_(calls) {}

    Result<std::int64_t> execute(
        const Statement& statement, std::span<const Value> values, const RowSink& sink) override {
        count();
        return inner_->execute(statement, values, sink);
    }
    Result<void> execute_script(std::string_view sql) override {
        count();
        return inner_->execute_script(sql);
    }
    Result<void> begin() override { return inner_->begin(); }
    Result<void> begin_alone() override {
        count();
        return inner_->begin_alone();
    }
    Result<void> commit() override {
        count();
        return inner_->commit();
    }
    void rollback() noexcept override { inner_->rollback(); }
    bool must_repeat() const noexcept override { return inner_->must_repeat(); }

private:
    void count() {
        if (--left_ == 0) ::kill(::getpid(), SIGKILL);
    }

    std::unique_ptr<Connection> inner_;
    int left_;
};

TEST_P(Migrations, have_landed_or_not_wherever_their_runner_is_killed) {
    connection_.reset();  // a child must not share its files
    for (int n = 1;; ++n) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto connection = database_->connect();
            if (!connection) ::_exit(2);
            DyingConnection dying(*std::move(connection), n);
            ::_exit(migrate_up(dying, steps) == 3 ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        const auto connection = database_->connect().value();
        const auto version = schema_version(*connection);
        ASSERT_TRUE(version) << to_string(version.error());
        EXPECT_EQ(tables(*connection).size(), (std::array{0u, 2u, 2u, 3u})[*version]) << n;
        if (WIFEXITED(status)) {
            EXPECT_EQ(WEXITSTATUS(status), 0) << n;
            EXPECT_EQ(*version, 3);
            EXPECT_GT(n, 4);
            break;
        }
        EXPECT_EQ(WTERMSIG(status), SIGKILL);
        EXPECT_EQ(migrate_up(*connection, steps), 3) << n;
        ASSERT_EQ(migrate_down(*connection, steps, 0), 0) << n;
    }
}

TEST_P(Migrations, land_once_when_many_run_them_at_the_same_time) {
    for (int round = 0; round < 5; ++round) {
        {
            std::vector<std::jthread> runners;
            for (int i = 0; i < 4; ++i) {
                runners.emplace_back([&] {
                    const auto own = database_->connect().value();
                    const auto reached = migrate_up(*own, steps);
                    EXPECT_TRUE(reached) << to_string(reached.error());
                    EXPECT_EQ(reached, 3);
                });
            }
        }
        EXPECT_EQ(tables(*connection_), (std::set<std::string>{"a", "b", "c"}));
        ASSERT_EQ(migrate_down(*connection_, steps, 0), 0);
        ASSERT_TRUE(connection_->execute_script("DROP TABLE schema_migrations"));
    }
}

TEST_P(Migrations, reach_a_version_between_and_refuse_one_that_is_none) {
    EXPECT_EQ(migrate_up(*connection_, steps, {.target = 2}), 2);
    EXPECT_EQ(migrate_up(*connection_, steps, {.target = 2}), 2);
    EXPECT_EQ(migrate_up(*connection_, steps, {.target = 1}).error().code, Errc::invalid_argument);
    EXPECT_EQ(migrate_up(*connection_, steps, {.target = 4}).error().code, Errc::invalid_argument);
    EXPECT_EQ(migrate_up(*connection_, steps, {.target = -1}).error().code, Errc::invalid_argument);
    EXPECT_EQ(migrate_down(*connection_, steps, -1).error().code, Errc::invalid_argument);
    EXPECT_EQ(migrate_down(*connection_, steps, 3), 2) << "there is nothing above it";
    EXPECT_EQ(schema_version(*connection_), 2);
}

TEST_P(Migrations, leave_nothing_of_a_dry_run) {
    EXPECT_EQ(migrate_up(*connection_, steps, {.dry_run = true}), 3);
    EXPECT_EQ(schema_version(*connection_), 0);
    EXPECT_TRUE(schema(*connection_).empty()) << "not even the runner's table";
    std::array broken = steps;
    broken[2].up = "CREATE TABLE a (x INTEGER)";
    EXPECT_FALSE(migrate_up(*connection_, broken, {.dry_run = true})) << "it is run for real";
    ASSERT_EQ(migrate_up(*connection_, steps), 3);
    EXPECT_EQ(migrate_down(*connection_, steps, 1, true), 1);
    EXPECT_EQ(schema_version(*connection_), 3);
}

TEST_P(Migrations, are_reported_as_program_and_database_know_them) {
    using State = StepReport::State;
    const auto states = [&](std::span<const Migration> known) {
        const auto report = schema_report(*connection_, known).value();
        std::vector<State> found;
        for (const auto& step : report.steps) {
            found.push_back(step.state);
            EXPECT_EQ(step.applied_at.empty(), step.state == State::pending) << step.name;
        }
        EXPECT_EQ(report.known, static_cast<int>(known.size()));
        return std::pair(found, report.is_sound());
    };
    using States = std::vector<State>;
    EXPECT_EQ(states(first(2)), std::pair(States(2, State::pending), true));
    ASSERT_EQ(migrate_up(*connection_, first(2)), 2);
    EXPECT_EQ(states(steps), std::pair(States{State::landed, State::landed, State::pending}, true));
    EXPECT_EQ(states(first(1)), std::pair(States{State::landed, State::unknown}, false));
    std::array edited = steps;
    edited[0].down = "DROP TABLE a";
    EXPECT_EQ(
        states(edited), std::pair(States{State::changed, State::landed, State::pending}, false));
    EXPECT_EQ(schema_report(*connection_, steps)->version, 2);
}

TEST_P(Migrations, that_landed_without_their_names_are_known) {
    std::array nameless = steps;
    for (auto& step : nameless) step.name = {};
    ASSERT_EQ(migrate_up(*connection_, std::span(nameless).first(2)), 2);
    EXPECT_EQ(migrate_up(*connection_, steps), 3);
    EXPECT_TRUE(schema_report(*connection_, steps)->is_sound());
    nameless[0].up = steps[2].up;
    EXPECT_EQ(check_schema(*connection_, nameless).error().code, Errc::conflict);
    EXPECT_EQ(migrate_down(*connection_, steps, 0), 0);
}

TEST_P(Migrations, that_are_missing_are_told_to_who_only_looks) {
    ASSERT_EQ(migrate_up(*connection_, first(2)), 2);
    EXPECT_EQ(check_schema(*connection_, first(2)), 2);
    const auto behind = check_schema(*connection_, steps);
    ASSERT_FALSE(behind);
    EXPECT_EQ(behind.error().code, Errc::conflict);
    EXPECT_NE(behind.error().detail.find("baton migrate up"), std::string::npos);
    EXPECT_EQ(check_schema(*connection_, first(1)).error().code, Errc::conflict);
    EXPECT_EQ(schema_version(*connection_), 2);
}

TEST_P(Migrations, of_the_program_go_up_and_down_and_up_to_the_same_schema) {
    const auto embedded = embedded_migrations(database_->kind());
    ASSERT_FALSE(embedded.empty());
    const int last = static_cast<int>(embedded.size());
    std::vector<std::vector<std::string>> on_the_way;
    for (int version = 0; version <= last; ++version) {
        EXPECT_EQ(migrate_up(*connection_, embedded, {.target = version}), version);
        on_the_way.push_back(schema(*connection_));
    }
    for (int version = last; version >= 0; --version) {
        EXPECT_EQ(migrate_down(*connection_, embedded, version), version);
        EXPECT_EQ(schema(*connection_), on_the_way[static_cast<std::size_t>(version)]) << version;
    }
    EXPECT_TRUE(tables(*connection_).empty());
    EXPECT_EQ(migrate_up(*connection_, embedded), last);
    EXPECT_EQ(schema(*connection_), on_the_way.back());
}

INSTANTIATE_TEST_SUITE_P(Databases, Migrations, test::both_databases(), test::database_name);

TEST(EmbeddedMigrations, are_the_same_steps_for_both_databases) {
    const auto sqlite = embedded_migrations("sqlite");
    const auto postgres = embedded_migrations("postgres");
    ASSERT_EQ(sqlite.size(), postgres.size());
    for (std::size_t i = 0; i < sqlite.size(); ++i) {
        EXPECT_EQ(sqlite[i].version, postgres[i].version);
        EXPECT_EQ(sqlite[i].name, postgres[i].name);
        EXPECT_FALSE(sqlite[i].name.empty());
    }
    EXPECT_EQ(sqlite[0].name, "keys");
    EXPECT_TRUE(embedded_migrations("no such kind").empty());
}

}  // namespace
}  // namespace baton::db
