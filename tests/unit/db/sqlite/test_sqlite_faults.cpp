// SQLite on a failing disk: which error, and what a commit that failed leaves behind.
#include <gtest/gtest.h>

#include "db/sqlite/sqlite_database.h"
#include "failing_vfs.h"
#include "support/temp_dir.h"

namespace baton::db {
namespace {

constexpr Statement insert_row{"INSERT INTO t (x) VALUES (1)"};
constexpr Statement count_rows{"SELECT count(*) FROM t"};

class SqliteFaults : public ::testing::TestWithParam<bool> {
protected:
    std::unique_ptr<Connection> open() { return database_->connect().value(); }

    static std::int64_t count(Connection& connection) {
        std::int64_t rows = -1;
        EXPECT_TRUE(connection.execute(count_rows, {}, [&](const Row& row) {
            rows = row.integer(0);
            return true;
        }));
        return rows;
    }

    test::TempDir dir_;
    test::FailingVfs disk_;
    std::unique_ptr<Database> database_ =
        make_sqlite_database({.file = dir_ / "test.db", .exclusive = GetParam()});
};

TEST_P(SqliteFaults, a_failed_sync_is_final_until_the_database_is_reopened) {
    auto connection = open();
    ASSERT_TRUE(connection->execute_script("CREATE TABLE t (x)"));
    ASSERT_TRUE(connection->execute(insert_row));
    ASSERT_TRUE(connection->begin());
    ASSERT_TRUE(connection->execute(insert_row));
    disk_.fail_sync = true;
    EXPECT_EQ(connection->commit().error().code, Errc::storage_io);
    connection->rollback();
    disk_.fail_sync = false;
    EXPECT_EQ(connection->execute(insert_row).error().code, Errc::storage_io);
    EXPECT_EQ(connection->begin().error().code, Errc::storage_io);
    EXPECT_EQ(connection->execute_script("SELECT 1").error().code, Errc::storage_io);

    connection.reset();
    connection = open();
    EXPECT_GE(count(*connection), 1);
    EXPECT_TRUE(connection->execute(insert_row));
}

TEST_P(SqliteFaults, a_failed_write_rolls_back_and_the_next_may_succeed) {
    auto connection = open();
    ASSERT_TRUE(connection->execute_script("CREATE TABLE t (x)"));
    ASSERT_TRUE(connection->begin());
    ASSERT_TRUE(connection->execute(insert_row));
    disk_.write_error = SQLITE_IOERR_WRITE;
    EXPECT_EQ(connection->commit().error().code, Errc::storage_io);
    connection->rollback();
    disk_.write_error = SQLITE_FULL;
    EXPECT_EQ(connection->execute(insert_row).error().code, Errc::storage_full);
    disk_.write_error = SQLITE_OK;
    EXPECT_EQ(count(*connection), 0);
    EXPECT_EQ(connection->execute(insert_row), 1);
    connection.reset();
    EXPECT_EQ(count(*open()), 1);
}

INSTANTIATE_TEST_SUITE_P(Modes, SqliteFaults, ::testing::Bool(),
    [](const auto& mode) { return mode.param ? "exclusive" : "shared"; });

}  // namespace
}  // namespace baton::db
