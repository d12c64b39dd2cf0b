// Calls to the system that fail under the SQLite store: nothing acknowledged is lost, and a store
// that does not know what it wrote stops.
#include <tuple>

#include "sqlite_disk_test.h"

namespace baton::test {
namespace {

using Call = SimulatedDisk::Call;

constexpr int batches = 12;

struct Run {
    std::string acknowledged;  ///< what must be there
    std::string attempted;     ///< the same with the batch that failed
};

/// Commits until a failure that is final.
Run commit_until_stopped(SimulatedDisk& disk, const std::filesystem::path& folder, Call call) {
    const auto memory = queue::make_memory_store();
    Run run;
    run.acknowledged = run.attempted = must(picture_of(*memory));
    StoreScript script(11);
    RecordedSqlite store(disk, folder);
    if (!store->is_open()) return run;
    for (int i = 0; i < batches; ++i) {
        const auto batch = script.next(5, 1'200);
        auto result = store->commit(batch);
        if (!result && result.error().code == Errc::storage_full) result = store->commit(batch);
        must(memory->commit(batch, Durability::fsync));
        run.attempted = must(picture_of(*memory));
        if (!result) {
            EXPECT_NE(result.error().code, Errc::storage_full);
            EXPECT_FALSE(store->commit(script.next())) << "it went on after a final error";
            return run;
        }
        run.acknowledged = run.attempted;
    }
    // Also one of a checkpoint behind a commit, which that commit does not hear of.
    if (call == Call::sync && disk.fired()) {
        EXPECT_FALSE(store->commit(script.next()));
    }
    return run;
}

class SqliteFaults : public SqliteDiskTest,
                     public testing::WithParamInterface<std::tuple<Call, Errc>> {};

TEST_P(SqliteFaults, nothing_acknowledged_is_lost_whichever_call_fails) {
    const auto [call, code] = GetParam();
    bool fired = true;
    std::int64_t n = 0;
    while (fired) {
        SCOPED_TRACE(++n);
        SimulatedDisk disk;
        disk.fail_call(call, n, code);
        const auto run = commit_until_stopped(disk, dir_.path(), call);
        fired = disk.fired();
        disk.heal();
        // After a power cut: what the disk kept. After the process: what the system shows.
        disk.for_each_power_cut(2, static_cast<std::uint64_t>(n), [&](const SimulatedDisk& cut) {
            const auto kept = reopened(cut);
            EXPECT_TRUE(kept == run.acknowledged || kept == run.attempted) << kept;
        });
        std::string shown;
        {
            RecordedSqlite again(disk, dir_.path());
            shown = again->picture();
        }
        EXPECT_TRUE(shown == run.acknowledged || shown == run.attempted) << shown;
        // And what a start showed once stays.
        disk.for_each_power_cut(2, static_cast<std::uint64_t>(n),
            [&](const SimulatedDisk& cut) { EXPECT_EQ(reopened(cut), shown); });
        if (HasFailure()) return;
    }
    EXPECT_GT(n, 2);
}

INSTANTIATE_TEST_SUITE_P(Calls, SqliteFaults,
    testing::Combine(
        testing::Values(Call::write, Call::sync, Call::truncate, Call::sync_folder, Call::open),
        testing::Values(Errc::storage_io, Errc::storage_full)));

}  // namespace
}  // namespace baton::test
