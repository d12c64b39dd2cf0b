// The bytes of a segment file: header, batches, records. docs/formats/journal.md is this in words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_codec.h"
#include "base/result.h"

namespace baton::queue::journal {

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::uint64_t sector_size = 512;  ///< what a disk writes whole or not at all
inline constexpr std::uint64_t data_begin = 4096;  ///< of the first batch in a segment
inline constexpr std::uint64_t header_copy_at = 2048;
inline constexpr std::uint64_t header_size = 64;
inline constexpr std::uint64_t batch_head_size = 48;
inline constexpr std::uint64_t record_head_size = 12;
inline constexpr std::uint64_t alignment = 8;  ///< of batches and records

/// What a record says. Numbers reach disk; never renumber.
enum class RecordType : std::uint8_t {
    queue_put = 1,
    queue_dropped = 2,
    message_posted = 3,
    delivery_changed = 4,
    message_gone = 5,
    queue_purged = 6,
    reply_stored = 7,
    retention_passed = 8,
    dedup_kept = 9,
    output_appended = 10,
    cursor_moved = 11,
    cursor_dropped = 12,
    log_truncated = 13,
    key_paused = 14,
    quota_set = 15,
};

/// Stands at the start of a segment and again at `header_copy_at`. Never changes.
struct SegmentHeader {
    std::uint64_t store_id = 0;       ///< a random number of the store
    std::uint32_t number = 0;         ///< 1 and up, without gaps
    std::uint32_t first_segment = 0;  ///< when this one was made, none before it was needed
    std::uint64_t capacity = 0;       ///< bytes of the file
    std::uint64_t first_batch = 0;    ///< number of the first batch in it
    bool operator==(const SegmentHeader&) const = default;
};

/// What the checksums in a segment start from: bytes of another place never fit.
[[nodiscard]] std::uint32_t seed_of(std::uint64_t store_id, std::uint32_t segment) noexcept;

/// `header_size` bytes.
[[nodiscard]] std::string encode_header(const SegmentHeader& header);
/// Fails: storage_corrupt; conflict (a newer version).
[[nodiscard]] Result<SegmentHeader> decode_header(std::string_view bytes);

/// "00000001.seg".
[[nodiscard]] std::string segment_name(std::uint32_t number);
/// The number in a segment's name; 0 for another file.
[[nodiscard]] std::uint32_t segment_number(std::string_view name) noexcept;

/// Begins a batch.
struct BatchHead {
    enum class Kind : std::uint32_t {
        records = 1,
        gap = 2,  ///< made by a repair: what stood here was taken out
    };
    std::uint64_t number = 0;         ///< ascends by one, across segments
    std::uint64_t durable = 0;        ///< records: batches up to it were on disk before this one
    std::uint64_t next = 0;           ///< gap: number of the batch behind it
    std::uint32_t first_segment = 0;  ///< none before it is needed, once this batch is on disk
    std::uint32_t count = 0;          ///< records in the batch
    std::uint64_t size = 0;           ///< bytes behind the head, a multiple of `alignment`
    Kind kind = Kind::records;
    bool operator==(const BatchHead&) const = default;
};

/// Where a batch may begin that would begin at `offset`: a head never crosses a sector's end.
[[nodiscard]] constexpr std::uint64_t batch_place(std::uint64_t offset) noexcept {
    const std::uint64_t at = round_up(offset, alignment);
    return at % sector_size > sector_size - batch_head_size ? round_up(at, sector_size) : at;
}

void encode_batch_head(const BatchHead& head, std::uint32_t seed, std::uint64_t offset, char* to);
/// Nothing when no head of this place stands in `bytes`, which hold `batch_head_size`.
[[nodiscard]] std::optional<BatchHead> decode_batch_head(
    std::string_view bytes, std::uint32_t seed, std::uint64_t offset) noexcept;

/// A record as it stands in a batch, its checksum found right.
struct RecordView {
    RecordType type{};
    std::uint64_t offset = 0;  ///< in the segment
    std::string_view payload;
    /// Bytes it takes in the segment.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_for(payload.size()); }
    [[nodiscard]] static constexpr std::uint64_t size_for(std::size_t payload) noexcept {
        return round_up(record_head_size + payload, alignment);
    }
};

/// Writes a record's head without its checksum, and the padding; returns where the payload goes.
char* begin_record(RecordType type, std::size_t payload_size, Buffer& buffer);
/// Fills in the checksums of the records that stand in `records`, which begin at `offset`.
void seal_records(char* records, std::size_t size, std::uint32_t seed, std::uint64_t offset);
/// The record at the start of `bytes`; nothing when its checksum is wrong or it is cut.
[[nodiscard]] std::optional<RecordView> decode_record(
    std::string_view bytes, std::uint32_t seed, std::uint64_t offset) noexcept;

}  // namespace baton::queue::journal
