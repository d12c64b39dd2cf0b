// Moves what still counts out of the oldest segment, a portion at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "queue/store/journal/live_index.h"
#include "queue/store/journal/segment.h"

namespace baton::queue::journal {

/// Records for one batch, in the form of `LogWriter::append`.
struct Moved {
    Buffer batch;
    std::uint32_t count = 0;
};

/// A walk through one segment that is not the last. Use from the thread that commits.
class Compactor final {
public:
    Compactor(const LiveIndex& index, const Segments& segments, std::uint32_t segment);

    /// Goes on through about `source_bytes` and puts what counts into `moved`; true at the end of
    /// the segment, when nothing in it counts any more once `moved` is written. A message is moved
    /// with its delivery, so that in the log a delivery always stands behind its post.
    /// Fails: storage_corrupt, what reading fails with.
    [[nodiscard]] Result<bool> step(std::uint64_t source_bytes, Moved& moved);

    [[nodiscard]] std::uint32_t segment() const noexcept { return source_->header.number; }

private:
    Result<void> move(const RecordView& record, Moved& moved);
    Result<void> move_delivery(Locator at, Moved& moved);

    const LiveIndex& index_;
    const Segments& segments_;
    std::shared_ptr<Segment> source_;
    BatchReader reader_;
    const BatchReader::Batch* batch_ = nullptr;
    std::size_t next_record_ = 0;
    Buffer scratch_;
};

}  // namespace baton::queue::journal
