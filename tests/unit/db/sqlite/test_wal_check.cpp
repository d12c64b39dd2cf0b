// The write-ahead log after a crash: what a cut write explains is cut, what rot explains is said.
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "db/sqlite/sqlite_database.h"
#include "db/sqlite/wal_check.h"
#include "support/temp_dir.h"

namespace baton::db {
namespace {

constexpr Statement insert_row{"INSERT INTO t (x) VALUES (?)"};
constexpr Statement last_row{"SELECT coalesce(max(id), 0) FROM t"};
constexpr std::size_t head_size = 32;
constexpr std::size_t frame_size = 24 + 4096;

class WalCheck : public ::testing::Test {
protected:
    /// The files after `commits` commits of one row each, as a crash leaves them.
    struct Crashed {
        std::string file;
        std::string log;
        std::vector<std::size_t> ends;  ///< of the log after each commit
    };
    Crashed crash(int commits, bool synced = true) {
        const auto database = make_sqlite_database({.file = dir_ / "alive.db"});
        auto connection = database->connect().value();
        EXPECT_TRUE(connection->execute_script("CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)"));
        if (!synced) {
            EXPECT_TRUE(connection->execute_script("PRAGMA user_version=1"));
        }
        Crashed crashed;
        for (int i = 1; i <= commits; ++i) {
            const std::string body(i % 3 == 0 ? 10'000 : 500, 'x');  // several frames, or one
            EXPECT_TRUE(connection->execute(insert_row, std::array<Value, 1>{Blob{body}}));
            crashed.ends.push_back(bytes_of(dir_ / "alive.db-wal").size());
        }
        crashed.file = bytes_of(dir_ / "alive.db");
        crashed.log = bytes_of(dir_ / "alive.db-wal");
        return crashed;
    }
    static std::string bytes_of(const std::filesystem::path& file) {
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    /// How many commits are there after a start.
    Result<std::int64_t> restarted(const std::string& file, const std::string& log) {
        std::ofstream(dir_ / "test.db", std::ios::binary) << file;
        std::ofstream(dir_ / "test.db-wal", std::ios::binary) << log;
        const auto database = make_sqlite_database({.file = dir_ / "test.db"});
        BATON_TRY(const auto connection, database->connect());
        std::int64_t last = 0;
        BATON_TRY_VOID(connection->execute(last_row, {}, [&](const Row& row) {
            last = row.integer(0);
            return true;
        }));
        return last;
    }

    test::TempDir dir_{test::fast_place()};
};

TEST_F(WalCheck, a_flipped_bit_is_an_error_until_shortly_before_the_end) {
    constexpr int commits = 12;
    const auto crashed = crash(commits);
    ASSERT_EQ(restarted(crashed.file, crashed.log), commits);
    for (std::size_t at = 0; at < crashed.log.size(); at += at % frame_size < 64 ? 1 : 89) {
        auto rotten = crashed.log;
        rotten[at] = static_cast<char>(rotten[at] ^ (1 << (at % 8)));
        const auto found = restarted(crashed.file, rotten);
        if (found) {  // the last commits may have been cut as well as damaged
            ASSERT_GE(*found, commits - 2) << "byte " << at;
            ASSERT_GE(at, crashed.ends[commits - 4]) << "byte " << at;
        } else {
            ASSERT_EQ(found.error().code, Errc::storage_corrupt) << to_string(found.error());
            ASSERT_NE(found.error().detail.find("test.db-wal"), std::string::npos);
        }
    }
}

/// Every subset of the sectors of the last commit that may have reached the disk.
TEST_F(WalCheck, whatever_a_cut_leaves_of_the_last_commit_is_cut) {
    constexpr int commits = 9;  // the last one has several frames
    const auto crashed = crash(commits);
    const auto begin = crashed.ends[commits - 2];
    for (std::size_t keep = 0; keep < 200; ++keep) {
        auto log = crashed.log;
        for (std::size_t at = begin; at < log.size(); at += 512 - at % 512) {
            const auto number = at / 512;
            if ((keep * 2'654'435'761U >> (number % 29)) % 2 != 0) continue;
            const auto length = std::min(512 - at % 512, log.size() - at);
            log.replace(at, length, length, '\0');
        }
        if (keep % 3 == 0) log.resize(begin + (log.size() - begin) * (keep % 7) / 7);
        const auto found = restarted(crashed.file, log);
        ASSERT_TRUE(found) << to_string(found.error());
        ASSERT_GE(*found, commits - 1);
    }
}

TEST_F(WalCheck, a_hole_proves_nothing_where_commits_were_not_synced) {
    const auto crashed = crash(12, false);
    auto log = crashed.log;
    log[crashed.ends[4] + 100] ^= 1;
    EXPECT_EQ(restarted(crashed.file, log), 5);
}

TEST_F(WalCheck, a_log_of_another_run_behind_the_end_is_no_damage) {
    const auto crashed = crash(12);
    auto log = crashed.log;
    for (auto at = crashed.ends[4]; at < log.size(); at += frame_size) log[at + 9] ^= 1;  // a salt
    EXPECT_EQ(restarted(crashed.file, log), 5);
}

TEST_F(WalCheck, what_was_found_at_a_start_is_in_the_file) {
    const auto crashed = crash(12);
    ASSERT_EQ(restarted(crashed.file, crashed.log), 12);
    EXPECT_EQ(restarted(bytes_of(dir_ / "test.db"), ""), 12);
}

}  // namespace
}  // namespace baton::db
