// Power cuts on the simulated disk: every way of losing and reordering unsynced sectors.
#include <algorithm>

#include "journal_test.h"

namespace baton::test {
namespace {

/// Pictures after 0, 1, 2 … batches.
std::vector<std::string> pictures_of(const std::vector<Batch>& batches) {
    Expectation expected;
    std::vector<std::string> pictures{expected.picture()};
    for (const auto& batch : batches) pictures.push_back(expected.commit(batch));
    return pictures;
}

/// Runs the batches, the last `relaxed` of them without a sync, and expects every disk that a power
/// cut may leave to hold all synced ones, and of the others the first few.
void expect_prefix_kept(
    std::uint64_t seed, int synced, int relaxed, std::size_t cuts, std::size_t content_max) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << " synced " << synced);
    StoreScript script(seed);
    std::vector<Batch> batches;
    for (int i = 0; i < synced + relaxed; ++i) batches.push_back(script.next(3, content_max));
    const auto pictures = pictures_of(batches);
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    for (int i = 0; i < synced + relaxed; ++i) {
        must(journal.commit(batches[static_cast<std::size_t>(i)],
            i < synced ? Durability::fsync : Durability::relaxed));
    }
    disk.for_each_power_cut(cuts, seed, [&](SimulatedDisk cut) {
        const auto kept = reopened(cut);
        const auto first = pictures.begin() + synced;
        ASSERT_NE(std::find(first, pictures.end(), kept), pictures.end()) << kept;
        // Whatever recovery decided stays so, and work goes on from there.
        ASSERT_EQ(reopened(cut), kept);
        OpenJournal again(cut);
        ASSERT_EQ(again.picture(), kept);
    });
}

TEST(JournalPower, every_loss_and_reordering_of_one_batch) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        expect_prefix_kept(seed, 3 + static_cast<int>(seed % 5), 1, 2'000, 1'500);
        if (testing::Test::HasFailure()) return;
    }
}

TEST(JournalPower, many_losses_and_reorderings_of_many_batches) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        expect_prefix_kept(seed, static_cast<int>(seed), 6, 150, 900);
        if (testing::Test::HasFailure()) return;
    }
}

TEST(JournalPower, cuts_at_every_batch_of_a_run_with_compaction) {
    StoreScript script(8);
    Expectation expected;
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    std::string durable = expected.picture();
    std::vector<std::string> since{durable};  // what may be kept: from the last synced batch on
    for (int i = 0; i < 500; ++i) {
        const auto batch = script.next(6, 1'200);
        const bool sync = i % 4 != 3;
        must(journal.commit(batch, sync ? Durability::fsync : Durability::relaxed));
        const auto held = expected.commit(batch);
        if (sync) since.clear();
        since.push_back(held);
        if (i % 5 != 3) continue;
        disk.for_each_power_cut(4, static_cast<std::uint64_t>(i), [&](SimulatedDisk cut) {
            const auto kept = reopened(cut);
            ASSERT_NE(std::ranges::find(since, kept), since.end()) << "batch " << i << "\n" << kept;
        });
        if (testing::Test::HasFailure()) return;
    }
}

/// What a cut swallowed must not come back when new batches take its place.
TEST(JournalPower, what_was_cut_does_not_return) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(seed);
        StoreScript script(seed);
        SimulatedDisk disk;
        OpenJournal journal(disk);
        journal.start();
        std::vector<Batch> batches;
        for (int i = 0; i < 8; ++i) batches.push_back(script.next(2, 700));
        for (int i = 0; i < 8; ++i) {
            must(journal.commit(batches[static_cast<std::size_t>(i)],
                i < 3 ? Durability::fsync : Durability::relaxed));
        }
        const auto pictures = pictures_of(batches);
        disk.for_each_power_cut(60, seed, [&](SimulatedDisk cut) {
            const auto kept = reopened(cut);
            const auto survived = static_cast<std::size_t>(
                std::find(pictures.begin(), pictures.end(), kept) - pictures.begin());
            ASSERT_LT(survived, pictures.size());
            if (survived + 1 >= pictures.size()) return;
            // The batch that was lost, again and of the same length: what stood behind it fits.
            {
                OpenJournal again(cut);
                again.start();
                must(again.commit(batches[survived]));
            }
            ASSERT_EQ(reopened(cut), pictures[survived + 1]);
        });
        if (testing::Test::HasFailure()) return;
    }
}

TEST(JournalPower, a_close_makes_durable_what_was_committed_relaxed) {
    SimulatedDisk disk;
    Expectation expected;
    OpenJournal journal(disk);
    journal.start();
    std::string held;
    StoreScript script(8);
    for (int i = 0; i < 40; ++i) {
        const auto batch = script.next();
        must(journal.commit(batch, Durability::relaxed));
        held = expected.commit(batch);
    }
    must(journal.store().close());
    disk.for_each_power_cut(32, 1, [&](SimulatedDisk cut) { EXPECT_EQ(reopened(cut), held); });
}

TEST(JournalPower, a_close_that_could_not_sync_says_so) {
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    must(journal.commit(StoreScript(8).next(), Durability::relaxed));
    disk.fail_call(SimulatedDisk::Call::sync, 1, Errc::storage_io);
    EXPECT_EQ(outcome(journal.store().close()), "storage_io");
}

}  // namespace
}  // namespace baton::test
