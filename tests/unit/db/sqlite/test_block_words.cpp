// The tokenizer that puts the block of a text before its words.
#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "db/sqlite/sqlite_database.h"
#include "support/temp_dir.h"

namespace baton::db {
namespace {

constexpr Statement insert{"INSERT INTO texts (rowid, body) VALUES (?, ?)"};
constexpr Statement select{"SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rowid"};

class BlockWords : public ::testing::Test {
protected:
    BlockWords() {
        EXPECT_TRUE(connection_->execute_script(
            "CREATE VIRTUAL TABLE texts USING fts5("
            "body, tokenize='baton_blocks unicode61 remove_diacritics 2')"));
    }

    void add(std::int64_t row, std::string_view body) {
        const std::array<Value, 2> values{row, body};
        ASSERT_TRUE(connection_->execute(insert, values));
    }
    std::vector<std::int64_t> found(std::string_view match) {
        std::vector<std::int64_t> rows;
        const std::array<Value, 1> values{match};
        EXPECT_TRUE(connection_->execute(select, values, [&](const Row& row) {
            rows.push_back(row.integer(0));
            return true;
        })) << match;
        return rows;
    }

    using Rows = std::vector<std::int64_t>;

    test::TempDir dir_;
    std::unique_ptr<Database> database_ = make_sqlite_database({.file = dir_ / "test.db"});
    std::unique_ptr<Connection> connection_ = database_->connect().value();
};

TEST_F(BlockWords, are_found_in_their_block_only) {
    add(1, "00001Z\xc3\xbcrich, the town");
    add(2, "00002Zurich, the bank");
    EXPECT_EQ(found(R"("00001zurich")"), (Rows{1}));
    EXPECT_EQ(found(R"("00002z"*)"), (Rows{2}));
    EXPECT_EQ(found(R"("00002zurich bank")"), Rows{});
    EXPECT_EQ(found(R"("00002zurich the bank")"), (Rows{2})) << "side by side";
    EXPECT_EQ(found(R"(("00002the" "00002bank") OR ("00001the" "00001t"*))"), (Rows{1, 2}));
    EXPECT_EQ(found(R"("zurich")"), Rows{});
    EXPECT_EQ(found(R"("00001")"), Rows{});
}

TEST_F(BlockWords, of_texts_without_words_are_none) {
    add(1, "");
    add(2, "0000");
    add(3, "00001");
    add(4, "00001...");
    add(5, "00001x");
    EXPECT_EQ(found(R"("00001x")"), (Rows{5}));
    EXPECT_EQ(found(R"("00001x" "00001..." "00001" "")"), (Rows{5})) << "no word leaves none out";
}

TEST_F(BlockWords, need_a_tokenizer_behind_them) {
    EXPECT_FALSE(connection_->execute_script(
        "CREATE VIRTUAL TABLE none USING fts5(body, tokenize='baton_blocks')"));
    EXPECT_FALSE(connection_->execute_script(
        "CREATE VIRTUAL TABLE none USING fts5(body, tokenize='baton_blocks nonsense')"));
}

}  // namespace
}  // namespace baton::db
