// Batches as entries of a shared log, and a journal's files as the copy of one.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "queue/store/journal/replay.h"
#include "queue/store/journal/segment.h"
#include "queue/store/shared_log.h"

namespace baton::queue::journal {

/// A batch with its place: everything a copy of the log needs to put it there.
struct SharedEntry {
    SegmentHeader header;      ///< of the segment it stands in
    std::uint64_t offset = 0;  ///< of the batch in it
    std::string_view batch;    ///< head and records, sealed
};

[[nodiscard]] std::string encode_entry(
    const SegmentHeader& header, std::uint64_t offset, std::string_view batch);
/// Checks every checksum. Fails: storage_corrupt, conflict (a newer version).
[[nodiscard]] Result<SharedEntry> decode_entry(std::uint64_t number, std::string_view entry);

/// Every segment there is. Of files that can't be read, which are no copy of anything, none is
/// left. Fails: what the file system fails with.
[[nodiscard]] Result<Segments> open_copy(FileSystem& files);

/// Brings the files in line with the log, of which `bounds` were told: what they have is kept if it
/// is a beginning of the log, and made anew if not. Returns where the log ends. Fails: what the log
/// and the file system fail with.
[[nodiscard]] Result<LogEnd> catch_up(FileSystem& files, Segments& segments, SharedLog& log,
    SharedLog::Bounds bounds, const std::stop_token& stop = {});

/// Removes every segment. Fails: storage_io.
[[nodiscard]] Result<void> forget_copy(FileSystem& files, Segments& segments);

}  // namespace baton::queue::journal
