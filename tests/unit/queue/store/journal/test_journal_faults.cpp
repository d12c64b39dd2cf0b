// Calls to the file system that fail: nothing acknowledged is lost, and a store that does not know
// what it wrote stops.
#include "journal_test.h"

namespace baton::test {
namespace {

using Call = SimulatedDisk::Call;

constexpr int batches = 60;

struct Run {
    std::string acknowledged;  ///< what must be there
    std::string attempted;     ///< the same with the batch that failed
    bool stopped = false;
};

/// Commits until a failure that is final.
Run commit_until_stopped(SimulatedDisk& disk, std::uint64_t seed) {
    Run run;
    Expectation expected;
    run.acknowledged = run.attempted = expected.picture();
    StoreScript script(seed);
    OpenJournal journal(disk);
    PictureSink sink;
    if (!journal.store().recover(sink)) {
        run.stopped = true;
        return run;
    }
    for (int i = 0; i < batches; ++i) {
        const auto batch = script.next();
        auto result = journal.commit(batch);
        if (!result && result.error().code == Errc::storage_full) result = journal.commit(batch);
        run.attempted = expected.commit(batch);
        if (!result) {
            run.stopped = true;
            EXPECT_NE(result.error().code, Errc::storage_full);
            EXPECT_FALSE(journal.commit(script.next())) << "it went on after a final error";
            return run;
        }
        run.acknowledged = run.attempted;
    }
    return run;
}

class JournalFaults : public testing::TestWithParam<std::tuple<Call, Errc>> {};

TEST_P(JournalFaults, nothing_acknowledged_is_lost_whichever_call_fails) {
    const auto [call, code] = GetParam();
    std::int64_t n = 0;
    bool fired = true;
    while (fired) {
        SCOPED_TRACE(++n);
        SimulatedDisk disk;
        disk.fail_call(call, n, code);
        const auto run = commit_until_stopped(disk, 11);
        fired = disk.fired();
        disk.heal();
        // After the process: what the system shows. After a power cut: what the disk kept.
        disk.for_each_power_cut(16, static_cast<std::uint64_t>(n), [&](SimulatedDisk cut) {
            const auto kept = reopened(cut);
            EXPECT_TRUE(kept == run.acknowledged || kept == run.attempted) << kept;
        });
        const auto shown = reopened(disk);
        EXPECT_TRUE(shown == run.acknowledged || shown == run.attempted) << shown;
        // And what a recovery showed once stays.
        disk.for_each_power_cut(16, static_cast<std::uint64_t>(n),
            [&](SimulatedDisk cut) { EXPECT_EQ(reopened(cut), shown); });
        if (HasFailure()) return;
    }
    EXPECT_GT(n, 4);
}

INSTANTIATE_TEST_SUITE_P(Calls, JournalFaults,
    testing::Combine(testing::Values(Call::write, Call::sync, Call::allocate, Call::rename,
                         Call::sync_folder, Call::open, Call::any),
        testing::Values(Errc::storage_io, Errc::storage_full)));

TEST(JournalFaults, a_file_that_cannot_be_removed_harms_nobody) {
    for (std::int64_t n = 1; n <= 3; ++n) {
        SCOPED_TRACE(n);
        SimulatedDisk disk;
        disk.fail_call(Call::remove, n, Errc::storage_io, n == 1);
        StoreScript script(5);
        Expectation expected;
        OpenJournal journal(disk);
        journal.start();
        std::string held;
        for (int i = 0; i < 300; ++i) {
            const auto batch = script.next();
            must(journal.commit(batch));
            held = expected.commit(batch);
        }
        EXPECT_TRUE(disk.fired());
        EXPECT_EQ(journal.picture(), held);
        EXPECT_EQ(reopened(disk), held);
    }
}

TEST(JournalFaults, a_recovery_that_fails_can_be_repeated) {
    SimulatedDisk full;
    const auto run = commit_until_stopped(full, 3);
    ASSERT_FALSE(run.stopped);
    std::int64_t n = 0;
    bool fired = true;
    while (fired) {
        SCOPED_TRACE(++n);
        auto disk = full.copy();
        disk.fail_call(Call::any, n, Errc::storage_io);
        static_cast<void>(reopened(disk));
        fired = disk.fired();
        disk.heal();
        EXPECT_EQ(reopened(disk), run.acknowledged);
    }
    EXPECT_GT(n, 5);
}

}  // namespace
}  // namespace baton::test
