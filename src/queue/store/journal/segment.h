// One file of the journal, and the reading of its batches one after the other.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "queue/store/journal/file_system.h"
#include "queue/store/journal/format.h"

namespace baton::queue::journal {

/// Where a record stands. 12 bytes: the index holds one for each message.
struct Place {
    std::uint32_t segment = 0;  ///< 0: nowhere
    std::uint32_t offset8 = 0;  ///< in units of 8 bytes
    std::uint32_t size8 = 0;

    Place() = default;
    Place(std::uint32_t segment_in, std::uint64_t offset, std::uint64_t size)
        : segment(segment_in),
          offset8(static_cast<std::uint32_t>(offset / alignment)),
          size8(static_cast<std::uint32_t>(size / alignment)) {}

    [[nodiscard]] std::uint64_t offset() const noexcept { return offset8 * alignment; }
    [[nodiscard]] std::uint64_t size() const noexcept { return size8 * alignment; }
    [[nodiscard]] explicit operator bool() const noexcept { return segment != 0; }
    bool operator==(const Place&) const = default;
};

/// An open segment. Immutable but for what its file holds.
struct Segment {
    SegmentHeader header;
    std::string name;
    std::unique_ptr<File> file;
    std::uint32_t seed = 0;
};
/// By number.
using Segments = std::map<std::uint32_t, std::shared_ptr<Segment>>;

/// "00000003.seg, byte 4096: …": how errors name a place.
[[nodiscard]] std::unexpected<Error> corrupt_at(
    const Segment& segment, std::uint64_t offset, std::string_view what);

/// Opens an existing file and reads its header. Fails: storage_corrupt (also: shorter than it was
/// made), conflict (a newer version), what reading fails with.
[[nodiscard]] Result<std::shared_ptr<Segment>> open_segment(
    FileSystem& files, const std::string& name, FileSystem::Mode mode);

/// Whether a power cut must leave a new segment whole. A copy of a shared log is made anew if not,
/// and syncs take longer than all else that its making takes.
enum class Syncs : std::uint8_t { yes, no };

/// Makes `header.number` under a name that recovery ignores, complete and durable but for its name.
/// Fails: storage_full (nothing is left behind), storage_io.
[[nodiscard]] Result<void> prepare_file(
    FileSystem& files, const std::string& name, std::uint64_t capacity, Syncs syncs = Syncs::yes);
/// Gives a prepared file its header and its name, durably.
[[nodiscard]] Result<std::shared_ptr<Segment>> adopt_file(FileSystem& files,
    const std::string& name, const SegmentHeader& header, Syncs syncs = Syncs::yes);

/// Removes a file that harms nobody if it stays.
void try_remove(FileSystem& files, const std::string& name);

/// Opens every segment there is. Fails: as open_segment.
[[nodiscard]] Result<Segments> open_segments(FileSystem& files, FileSystem::Mode mode);

/// Reads a record whose place is known. Fails: storage_corrupt, what reading fails with.
/// `buffer` keeps the payload.
[[nodiscard]] Result<RecordView> read_record(
    const Segment& segment, const Place& place, Buffer& buffer);

/// Reads records whose places are known, those that stand close together with one call.
class RecordReader {
public:
    struct At {
        std::shared_ptr<Segment> segment;  ///< keeps the file open, even if it is removed meanwhile
        Place place;
    };
    /// The first of `records`, which are asked for in their order; its payload holds until the next
    /// call. Fails: as read_record.
    [[nodiscard]] Result<RecordView> read(std::span<const At> records);

private:
    Result<void> fill(std::span<const At> records);

    std::shared_ptr<Segment> segment_;
    Buffer window_;
    std::uint64_t begin_ = 0;
    std::uint64_t end_ = 0;
};

/// Walks through a segment from batch to batch. Use from one thread.
class BatchReader {
public:
    explicit BatchReader(const Segment& segment, std::uint64_t from = data_begin)
        : segment_(segment), offset_(from) {}

    struct Batch {
        std::uint64_t offset = 0;
        BatchHead head;
        std::vector<RecordView> records;  ///< their payloads hold until the next call
    };
    /// The next whole batch; null where none begins, which is the end or damage: `offset` tells the
    /// place. Fails: what reading fails with.
    [[nodiscard]] Result<const Batch*> next();

    /// Where the next batch begins, or should.
    [[nodiscard]] std::uint64_t offset() const noexcept { return batch_place(offset_); }
    /// The head that stands there, if its records are what is damaged.
    [[nodiscard]] const std::optional<BatchHead>& damaged() const noexcept { return damaged_; }

private:
    Result<std::string_view> bytes(std::uint64_t offset, std::uint64_t size);
    bool read_records(const BatchHead& head, std::uint64_t offset, std::string_view bytes);

    const Segment& segment_;
    std::uint64_t offset_;
    Batch batch_;
    std::optional<BatchHead> damaged_;
    Buffer window_;
    std::uint64_t window_begin_ = 0;
};

}  // namespace baton::queue::journal
