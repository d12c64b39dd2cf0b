// A SQLite store on a disk that remembers what was synced, and the same store after a crash.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "db/sqlite/sqlite_database.h"
#include "queue/store/memory/memory_store.h"
#include "queue/store/sqlite/sqlite_store.h"
#include "support/queue_letters.h"
#include "support/recording_vfs.h"
#include "support/store_picture.h"
#include "support/store_script.h"
#include "support/temp_dir.h"

namespace baton::test {

using Batch = std::vector<queue::Record>;

/// A store in `folder`.
class OpenSqlite {
public:
    /// So small a log that it is folded into the file all the time.
    explicit OpenSqlite(const std::filesystem::path& folder)
        : database_(db::make_sqlite_database(
              {.file = folder / "queue.db", .cache_kib = 64, .wal_checkpoint_pages = 40})),
          store_(queue::make_sqlite_store(*database_)) {}

    /// What it holds, or "storage_corrupt: …".
    [[nodiscard]] std::string picture() {
        if (!store_) return to_string(store_.error());
        const auto painted = picture_of(**store_);
        return painted ? *painted : to_string(painted.error());
    }
    Result<void> commit(const Batch& batch, Durability durability = Durability::fsync) {
        if (!store_) return fail(store_.error());
        return (*store_)->commit(batch, durability);
    }
    [[nodiscard]] bool is_open() const { return store_.has_value(); }

private:
    std::unique_ptr<db::Database> database_;
    Result<std::unique_ptr<queue::Store>> store_;
};

/// A store whose writes are recorded; the files are in `folder` as well.
class RecordedSqlite {
public:
    RecordedSqlite(SimulatedDisk& disk, const std::filesystem::path& folder) : vfs_(disk) {
        RecordingVfs::put(disk, folder);
        store_ = std::make_unique<OpenSqlite>(folder);
    }
    /// The power goes, or the process: what closing the store does never happens.
    ~RecordedSqlite() { vfs_.stop(); }

    OpenSqlite* operator->() { return store_.get(); }

private:
    RecordingVfs vfs_;
    std::unique_ptr<OpenSqlite> store_;
};

class SqliteDiskTest : public testing::Test {
protected:
    /// Opens what is on a disk, as a start after a crash does.
    std::string reopened(const SimulatedDisk& disk) {
        RecordingVfs::put(disk, after_.path());
        return OpenSqlite(after_.path()).picture();
    }
    /// Opens it again, as the start before left it.
    std::string reopened_again() { return OpenSqlite(after_.path()).picture(); }

    TempDir dir_{fast_place()};
    TempDir after_{fast_place()};
};

/// Pictures after 0, 1, 2 … batches.
inline std::vector<std::string> pictures_of(const std::vector<Batch>& batches) {
    const auto store = queue::make_memory_store();
    std::vector<std::string> pictures{must(picture_of(*store))};
    for (const auto& batch : batches) {
        must(store->commit(batch, Durability::fsync));
        pictures.push_back(must(picture_of(*store)));
    }
    return pictures;
}

}  // namespace baton::test
