// All that a store holds as lines of JSON, and back: how queues move from one store to another.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "base/result.h"
#include "queue/engine/store.h"

namespace baton::queue {

struct ArchiveCounts {
    std::uint64_t queues = 0;
    std::uint64_t messages = 0;
    bool operator==(const ArchiveCounts&) const = default;
};

/// Writes queues, messages with their state of delivery, dedup keys, replies, outputs and cursors,
/// as docs/formats/export.md says. `store` must not be in use; memory: some 200 bytes a message.
/// Fails: what recovering and reading fail with; storage_io when `out` does.
[[nodiscard]] Result<ArchiveCounts> export_store(Store& store, std::ostream& out);

/// Reads such lines into `store`, which must not be in use. All lines are read once before anything
/// is written; `in` must be able to go back to its beginning. Ids, receipts and states stay as they
/// were. What a post would not take (a field that is not known, no content, a key too long) is
/// refused, and so is the uid of another queue. Fails: invalid_argument naming the line (nothing
/// was written); queue_exists by name or uid (nothing was written); storage_io when `in` does; what
/// recovering and committing fail with (a part may have been written).
[[nodiscard]] Result<ArchiveCounts> import_store(Store& store, std::istream& in);

}  // namespace baton::queue
