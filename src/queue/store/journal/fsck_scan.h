// What fsck sees of a journal: every readable stretch, and what lies between.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "queue/store/journal/fsck.h"
#include "queue/store/journal/replay.h"

namespace baton::queue::journal {

/// A stretch of a segment that holds no whole batch.
struct BadStretch {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;       ///< of the next batch, or of what is not zero
    std::uint64_t expected = 0;  ///< number of the batch that belongs there
    std::uint64_t next = 0;      ///< number of the batch behind it; 0: none in this segment
    bool is_torn = false;
    std::string what;
};

struct ScannedSegment {
    std::shared_ptr<Segment> segment;   ///< null: the header can't be read
    std::optional<SegmentHeader> copy;  ///< of the header, when only the first one is damaged
    std::string problem;                ///< of the header
    CheckedFile file;
    std::vector<BadStretch> bad;
    std::uint64_t next_batch = 0;
};

struct Scan {
    std::map<std::uint32_t, ScannedSegment> segments;
    std::uint32_t first_segment = 1;  ///< none before it is needed
    std::uint32_t last_segment = 0;
    std::uint64_t store_id = 0;
};

/// Fails: what reading fails with, conflict.
[[nodiscard]] Result<Scan> scan_journal(FileSystem& files, FileSystem::Mode mode);

}  // namespace baton::queue::journal
