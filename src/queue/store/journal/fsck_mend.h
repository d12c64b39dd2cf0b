// The changes that fsck makes, one at a time and each durable on return.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "queue/store/journal/live_index.h"
#include "queue/store/journal/replay.h"

namespace baton::queue::journal {

/// A gap that takes the place of batches `number` to `next` - 1.
struct Gap {
    std::uint64_t number = 0;
    std::uint64_t next = 0;
    std::uint32_t first_segment = 1;
};

/// Writes the header of a segment from what `segment.header` says.
[[nodiscard]] Result<void> rewrite_header(const Segment& segment);

/// Copies the bytes from `begin` to `end` into a file of their own; returns its name.
[[nodiscard]] Result<std::string> quarantine(
    FileSystem& files, const Segment& segment, std::uint64_t begin, std::uint64_t end);

/// Puts a gap from `begin` up to a batch that begins at `end`.
[[nodiscard]] Result<void> write_gap(
    const Segment& segment, std::uint64_t begin, std::uint64_t end, const Gap& gap);
/// Puts a gap at `begin`, behind which nothing stands.
[[nodiscard]] Result<void> write_last_gap(
    const Segment& segment, std::uint64_t begin, std::uint64_t dirty_until, const Gap& gap);
/// Makes everything from `begin` on zero.
[[nodiscard]] Result<void> clear_tail(
    const Segment& segment, std::uint64_t begin, std::uint64_t dirty_until);

/// Moves an unreadable file aside (when there is one) and puts a segment in its place that holds
/// the gap, or nothing when `gap.next` is `gap.number`.
[[nodiscard]] Result<void> replace_segment(
    FileSystem& files, std::uint64_t store_id, std::uint32_t number, const Gap& gap, bool exists);

/// Gives every queue without a description one: named `recovered-<number>`, as a new queue is.
/// Returns their names.
[[nodiscard]] Result<std::vector<std::string>> describe_queues(
    FileSystem& files, Segments segments, const LogEnd& end, const LiveIndex& index);

}  // namespace baton::queue::journal
