// SQLite behind the port: values, transactions, locks, and the translation of its errors.
#include <array>
#include <fstream>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "db/sqlite/sqlite_database.h"
#include "support/temp_dir.h"

namespace baton::db {
namespace {

constexpr Statement insert_item{"INSERT INTO items (id, name, weight, body) VALUES (?, ?, ?, ?)"};
constexpr Statement count_items{"SELECT count(*) FROM items"};
constexpr Statement delete_items{"DELETE FROM items"};

class Sqlite : public ::testing::Test {
protected:
    static std::unique_ptr<Connection> open(Database& database) {
        auto connection = database.connect();
        EXPECT_TRUE(connection) << to_string(connection.error());
        return std::move(connection).value();
    }

    void make_items() {
        ASSERT_TRUE(connection_->execute_script(
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, weight REAL, body "
            "BLOB);"
            "CREATE TABLE parts (item INTEGER REFERENCES items (id)) STRICT;"));
    }

    Result<std::int64_t> insert(std::int64_t id, std::string_view name) {
        const std::array<Value, 4> values{id, name, 1.5, std::monostate{}};
        return connection_->execute(insert_item, values);
    }

    std::int64_t count(Connection& connection) {
        std::int64_t rows = -1;
        EXPECT_TRUE(connection.execute(count_items, {}, [&](const Row& row) {
            rows = row.integer(0);
            return true;
        }));
        return rows;
    }

    test::TempDir dir_;
    std::unique_ptr<Database> database_ = make_sqlite_database(
        {.file = dir_ / "test.db", .busy_timeout = std::chrono::milliseconds(0)});
    std::unique_ptr<Connection> connection_ = open(*database_);
};

TEST_F(Sqlite, survives_a_sink_that_throws) {
    make_items();
    ASSERT_TRUE(insert(1, "x"));
    EXPECT_THROW(static_cast<void>(connection_->execute(count_items, {},
                     [](const Row&) -> bool { throw std::runtime_error("enough"); })),
        std::runtime_error);
    EXPECT_EQ(count(*connection_), 1);
}

TEST_F(Sqlite, refuses_a_wrong_number_of_values_and_bad_sql) {
    make_items();
    EXPECT_EQ(connection_->execute(insert_item).error().code, Errc::internal);
    static constexpr Statement bad{"SELEKT 1"};
    EXPECT_EQ(connection_->execute(bad).error().code, Errc::internal);
}

TEST_F(Sqlite, refuses_a_statement_within_itself) {
    make_items();
    ASSERT_TRUE(insert(1, "x"));
    ASSERT_TRUE(connection_->execute(count_items, {}, [&](const Row&) {
        EXPECT_EQ(connection_->execute(count_items).error().code, Errc::internal);
        return true;
    }));
}

TEST_F(Sqlite, commits_and_rolls_back) {
    make_items();
    ASSERT_TRUE(connection_->begin());
    ASSERT_TRUE(insert(1, "a"));
    ASSERT_TRUE(connection_->commit());
    ASSERT_TRUE(connection_->begin());
    ASSERT_TRUE(insert(2, "b"));
    connection_->rollback();
    connection_->rollback();  // without a transaction: nothing
    const auto other = open(*database_);
    EXPECT_EQ(count(*other), 1);

    EXPECT_FALSE(in_transaction(*connection_, [&]() -> Result<void> {
        EXPECT_TRUE(insert(3, "c"));
        return fail(Errc::conflict, "changed my mind");
    }));
    EXPECT_TRUE(in_transaction(*connection_, [&]() -> Result<void> {
        EXPECT_TRUE(insert(4, "d"));
        return {};
    }));
    EXPECT_EQ(count(*other), 2);
}

TEST_F(Sqlite, shows_a_reader_only_what_is_committed) {
    make_items();
    const auto reader = open(*database_);
    ASSERT_TRUE(connection_->begin());
    ASSERT_TRUE(insert(1, "a"));
    EXPECT_EQ(count(*reader), 0);
    ASSERT_TRUE(connection_->commit());
    EXPECT_EQ(count(*reader), 1);
}

TEST_F(Sqlite, calls_a_broken_constraint_a_conflict) {
    make_items();
    ASSERT_TRUE(insert(1, "a"));
    EXPECT_EQ(insert(1, "again").error().code, Errc::conflict);
    static constexpr Statement orphan{"INSERT INTO parts (item) VALUES (77)"};
    EXPECT_EQ(connection_->execute(orphan).error().code, Errc::conflict);
    EXPECT_EQ(insert(2, "b"), 1);
}

TEST_F(Sqlite, calls_a_second_writer_unavailable) {
    make_items();
    const auto other = open(*database_);
    ASSERT_TRUE(connection_->begin());
    EXPECT_EQ(other->begin().error().code, Errc::database_unavailable);
    connection_->rollback();
    EXPECT_TRUE(other->begin());
    other->rollback();
}

TEST_F(Sqlite, calls_a_full_disk_storage_full_and_goes_on) {
    make_items();
    ASSERT_TRUE(connection_->execute_script("PRAGMA max_page_count = 20"));
    const std::string body(8'192, 'x');
    Errc last = Errc::internal;
    std::int64_t stored = 0;
    for (int i = 0; i < 100; ++i) {
        const std::array<Value, 4> values{std::int64_t{i}, std::string_view("x"), 1.0, Blob{body}};
        const auto done = connection_->execute(insert_item, values);
        if (!done) {
            last = done.error().code;
            break;
        }
        ++stored;
    }
    EXPECT_EQ(last, Errc::storage_full);
    EXPECT_EQ(count(*connection_), stored);
    EXPECT_EQ(connection_->execute(delete_items), stored);
    EXPECT_EQ(insert(1, "a"), 1);
}

TEST_F(Sqlite, calls_a_foreign_file_corrupt) {
    std::ofstream(dir_ / "text.db") << std::string(10'000, 'x');
    const auto database = make_sqlite_database({.file = dir_ / "text.db"});
    EXPECT_EQ(database->connect().error().code, Errc::storage_corrupt);
}

TEST_F(Sqlite, calls_a_folder_or_a_missing_folder_unusable) {
    for (const auto& file : {dir_.path(), dir_ / "missing" / "test.db"}) {
        const auto database = make_sqlite_database({.file = file});
        EXPECT_EQ(database->connect().error().code, Errc::data_dir_unusable);
    }
}

TEST_F(Sqlite, calls_a_file_that_became_read_only_a_fault_of_the_storage) {
    make_items();
    ASSERT_TRUE(connection_->execute_script("PRAGMA query_only = ON"));
    EXPECT_EQ(connection_->execute_script("CREATE TABLE t (x)").error().code, Errc::storage_io);
}

TEST_F(Sqlite, keeps_its_files_private) {
    make_items();
    for (const char* name : {"test.db", "test.db-wal"}) {
        struct stat info{};
        ASSERT_EQ(::stat((dir_ / name).c_str(), &info), 0) << name;
        EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
    }
}

TEST_F(Sqlite, lets_nobody_else_in_while_exclusive) {
    const SqliteConfig config{.file = dir_ / "own.db", .exclusive = true};
    const auto owner = make_sqlite_database(config);
    auto connection = open(*owner);
    ASSERT_TRUE(connection->execute_script("CREATE TABLE t (x)"));
    EXPECT_EQ(owner->connect().error().code, Errc::data_dir_locked);
    const auto second = make_sqlite_database(config);
    EXPECT_EQ(second->connect().error().code, Errc::data_dir_locked);
    const auto guest = make_sqlite_database(
        {.file = dir_ / "own.db", .busy_timeout = std::chrono::milliseconds(0)});
    EXPECT_EQ(guest->connect().error().code, Errc::data_dir_locked);
    connection.reset();
    connection = open(*second);  // this time the file is in WAL mode already
    EXPECT_EQ(owner->connect().error().code, Errc::data_dir_locked);
    EXPECT_EQ(guest->connect().error().code, Errc::data_dir_locked);
}

TEST_F(Sqlite, finds_what_was_committed_after_reopening) {
    make_items();
    ASSERT_TRUE(insert(1, "a"));
    connection_.reset();
    connection_ = open(*database_);
    EXPECT_EQ(count(*connection_), 1);
}

}  // namespace
}  // namespace baton::db
