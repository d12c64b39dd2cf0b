// The writing end of the journal: batches into the last segment, new segments, and the removal of
// old ones.
#pragma once

#include <cstdint>
#include <memory>

#include "queue/store/journal/replay.h"
#include "queue/store/journal/segment.h"
#include "queue/store/shared_log.h"

namespace baton::queue::journal {

/// Use from one thread. After an error other than storage_full nothing more may be written.
class LogWriter final {
public:
    struct Config {
        std::uint64_t segment_size = 0;
        std::uint64_t size_max = 0;  ///< see JournalConfig
        std::uint64_t store_id = 0;
        /// Where batches become durable, if not in these files: they are a copy then. Outlives the
        /// writer.
        SharedLog* shared = nullptr;
    };
    /// Goes on where a journal ends; makes the first segment of a new one. Fails: what the file
    /// system fails with.
    [[nodiscard]] static Result<std::unique_ptr<LogWriter>> open(
        FileSystem& files, Segments segments, const LogEnd& end, const Config& config);

    /// What a batch may bring that may not take the space held back for those who make room, in
    /// bytes of its records: without any call to the file system, and after making a file for
    /// `bytes` if need be. A room once told stays until the next batch.
    [[nodiscard]] std::uint64_t room() const noexcept;
    /// What `size_max` and a shared log leave of it, whatever the disk has.
    [[nodiscard]] std::uint64_t allowed_room() const noexcept;
    /// Fails: storage_full; storage_io.
    [[nodiscard]] Result<std::uint64_t> make_room(std::uint64_t bytes);
    /// Whether a batch may take the space that is held back for those who make room.
    enum class Space : std::uint8_t { ordinary, reserve };

    /// Whether a first batch finds room and behind it a second one, both with their heads; makes a
    /// file if need be. Fails: storage_io.
    [[nodiscard]] Result<bool> make_room_for_both(
        std::uint64_t first, std::uint64_t second, Space space);

    struct Appended {
        std::shared_ptr<Segment> segment;
        std::uint64_t offset = 0;  ///< of the first record
    };
    /// Writes one batch. `batch`: `batch_head_size` bytes for the head, then the records, which get
    /// their checksums here. Not durable before `sync`. Fails: storage_full (nothing was written);
    /// storage_io.
    [[nodiscard]] Result<Appended> append(Buffer& batch, std::uint32_t count, Space space);

    /// Goes on in a new segment with a batch without records, which comes into `batch`. Fails as
    /// `append`.
    [[nodiscard]] Result<Appended> begin_segment(Buffer& batch);

    /// What was appended to a shared log is durable already. Fails: storage_io.
    [[nodiscard]] Result<void> sync();

    /// Nothing before `segment` is needed any more. The files go when a later batch that says so is
    /// on disk.
    void release_before(std::uint32_t segment);
    /// Whether there are such files.
    [[nodiscard]] bool has_released() const noexcept {
        return segments_.begin()->first < first_segment_;
    }
    /// Sees to it that a batch says so, if need be an empty one, and removes the files. Fails:
    /// storage_io.
    [[nodiscard]] Result<void> release();
    /// Removes what may go; what can't be removed is tried again at the next call. Returns the
    /// number of the oldest segment left; of a shared log, whose entries go first.
    std::uint32_t remove_released();

    [[nodiscard]] const Segments& segments() const noexcept { return segments_; }
    /// Whether space is held back for those who make room.
    [[nodiscard]] bool has_reserve() const noexcept { return reserve_size_ != 0; }
    [[nodiscard]] std::uint32_t current() const noexcept { return current_->header.number; }
    /// Where the next batch goes in the current segment.
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
    [[nodiscard]] std::uint32_t first_segment() const noexcept { return first_segment_; }

private:
    /// Where a batch goes.
    struct Target {
        SegmentHeader header;
        std::uint64_t offset = 0;  ///< of the batch
        std::string new_file;      ///< prepared for a segment that is not there yet; else empty
    };

    LogWriter(FileSystem& files, Segments segments, const LogEnd& end, const Config& config);

    Result<Target> next_segment(std::uint64_t batch_size, Space space);
    Result<Appended> write(Buffer& batch, std::uint32_t count, const Target& target);
    Result<void> write_empty();
    [[nodiscard]] std::uint64_t end_of_current() const noexcept;
    [[nodiscard]] std::uint64_t beside_content() const noexcept;
    Result<std::uint64_t> prepare(const char* file, std::uint64_t batch_size);
    Result<void> prepare_next(std::uint64_t batch_size);
    [[nodiscard]] Target next() const;
    [[nodiscard]] SegmentHeader next_header(std::uint64_t capacity) const;
    Result<void> add_segment(const Target& target);
    void keep_reserve();

    FileSystem& files_;
    Segments segments_;
    std::shared_ptr<Segment> current_;
    const Config config_;
    const Syncs syncs_;  // of new segments
    std::uint64_t offset_;
    std::uint64_t next_batch_;
    std::uint64_t durable_;           // batches up to it are on disk
    std::uint32_t first_segment_;     // what the heads of batches say
    std::uint64_t full_bytes_ = 0;    // of the segments from there to the one that is written
    std::uint64_t claimed_by_ = 0;    // the first batch that says so
    std::uint64_t reserve_size_ = 0;  // of the file held back; 0: there is none
    std::uint64_t next_size_ = 0;     // of the file prepared to come next; 0: there is none
    std::size_t next_ = 0;            // which of two names it has
};

}  // namespace baton::queue::journal
