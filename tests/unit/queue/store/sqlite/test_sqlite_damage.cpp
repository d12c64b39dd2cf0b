// Rot: the bytes of a small SQLite store flipped, its files cut. The answer is a typed error or the
// truth, never less than the truth in silence.
//   BATON_DAMAGE_STEP=1 flips a bit in every byte and cuts at every one; by default every 23rd has
//   its turn.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "sqlite_disk_test.h"

namespace baton::test {
namespace {

std::size_t step() {
    const char* given = std::getenv("BATON_DAMAGE_STEP");
    return given == nullptr ? 23 : std::stoul(given);
}

class SqliteDamage : public SqliteDiskTest {
protected:
    using Files = std::map<std::string, std::string>;

    Files files() const {
        Files found;
        for (const char* name : {"queue.db", "queue.db-wal"}) {
            std::ifstream in(dir_ / name, std::ios::binary);
            if (in) found[name] = {std::istreambuf_iterator<char>(in), {}};
        }
        return found;
    }
    std::string reopened(const Files& files) {
        for (const char* name : {"queue.db", "queue.db-wal", "queue.db-shm"}) {
            std::filesystem::remove(after_ / name);
        }
        for (const auto& [name, bytes] : files) {
            std::ofstream(after_ / name, std::ios::binary) << bytes;
        }
        return reopened_again();
    }
    static bool is_corrupt(const std::string& picture) {
        return picture.starts_with("storage_corrupt");
    }
    /// A store of many commits: what it holds after each.
    std::vector<std::string> fill(OpenSqlite& store, int commits) {
        StoreScript script(21);
        std::vector<Batch> batches;
        for (int i = 0; i < commits; ++i) {
            batches.push_back(script.next(6, 300));
            must(store.commit(batches.back()));
        }
        return pictures_of(batches);
    }
};

TEST_F(SqliteDamage, a_flipped_bit_is_an_error_or_changes_nothing) {
    std::string held;
    {
        OpenSqlite store(dir_.path());
        held = fill(store, 30).back();
    }
    const auto sound = files();
    ASSERT_EQ(sound.size(), 1U) << "closed, and the log is there";
    ASSERT_EQ(reopened(sound), held);
    std::size_t noticed = 0;
    std::size_t tried = 0;
    for (std::size_t at = 0; at < sound.at("queue.db").size(); at += step()) {
        auto rotten = sound;
        auto& byte = rotten["queue.db"][at];
        byte = static_cast<char>(byte ^ (1 << (at % 8)));
        const auto kept = reopened(rotten);
        ASSERT_TRUE(kept == held || is_corrupt(kept)) << "byte " << at << "\n" << kept;
        ++tried;
        if (!is_corrupt(kept)) continue;  // a page that holds nothing
        ++noticed;
        ASSERT_NE(
            kept.find("page " + std::to_string(at / 4096 + 1) + " is damaged"), std::string::npos)
            << kept;
    }
    EXPECT_GT(noticed, tried * 3 / 4);
}

TEST_F(SqliteDamage, a_flipped_bit_in_the_log_is_an_error_until_shortly_before_its_end) {
    std::vector<std::string> pictures;
    Files sound;
    {
        OpenSqlite store(dir_.path());
        pictures = fill(store, 12);
        sound = files();  // as a kill leaves them
    }
    ASSERT_FALSE(sound.at("queue.db-wal").empty());
    ASSERT_EQ(reopened(sound), pictures.back());
    std::size_t noticed = 0;
    std::size_t tried = 0;
    for (std::size_t at = 0; at < sound.at("queue.db-wal").size(); at += step()) {
        auto rotten = sound;
        auto& byte = rotten["queue.db-wal"][at];
        byte = static_cast<char>(byte ^ (1 << (at % 8)));
        const auto kept = reopened(rotten);
        ++tried;
        noticed += is_corrupt(kept) ? 1 : 0;
        if (is_corrupt(kept)) continue;
        // The last two commits may as well have been cut.
        ASSERT_NE(std::find(pictures.end() - 3, pictures.end(), kept), pictures.end())
            << "byte " << at << "\n"
            << kept;
    }
    EXPECT_GT(noticed, tried / 3);
}

TEST_F(SqliteDamage, a_log_without_its_database_is_an_error) {
    Files sound;
    {
        OpenSqlite store(dir_.path());
        fill(store, 12);
        sound = files();  // as a kill leaves them
    }
    ASSERT_FALSE(sound.at("queue.db-wal").empty());
    auto empty = sound;
    empty["queue.db"].clear();
    EXPECT_TRUE(is_corrupt(reopened(empty)));
    auto gone = sound;
    gone.erase("queue.db");
    const auto kept = reopened(gone);
    EXPECT_TRUE(is_corrupt(kept)) << kept;
    EXPECT_NE(kept.find("queue.db"), std::string::npos) << kept;
    EXPECT_TRUE(std::filesystem::exists(after_ / "queue.db-wal")) << "what is left must stay";
}

TEST_F(SqliteDamage, a_cut_file_is_an_error) {
    std::string held;
    {
        OpenSqlite store(dir_.path());
        held = fill(store, 30).back();
    }
    const auto sound = files();
    // An empty file is a new one, and SQLite takes one byte for none.
    for (std::size_t left = 2; left < sound.at("queue.db").size();
        left += left < 128 ? 1 : step()) {
        auto cut = sound;
        cut["queue.db"].resize(left);
        const auto kept = reopened(cut);
        const bool is_all = left > sound.at("queue.db").size() - 8'192 && kept == held;
        ASSERT_TRUE(is_all || is_corrupt(kept)) << "cut to " << left << "\n" << kept;
    }
}

/// Of a log that ends early nobody can say whether it ever was longer: what is kept is what was
/// there after some commit, never part of one.
TEST_F(SqliteDamage, a_cut_log_holds_whole_commits) {
    std::vector<std::string> pictures;
    Files sound;
    {
        OpenSqlite store(dir_.path());
        pictures = fill(store, 12);
        sound = files();  // as a kill leaves them
    }
    ASSERT_EQ(reopened(sound), pictures.back());
    const std::size_t by = step() == 1 ? 1 : 8 * step();  // 1 ms each
    std::size_t found = 0;
    for (std::size_t left = 0; left < sound.at("queue.db-wal").size(); left += by) {
        auto cut = sound;
        cut["queue.db-wal"].resize(left);
        const auto kept = reopened(cut);
        if (is_corrupt(kept)) continue;
        const auto whole = std::find(pictures.begin(), pictures.end(), kept);
        ASSERT_NE(whole, pictures.end()) << "cut to " << left << "\n" << kept;
        const auto number = static_cast<std::size_t>(whole - pictures.begin());
        ASSERT_GE(number, found) << "cut to " << left << ": more bytes, less kept";
        found = number;
    }
    EXPECT_GE(found, pictures.size() - 2);
}

TEST_F(SqliteDamage, rot_found_when_a_content_is_read_is_an_error) {
    const queue::Locator at{queue::QueueNumber{1}, 1};
    {
        OpenSqlite store(dir_.path());
        queue::QueuePut put{.number = at.queue, .uid = 1};
        put.info.name = QueueName("q");
        auto data = std::make_shared<MessageData>();
        data->content = Bytes(std::string(20'000, 'c') + "find me");
        must(store.commit({put, queue::MessagePosted{.at = at, .data = data}}));
    }
    auto rotten = files();
    auto& bytes = rotten["queue.db"];
    bytes[bytes.find("find me")] = 'F';
    std::ofstream(dir_ / "queue.db", std::ios::binary) << bytes;
    const auto database = db::make_sqlite_database({.file = dir_ / "queue.db"});
    const auto store = must(queue::make_sqlite_store(*database));
    PictureSink sink;
    must(store->recover(sink));  // it reads no content
    const std::vector<queue::Locator> one{at};
    const auto found = store->read(one);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::storage_corrupt) << to_string(found.error());
}

}  // namespace
}  // namespace baton::test
