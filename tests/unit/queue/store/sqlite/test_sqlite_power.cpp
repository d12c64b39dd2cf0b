// Power cuts under the SQLite store: every way of losing and reordering what was not synced.
#include <algorithm>

#include "sqlite_disk_test.h"

namespace baton::test {
namespace {

class SqlitePower : public SqliteDiskTest {
protected:
    /// Runs the batches, the last `relaxed` of them without a sync, and expects every disk that a
    /// power cut may leave to hold all synced ones, and of the others the first few.
    void expect_prefix_kept(
        std::uint64_t seed, int synced, int relaxed, std::size_t cuts, std::size_t content_max) {
        SCOPED_TRACE(testing::Message() << "seed " << seed << " synced " << synced);
        StoreScript script(seed);
        std::vector<Batch> batches;
        for (int i = 0; i < synced + relaxed; ++i) batches.push_back(script.next(3, content_max));
        const auto pictures = pictures_of(batches);
        SimulatedDisk disk;
        {
            RecordedSqlite store(disk, dir_.path());
            for (int i = 0; i < synced + relaxed; ++i) {
                must(store->commit(batches[static_cast<std::size_t>(i)],
                    i < synced ? Durability::fsync : Durability::relaxed));
            }
        }
        disk.for_each_power_cut(cuts, seed, [&](const SimulatedDisk& cut) {
            const auto kept = reopened(cut);
            const auto first = pictures.begin() + synced;
            ASSERT_NE(std::find(first, pictures.end(), kept), pictures.end()) << kept;
            ASSERT_EQ(reopened_again(), kept);
        });
    }
};

TEST_F(SqlitePower, everything_synced_is_there_whatever_else_is_lost) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        expect_prefix_kept(seed, static_cast<int>(seed * 3), 0, 12, 900);
        if (HasFailure()) return;
    }
}

TEST_F(SqlitePower, losses_and_reorderings_of_unsynced_commits) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        expect_prefix_kept(
            seed, 2 + static_cast<int>(seed), 1 + static_cast<int>(seed % 5), 60, 900);
        if (HasFailure()) return;
    }
}

/// The power goes at each write, sync and truncation of a short run, checkpoints included.
TEST_F(SqlitePower, a_cut_at_every_call_keeps_what_was_acknowledged) {
    std::vector<Batch> batches;
    StoreScript script(8);
    for (int i = 0; i < 12; ++i) batches.push_back(script.next(5, 1'200));
    const auto pictures = pictures_of(batches);
    bool fired = true;
    for (std::int64_t n = 1; fired; ++n) {
        SCOPED_TRACE(n);
        SimulatedDisk disk;
        disk.cut_power_at(n);
        std::size_t acknowledged = 0;
        {
            RecordedSqlite store(disk, dir_.path());
            while (acknowledged < batches.size() && store->commit(batches[acknowledged])) {
                ++acknowledged;
            }
        }
        fired = disk.fired();
        const auto first = pictures.begin() + static_cast<std::ptrdiff_t>(acknowledged);
        const auto last = acknowledged < batches.size() ? first + 2 : first + 1;
        disk.for_each_power_cut(4, static_cast<std::uint64_t>(n), [&](const SimulatedDisk& cut) {
            const auto kept = reopened(cut);
            ASSERT_NE(std::find(first, last, kept), last) << acknowledged << kept;
            ASSERT_EQ(reopened_again(), kept);
        });
        if (HasFailure()) return;
        EXPECT_TRUE(fired || acknowledged == batches.size());
    }
}

}  // namespace
}  // namespace baton::test
