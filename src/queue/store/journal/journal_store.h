// The fast store: an append-only journal of segments, one write and one fdatasync for each batch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>

#include "base/result.h"
#include "queue/engine/store.h"
#include "queue/store/journal/file_system.h"
#include "queue/store/shared_log.h"

namespace baton::queue {

struct JournalConfig {
    static constexpr std::uint64_t segment_size_min = 16 * 1024;
    static constexpr std::uint64_t segment_size_max = 1024 * 1024 * 1024;
    /// Bytes of one file; a batch that needs more gets a larger file of its own.
    std::uint64_t segment_size = 64 * 1024 * 1024;
    /// Bytes of all files that are needed: above three quarters of it only what makes room is
    /// taken. 0: what the disk has.
    std::uint64_t size_max = 0;
    /// Told after `recover` and after each commit, on its thread: bytes that posts may still bring
    /// as far as `size_max` and a shared log go.
    std::function<void(std::uint64_t)> on_room{};
};

/// Opens (and on first use makes) the journal in `folder`, which no one else may use meanwhile. The
/// format is docs/formats/journal.md. Nothing is read before `recover`, which must come before the
/// first commit. Fails: what making the folder fails with; invalid_config.
/// With a `shared` log batches are durable there, and the folder is a copy of it: it may be behind,
/// damaged or empty. `recover` takes the log over from whoever wrote it before.
[[nodiscard]] Result<std::unique_ptr<Store>> make_journal_store(std::filesystem::path folder,
    JournalConfig config = {}, std::unique_ptr<SharedLog> shared = nullptr);

/// The same on a file system of the caller's, which must outlive the store.
[[nodiscard]] Result<std::unique_ptr<Store>> make_journal_store(journal::FileSystem& files,
    JournalConfig config = {}, std::unique_ptr<SharedLog> shared = nullptr);

/// Makes the folder a copy of the log as it stands, while another machine may lead it: a store that
/// is opened on it later reads only what has come since. Takes nothing over. Nobody else may use
/// the folder meanwhile. Fails: cancelled (`stop`), not_found (there is no log yet), what the log
/// and the disk fail with; whatever it has done by then is of use, or does no harm.
[[nodiscard]] Result<void> copy_log(
    std::filesystem::path folder, SharedLog& log, const std::stop_token& stop);
[[nodiscard]] Result<void> copy_log(
    journal::FileSystem& files, SharedLog& log, const std::stop_token& stop);

}  // namespace baton::queue
