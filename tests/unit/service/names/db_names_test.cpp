#include "service/names/db_names.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "db/migrations.h"
#include "db/sqlite/sqlite_database.h"
#include "runtime/io_pool.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace baton::service {
namespace {

class DbNamesTest : public testing::Test {
protected:
    void SetUp() override {
        const auto connection = database->connect();
        ASSERT_TRUE(connection);
        ASSERT_TRUE(db::migrate_up(**connection, db::embedded_migrations("sqlite")));
        open();
    }
    void open() {
        names.reset();
        auto made = make_db_names(*database, clock);
        ASSERT_TRUE(made);
        names = *std::move(made);
    }
    void remember(std::vector<NamedMessage> messages) {
        EXPECT_TRUE(io.run(names->remember(std::move(messages))));
    }
    std::optional<MessageId> find(std::string name) {
        return io.run(names->find(std::move(name))).value();
    }
    std::int64_t rows() {
        static constexpr db::Statement count{"SELECT count(*) FROM message_names"};
        std::int64_t number = -1;
        const auto connection = database->connect().value();
        EXPECT_TRUE(connection->execute(count, {}, [&](const db::Row& row) {
            number = row.integer(0);
            return false;
        }));
        return number;
    }

    test::TempDir dir;
    std::unique_ptr<db::Database> database =
        db::make_sqlite_database({.file = dir.path() / "test.db"});
    test::FakeClock clock;
    IoPool io{1};
    std::unique_ptr<MessageNames> names;
};

TEST_F(DbNamesTest, a_name_means_its_message_also_after_a_restart) {
    remember({{"a", {1, 2}}, {"'; DROP TABLE message_names; --", {1, 3}}});
    open();
    EXPECT_EQ(find("a"), (MessageId{1, 2}));
    EXPECT_EQ(find("'; DROP TABLE message_names; --"), (MessageId{1, 3}));
    EXPECT_EQ(find("A"), std::nullopt);
    EXPECT_EQ(find(""), std::nullopt);
}

TEST_F(DbNamesTest, a_name_means_the_message_it_was_written_with_last) {
    remember({{"a", {1, 2}}});
    remember({{"a", {1, 2}}});
    remember({{"a", {5, 6}}});
    EXPECT_EQ(find("a"), (MessageId{5, 6}));
    EXPECT_EQ(rows(), 1);
}

TEST_F(DbNamesTest, names_go_when_their_time_is_over) {
    remember({{"a", {1, 1}}, {"b", {1, 2}}});
    clock.advance(MessageNames::kept_for);
    EXPECT_TRUE(find("a"));
    clock.advance(Duration(1));
    EXPECT_FALSE(find("a"));
    remember({{"c", {1, 3}}});
    EXPECT_EQ(rows(), 1);
}

TEST_F(DbNamesTest, a_name_that_is_written_again_stays_longer) {
    remember({{"a", {1, 1}}});
    clock.advance(std::chrono::days(6));
    remember({{"a", {1, 1}}});
    clock.advance(std::chrono::days(6));
    EXPECT_TRUE(find("a"));
}

}  // namespace
}  // namespace baton::service
