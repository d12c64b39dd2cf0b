// What the port promises, on every database that stands behind it.
#include "support/test_database.h"

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace baton::db {
namespace {

constexpr Statement insert_item{"INSERT INTO items (id, name, weight, body) VALUES (?, ?, ?, ?)"};
constexpr Statement count_items{"SELECT count(*) FROM items"};
constexpr Statement delete_items{"DELETE FROM items"};

class AnyDatabase : public ::testing::TestWithParam<test::DatabaseKind> {
protected:
    AnyDatabase() {
        EXPECT_TRUE(connection_->execute_script(
            "CREATE TABLE items (id BIGINT PRIMARY KEY, name TEXT NOT NULL, "
            "weight DOUBLE PRECISION, body BYTEA);"
            "CREATE TABLE parts (item BIGINT REFERENCES items (id));"));
    }

    Result<std::int64_t> insert(std::int64_t id, std::string_view name = "x") {
        const std::array<Value, 4> values{id, name, 1.5, std::monostate{}};
        return connection_->execute(insert_item, values);
    }
    std::int64_t number(const Statement& statement, std::span<const Value> values = {}) {
        std::int64_t number = -1;
        EXPECT_TRUE(connection_->execute(statement, values, [&](const Row& row) {
            number = row.integer(0);
            return true;
        }));
        return number;
    }
    std::int64_t count() { return number(count_items); }

    test::TestDatabase database_{GetParam()};
    std::unique_ptr<Connection> connection_ = database_->connect().value();
};

TEST_P(AnyDatabase, stores_every_kind_of_value) {
    const std::string blob("\0\xff\x01", 3);
    const std::string_view text(
        "gr\xc3\xbc\xc3\x9f\0\x01"
        "0\x01"
        "1 \xf0\x9f\x98\x80",
        18);
    const std::array<Value, 4> values{std::int64_t{1} << 62, text, 0.1, Blob{blob}};
    ASSERT_EQ(connection_->execute(insert_item, values), 1);
    ASSERT_TRUE(insert(2, ""));

    static constexpr Statement select{"SELECT id, name, weight, body FROM items ORDER BY id"};
    int rows = 0;
    ASSERT_TRUE(connection_->execute(select, {}, [&](const Row& row) {
        if (++rows == 1) {
            EXPECT_TRUE(row.is_null(3));
            EXPECT_EQ(row.text(1), "");
            EXPECT_FALSE(row.is_null(1));
            EXPECT_EQ(row.text(3), "");
        } else {
            EXPECT_EQ(row.integer(0), std::int64_t{1} << 62);
            EXPECT_EQ(row.text(0), "4611686018427387904");
            EXPECT_EQ(row.text(1), text);
            EXPECT_EQ(row.real(2), 0.1);
            EXPECT_EQ(row.text(3), blob);
        }
        return true;
    }));
    EXPECT_EQ(rows, 2);
}

TEST_P(AnyDatabase, finds_text_by_all_of_its_bytes) {
    const std::string_view zero("a\0b", 3);
    ASSERT_TRUE(insert(1, zero));
    ASSERT_TRUE(insert(2, "a"));
    static constexpr Statement find{"SELECT id FROM items WHERE name = ?"};
    EXPECT_EQ(number(find, std::array<Value, 1>{zero}), 1);
    EXPECT_EQ(number(find, std::array<Value, 1>{std::string_view("a")}), 2);
}

TEST_P(AnyDatabase, tells_how_many_rows_a_statement_changed) {
    EXPECT_EQ(insert(1, "a"), 1);
    EXPECT_EQ(insert(2, "b"), 1);
    static constexpr Statement rename{"UPDATE items SET name = 'c?' -- all?"};
    static constexpr Statement none{"UPDATE items SET name = 'c' WHERE id = 99"};
    static constexpr Statement schema{"CREATE TABLE later (x BIGINT)"};
    EXPECT_EQ(connection_->execute(rename), 2);
    EXPECT_EQ(connection_->execute(none), 0);
    EXPECT_EQ(connection_->execute(count_items), 0);
    EXPECT_EQ(connection_->execute(schema), 0);
    EXPECT_EQ(connection_->execute(delete_items), 2);
}

TEST_P(AnyDatabase, stops_when_the_sink_has_enough) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(insert(i));
    static constexpr Statement select{"SELECT id FROM items ORDER BY id"};
    for (int round = 0; round < 2; ++round) {
        int seen = 0;
        ASSERT_TRUE(connection_->execute(select, {}, [&](const Row&) { return ++seen < 3; }));
        EXPECT_EQ(seen, 3);
    }
}

TEST_P(AnyDatabase, runs_another_text_under_the_same_address) {
    Statement statement{"SELECT 41 WHERE 1 = ?"};
    const std::array<Value, 1> one{std::int64_t{1}};
    EXPECT_EQ(number(statement, one), 41);
    statement.sql = "SELECT 42";
    EXPECT_EQ(number(statement), 42);
}

TEST_P(AnyDatabase, keeps_a_bounded_number_of_statements) {
    std::vector<Statement> many(1'500, Statement{"SELECT count(*) FROM items"});
    for (const auto& statement : many) ASSERT_TRUE(connection_->execute(statement));
    EXPECT_EQ(count(), 0);
}

TEST_P(AnyDatabase, refuses_a_wrong_number_of_values_and_bad_sql) {
    const std::array<Value, 1> one{std::int64_t{1}};
    EXPECT_EQ(connection_->execute(insert_item, one).error().code, Errc::internal);
    static constexpr Statement bad{"SELEKT 1"};
    EXPECT_EQ(connection_->execute(bad).error().code, Errc::internal);
    EXPECT_EQ(connection_->execute_script("SELECT 1; SELEKT 1").error().code, Errc::internal);
    EXPECT_TRUE(insert(1)) << "and works afterwards";
}

TEST_P(AnyDatabase, calls_a_broken_constraint_a_conflict) {
    ASSERT_TRUE(insert(1));
    EXPECT_EQ(insert(1).error().code, Errc::conflict);
    static constexpr Statement null{"INSERT INTO items (id) VALUES (7)"};
    EXPECT_EQ(connection_->execute(null).error().code, Errc::conflict);
    static constexpr Statement orphan{"INSERT INTO parts (item) VALUES (7)"};
    EXPECT_EQ(connection_->execute(orphan).error().code, Errc::conflict);
    EXPECT_EQ(count(), 1);
}

TEST_P(AnyDatabase, keeps_a_transaction_whole) {
    ASSERT_TRUE(in_transaction(*connection_, [&]() -> Result<void> {
        BATON_TRY_VOID(insert(1));
        BATON_TRY_VOID(insert(2));
        return {};
    }));
    EXPECT_EQ(count(), 2);
    const auto failed = in_transaction(*connection_, [&]() -> Result<void> {
        BATON_TRY_VOID(insert(3));
        BATON_TRY_VOID(insert(1));
        return {};
    });
    EXPECT_EQ(failed.error().code, Errc::conflict);
    EXPECT_FALSE(connection_->must_repeat());
    EXPECT_EQ(count(), 2);
    const auto changed_its_mind = in_transaction(*connection_, [&]() -> Result<void> {
        BATON_TRY_VOID(insert(4));
        return fail(Errc::cancelled, "no");
    });
    EXPECT_EQ(changed_its_mind.error().code, Errc::cancelled);
    EXPECT_EQ(count(), 2);
    connection_->rollback();  // without a transaction: nothing
    EXPECT_TRUE(insert(3));
}

TEST_P(AnyDatabase, keeps_the_rest_of_a_transaction_when_a_savepoint_is_undone) {
    static constexpr Statement savepoint{"SAVEPOINT operation"};
    static constexpr Statement undo{"ROLLBACK TO operation"};
    static constexpr Statement release{"RELEASE operation"};
    for (std::int64_t round = 0; round < 2; ++round) {
        ASSERT_TRUE(in_transaction(*connection_, [&]() -> Result<void> {
            BATON_TRY_VOID(insert(10 * round));
            BATON_TRY_VOID(connection_->execute(savepoint));
            EXPECT_EQ(insert(10 * round).error().code, Errc::conflict);
            BATON_TRY_VOID(connection_->execute(undo));
            BATON_TRY_VOID(connection_->execute(release));
            BATON_TRY_VOID(insert(10 * round + 1));
            return {};
        }));
    }
    EXPECT_EQ(count(), 4);
}

TEST_P(AnyDatabase, shows_nothing_of_a_transaction_to_others_before_it_is_committed) {
    const auto other = database_->connect().value();
    ASSERT_TRUE(connection_->begin());
    ASSERT_TRUE(insert(1));
    std::int64_t seen = -1;
    const auto look = [&] {
        EXPECT_TRUE(other->execute(count_items, {}, [&](const Row& row) {
            seen = row.integer(0);
            return true;
        }));
        return seen;
    };
    EXPECT_EQ(look(), 0);
    ASSERT_TRUE(connection_->commit());
    EXPECT_EQ(look(), 1);
}

/// Two that read before they write: serialisable, so one of them sees what the other did.
TEST_P(AnyDatabase, loses_no_update_of_transactions_side_by_side) {
    ASSERT_TRUE(insert(1, "0"));
    static constexpr Statement read{"SELECT weight FROM items WHERE id = 1"};
    static constexpr Statement write{"UPDATE items SET weight = ? WHERE id = 1"};
    ASSERT_TRUE(connection_->execute_script("UPDATE items SET weight = 0"));
    constexpr int rounds = 25;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
            const auto own = database_->connect().value();
            for (int i = 0; i < rounds; ++i) {
                const auto body = [&]() -> Result<void> {
                    double now = 0;
                    BATON_TRY_VOID(own->execute(read, {}, [&](const Row& row) {
                        now = row.real(0);
                        return true;
                    }));
                    const std::array<Value, 1> more{now + 1};
                    BATON_TRY_VOID(own->execute(write, more));
                    return {};
                };
                auto done = in_transaction(*own, body);
                while (!done && done.error().code == Errc::database_unavailable) {
                    done = in_transaction(*own, body);
                }
                EXPECT_TRUE(done) << to_string(done.error());
            }
        });
    }
    threads.clear();
    EXPECT_EQ(number(read), 3 * rounds);
}

INSTANTIATE_TEST_SUITE_P(Databases, AnyDatabase, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::db
