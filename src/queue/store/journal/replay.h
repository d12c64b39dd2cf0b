// Reading a whole journal back: every batch in order, and where it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "queue/store/journal/segment.h"

namespace baton::queue::journal {

/// Where a journal ends, and what its batches say about the whole.
struct LogEnd {
    std::uint64_t offset = data_begin;  ///< in the last segment: where the next batch goes
    std::uint64_t next_batch = 1;       ///< its number
    std::uint64_t durable = 0;          ///< batches up to it were on disk, by what others say
    std::uint64_t unproven = 0;         ///< offset of the first later one in the last segment
    std::uint32_t first_segment = 1;    ///< none before it is needed
};

/// Called for each batch with the segment it stands in; its first error ends the reading.
using BatchVisit = std::function<Result<void>(const Segment&, const BatchReader::Batch&)>;

/// What stands behind the last whole batch of the last segment.
struct Tail {
    bool is_torn = false;           ///< a write that a crash cut; else nothing
    std::uint64_t dirty_until = 0;  ///< bytes that are not zero end here; 0: there are none
};

/// Reads one segment from `end->next_batch` on and moves `end` along. Fails: storage_corrupt when a
/// number is missing, what `visit` fails with.
[[nodiscard]] Result<std::optional<BatchHead>> replay_segment(
    const Segment& segment, LogEnd& end, const BatchVisit& visit);

/// Reads all segments that are needed. The last may end with a torn batch, which is not visited;
/// any other damage is storage_corrupt and names file and byte.
[[nodiscard]] Result<LogEnd> replay(const Segments& segments, const BatchVisit& visit);

/// Tells a torn tail from damage (see docs/formats/journal.md). `damaged`: the head that stands at
/// the end, if only its records are bad. Fails: storage_corrupt.
[[nodiscard]] Result<Tail> examine_tail(
    const Segment& segment, const LogEnd& end, const std::optional<BatchHead>& damaged);

/// Where the last segment ends, read from that segment alone. Fails: storage_corrupt.
[[nodiscard]] Result<LogEnd> find_end(const Segment& last, Tail& tail);

/// Drops segments that are no longer needed from the map, and checks that the others are all there.
/// Returns the names of the dropped. Fails: storage_corrupt naming the missing file.
[[nodiscard]] Result<std::vector<std::string>> drop_unneeded(
    Segments& segments, std::uint32_t first_segment);

/// Reads the journal for writing: removes what a crash left over, cuts a torn tail, and makes
/// everything that is kept durable. Fails: as replay, or what the file system fails with.
[[nodiscard]] Result<LogEnd> repair_tail(FileSystem& files, Segments& segments);

}  // namespace baton::queue::journal
