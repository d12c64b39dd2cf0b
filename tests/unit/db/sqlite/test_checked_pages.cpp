// Checksums of pages: rot anywhere in a database file is named, and files without them are taken
// over.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "db/sqlite/checked_pages.h"
#include "db/sqlite/sqlite_database.h"
#include "failing_vfs.h"
#include "support/temp_dir.h"

namespace baton::db {
namespace {

constexpr Statement integrity{"PRAGMA integrity_check"};
constexpr Statement read_all{"SELECT body FROM items ORDER BY id"};
constexpr std::size_t page_size = checked_page_size;

class CheckedPages : public ::testing::Test {
protected:
    static constexpr int items = 40;
    static std::string body(int i) {
        return std::string(
            1 + static_cast<std::size_t>(i) * 331 % 9'000, static_cast<char>('a' + i % 26));
    }
    static constexpr const char* make_items =
        "CREATE TABLE items (id INTEGER PRIMARY KEY, body TEXT NOT NULL);"
        "CREATE INDEX by_body ON items (body);";
    /// A file with some pages of each kind, folded in.
    void make() {
        auto connection = database_->connect().value();
        ASSERT_TRUE(connection->execute_script(make_items));
        static constexpr Statement insert{"INSERT INTO items (body) VALUES (?)"};
        for (int i = 0; i < items; ++i) {
            const std::string text = body(i);
            const std::array<Value, 1> values{std::string_view(text)};
            ASSERT_TRUE(connection->execute(insert, values));
        }
    }
    /// The same as SQLite alone makes it.
    void make_plain() const {
        sqlite3* db = nullptr;
        ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
        std::string sql = std::string("PRAGMA journal_mode=WAL;") + make_items;
        for (int i = 0; i < items; ++i)
            sql += "INSERT INTO items (body) VALUES ('" + body(i) + "');";
        EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
        EXPECT_EQ(sqlite3_close(db), SQLITE_OK);
    }
    void expect_all_there() const {
        const auto connection = database_->connect();
        ASSERT_TRUE(connection) << to_string(connection.error());
        int i = 0;
        ASSERT_TRUE((*connection)->execute(read_all, {}, [&](const Row& row) {
            EXPECT_EQ(row.text(0), body(i++));
            return true;
        }));
        EXPECT_EQ(i, items);
    }
    /// "ok", or what reading everything fails with.
    Result<void> read_everything() const {
        BATON_TRY(const auto connection, database_->connect());
        BATON_TRY_VOID(connection->execute(read_all, {}, [](const Row&) { return true; }));
        BATON_TRY_VOID(connection->execute(integrity, {}, [](const Row&) { return true; }));
        return {};
    }
    [[nodiscard]] std::string bytes() const {
        std::ifstream in(file_, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void put(const std::string& bytes) const {
        std::filesystem::remove(file_.string() + "-wal");
        std::filesystem::remove(file_.string() + "-shm");
        std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes;
    }
    void expect_corrupt(const std::string& bytes, const std::string& place) const {
        put(bytes);
        const auto read = read_everything();
        ASSERT_FALSE(read) << place;
        EXPECT_EQ(read.error().code, Errc::storage_corrupt) << to_string(read.error());
        EXPECT_NE(read.error().detail.find(place), std::string::npos) << read.error().detail;
    }

    test::TempDir dir_{test::fast_place()};
    std::filesystem::path file_ = dir_ / "test.db";
    std::unique_ptr<Database> database_ = make_sqlite_database({.file = file_});
};

TEST_F(CheckedPages, a_flipped_bit_is_named_by_its_page) {
    make();
    const auto sound = bytes();
    ASSERT_GT(sound.size(), 30 * page_size);
    for (std::size_t at = 0; at < sound.size(); at += 487) {
        auto rotten = sound;
        rotten[at] = static_cast<char>(rotten[at] ^ (1 << (at % 8)));
        expect_corrupt(rotten, "page " + std::to_string(at / page_size + 1) + " is damaged");
    }
    put(sound);
    expect_all_there();
}

TEST_F(CheckedPages, no_bit_of_the_header_makes_it_another_file) {
    make();
    const auto sound = bytes();
    for (std::size_t bit = 0; bit < 100 * 8; ++bit) {
        auto rotten = sound;
        rotten[bit / 8] = static_cast<char>(rotten[bit / 8] ^ (1 << (bit % 8)));
        expect_corrupt(rotten, "page 1 is damaged");
    }
}

TEST_F(CheckedPages, a_page_in_the_place_of_another_is_damage) {
    make();
    auto bytes = this->bytes();
    std::copy_n(bytes.data() + 10 * page_size, page_size, bytes.data() + 11 * page_size);
    expect_corrupt(bytes, "page 12 is damaged");
}

TEST_F(CheckedPages, a_cut_file_is_damage) {
    make();
    const auto sound = bytes();
    // SQLite takes a file of one byte for an empty one, and an empty one is a new one.
    for (std::size_t left = 2; left < sound.size(); left += left < 600 ? 1 : 511) {
        expect_corrupt(sound.substr(0, left), "");
    }
}

TEST_F(CheckedPages, anybody_can_read_the_file) {
    make();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    std::string count;
    const auto keep = [](void* out, int, char** columns, char**) {
        *static_cast<std::string*>(out) = columns[0];
        return 0;
    };
    EXPECT_EQ(sqlite3_exec(db, "SELECT count(*) FROM items", keep, &count, nullptr), SQLITE_OK);
    EXPECT_EQ(count, std::to_string(items));
    EXPECT_EQ(sqlite3_close(db), SQLITE_OK);
    expect_all_there();
}

TEST_F(CheckedPages, a_file_without_checksums_gets_them) {
    make_plain();
    expect_all_there();
    const auto taken_over = bytes();
    expect_all_there();
    auto rotten = taken_over;
    rotten[7 * page_size + 99] ^= 1;
    expect_corrupt(rotten, "page 8 is damaged");
}

TEST_F(CheckedPages, taking_a_file_over_can_end_anywhere) {
    make_plain();
    const auto plain = bytes();
    bool fired = true;
    for (int n = 1; fired; ++n) {
        SCOPED_TRACE(n);
        put(plain);
        {
            test::FailingVfs disk;
            disk.calls_left = n;
            static_cast<void>(database_->connect());
            fired = disk.fired();
        }
        expect_all_there();
        EXPECT_TRUE(read_everything());
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace baton::db
