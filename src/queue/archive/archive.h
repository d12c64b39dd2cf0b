// All that stores hold as lines of JSON, and back: how queues move from one kind of store to
// another. Of several stores the last is recovered first. Recovering makes a log that is not there:
// where the last log is, also after a run that was cut off, nobody takes it for a smaller cluster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>

#include "base/result.h"
#include "queue/engine/store.h"

namespace baton::queue {

struct ArchiveCounts {
    std::uint64_t queues = 0;
    std::uint64_t messages = 0;
    bool operator==(const ArchiveCounts&) const = default;
};

/// Which of several stores a queue belongs into: they are the partitions of a cluster.
struct Placement {
    std::function<std::size_t(const QueueName&)> place;
    /// The uid of a queue in memory there, from the one it had: no id of its messages is kept.
    std::function<std::uint64_t(std::size_t place, std::uint64_t uid)> memory_uid;
    /// Whether ids with this uid lead elsewhere unless the store tells of it.
    std::function<bool(std::size_t place, std::uint64_t uid)> is_guest;
    std::size_t guests_max = 0;  ///< such queues in one store
};

struct ImportOptions {
    /// Leaves queues alone that are there under the same name with the same uid: an import that was
    /// cut off between two stores goes on.
    bool keeps_present = false;
};

/// Writes queues by name, messages with their state of delivery, dedup keys, replies, outputs and
/// cursors, as docs/formats/export.md says. The stores must not be in use, and no queue may be in
/// two of them; memory: some 200 bytes a message. What an import that was cut off has left is
/// passed over. Fails: what recovering and reading fail with; storage_io when `out` does.
[[nodiscard]] Result<ArchiveCounts> export_stores(
    std::span<Store* const> stores, std::ostream& out);
[[nodiscard]] Result<ArchiveCounts> export_store(Store& store, std::ostream& out);

/// Reads such lines into stores, which must not be in use. All lines are read once before anything
/// is written; `in` must be able to go back to its beginning. Ids, receipts and states stay as they
/// were. What a post would not take (a field that is not known, no content, a key too long) is
/// refused, and so is the uid of another queue. A queue that is there gives way if it has never had
/// a message, subscription or paused key and is not in memory.
///
/// Queues come under names that nobody can ask for, and take their own at the end: all those of a
/// store with one commit. What a cut-off import has left there is dropped by the next one. Returns
/// what was written. Fails: invalid_argument naming the line; queue_exists by name or uid;
/// unsupported (more guests than may be); storage_io when `in` does; what recovering and committing
/// fail with. Nothing is to be seen of it then, but for queues of stores that were done before.
[[nodiscard]] Result<ArchiveCounts> import_stores(std::span<Store* const> stores,
    const Placement& placement, std::istream& in, ImportOptions options = {});
[[nodiscard]] Result<ArchiveCounts> import_store(
    Store& store, std::istream& in, ImportOptions options = {});

}  // namespace baton::queue
