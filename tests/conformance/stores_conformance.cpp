// The stores beside each other: whatever an engine writes, all hold the same, before and after a
// start.
//   BATON_TEST_SEED=N replays the script of that seed; BATON_STORE_SCRIPTS=N runs so many.
#include <cstdlib>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "db/sqlite/sqlite_database.h"
#include "queue/store/journal/journal_store.h"
#include "queue/store/memory/memory_store.h"
#include "queue/store/sqlite/sqlite_store.h"
#include "support/queue_letters.h"
#include "support/store_picture.h"
#include "support/store_script.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

constexpr int commits = 240;

/// All stores, told the same.
class Stores {
public:
    Stores() { reopen(); }

    void commit(const std::vector<queue::Record>& batch, Durability durability) {
        must(memory_->commit(batch, durability));
        must(sqlite_->commit(batch, durability));
        must(journal_->commit(batch, durability));
    }
    /// As after a kill: nothing is written at the end.
    void reopen() {
        sqlite_.reset();
        journal_.reset();
        database_ = db::make_sqlite_database({.file = dir_ / "queues.db"});
        sqlite_ = must(queue::make_sqlite_store(*database_));
        journal_ = must(queue::make_journal_store(
            dir_ / "journal", {.segment_size = queue::JournalConfig::segment_size_min}));
        must(picture_of(*journal_));  // it takes nothing before it has recovered
    }
    void expect_same(TimePoint now) {
        const auto held = must(picture_of(*memory_, now));
        EXPECT_EQ(must(picture_of(*sqlite_, now)), held);
        EXPECT_EQ(must(picture_of(*journal_, now)), held);
    }

private:
    TempDir dir_{fast_place()};
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<queue::Store> memory_ = queue::make_memory_store();
    std::unique_ptr<queue::Store> sqlite_;
    std::unique_ptr<queue::Store> journal_;
};

void expect_stores_agree(std::uint64_t seed) {
    SCOPED_TRACE("BATON_TEST_SEED=" + std::to_string(seed));
    Stores stores;
    StoreScript script(seed, StoreHabits::any(seed));
    for (int i = 1; i <= commits && !testing::Test::HasFailure(); ++i) {
        SCOPED_TRACE("commit " + std::to_string(i));
        stores.commit(script.next(), i % 3 == 0 ? Durability::relaxed : Durability::fsync);
        if (i % 20 != 0) continue;
        if (i % 40 == 0) stores.reopen();
        stores.expect_same(script.now());
    }
}

TEST(Stores, hold_the_same_whatever_is_written) {
    if (const char* seed = std::getenv("BATON_TEST_SEED")) {
        return expect_stores_agree(std::stoull(seed));
    }
    const char* scripts = std::getenv("BATON_STORE_SCRIPTS");
    const std::uint64_t last = scripts == nullptr ? 40 : std::stoull(scripts);
    for (std::uint64_t seed = 1; seed <= last && !HasFailure(); ++seed) expect_stores_agree(seed);
}

}  // namespace
}  // namespace baton::test
