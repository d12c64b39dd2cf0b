// The migrations runner against SQLite: what lands, what is refused, and what a failed step leaves
// behind.
#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "db/migrations.h"
#include "db/sqlite/sqlite_database.h"
#include "support/faulty_database.h"
#include "support/temp_dir.h"

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

std::set<std::string> tables(Connection& connection) {
    static constexpr Statement select{
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_migrations'"};
    std::set<std::string> names;
    EXPECT_TRUE(connection.execute(select, {}, [&](const Row& row) {
        names.emplace(row.text(0));
        return true;
    }));
    return names;
}

class Migrations : public ::testing::Test {
protected:
    test::TempDir dir_;
    std::unique_ptr<Database> database_ = make_sqlite_database({.file = dir_ / "test.db"});
    std::unique_ptr<Connection> connection_ = database_->connect().value();
};

TEST_F(Migrations, empty_database_has_version_zero) { EXPECT_EQ(schema_version(*connection_), 0); }

TEST_F(Migrations, bring_an_empty_database_to_the_last_version) {
    EXPECT_EQ(migrate_up(*connection_, steps), 3);
    EXPECT_EQ(schema_version(*connection_), 3);
    EXPECT_EQ(tables(*connection_), (std::set<std::string>{"a", "b", "c"}));
}

TEST_F(Migrations, apply_only_what_is_missing) {
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

TEST_F(Migrations, go_down_to_a_version_and_up_again) {
    ASSERT_EQ(migrate_up(*connection_, steps), 3);
    EXPECT_EQ(migrate_down(*connection_, steps, 1), 1);
    EXPECT_EQ(tables(*connection_), (std::set<std::string>{"a", "b"}));
    EXPECT_EQ(migrate_down(*connection_, steps, 0), 0);
    EXPECT_TRUE(tables(*connection_).empty());
    EXPECT_EQ(migrate_up(*connection_, steps), 3);
}

TEST_F(Migrations, refuse_a_landed_step_whose_text_changed) {
    ASSERT_EQ(migrate_up(*connection_, first(2)), 2);
    std::array edited = steps;
    edited[0].up = "CREATE TABLE a (x INTEGER); CREATE TABLE b (x TEXT);";
    const auto up = migrate_up(*connection_, edited);
    ASSERT_FALSE(up);
    EXPECT_EQ(up.error().code, Errc::conflict);
    EXPECT_EQ(migrate_down(*connection_, edited, 0).error().code, Errc::conflict);
    EXPECT_EQ(tables(*connection_), (std::set<std::string>{"a", "b"}));
}

TEST_F(Migrations, refuse_a_database_newer_than_the_program) {
    ASSERT_EQ(migrate_up(*connection_, steps), 3);
    const auto up = migrate_up(*connection_, first(2));
    ASSERT_FALSE(up);
    EXPECT_EQ(up.error().code, Errc::conflict);
    EXPECT_NE(up.error().detail.find("newer"), std::string::npos);
}

TEST_F(Migrations, refuse_steps_with_a_gap) {
    const std::array gap{steps[0], steps[2]};
    EXPECT_EQ(migrate_up(*connection_, gap).error().code, Errc::internal);
}

TEST_F(Migrations, leave_nothing_of_a_step_that_fails_in_the_middle) {
    std::array broken = steps;
    broken[1].up = "CREATE TABLE half (x INTEGER); CREATE TABLE a (x INTEGER);";
    const auto up = migrate_up(*connection_, broken);
    ASSERT_FALSE(up);
    EXPECT_NE(up.error().detail.find("`second`"), std::string::npos);
    EXPECT_EQ(schema_version(*connection_), 1);
    EXPECT_EQ(tables(*connection_), (std::set<std::string>{"a", "b"}));
    EXPECT_EQ(migrate_up(*connection_, steps), 3);
}

TEST_F(Migrations, land_completely_after_a_fault_at_any_call) {
    for (int n = 1;; ++n) {
        const test::TempDir dir;
        const auto file = make_sqlite_database({.file = dir / "test.db"});
        test::FaultPlan plan;
        test::FaultyDatabase faulty(*file, plan);
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

TEST_F(Migrations, of_the_program_go_up_and_down) {
    const auto embedded = embedded_migrations("sqlite");
    ASSERT_FALSE(embedded.empty());
    EXPECT_EQ(migrate_up(*connection_, embedded), static_cast<int>(embedded.size()));
    EXPECT_EQ(migrate_down(*connection_, embedded, 0), 0);
    EXPECT_TRUE(tables(*connection_).empty());
    EXPECT_TRUE(embedded_migrations("no such kind").empty());
}

}  // namespace
}  // namespace baton::db
