#include "queue/store/journal/segment.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace baton::queue::journal {
namespace {

constexpr std::uint64_t window_size = 1024 * 1024;
// Of records that are read together: the bytes between two, and all of them.
constexpr std::uint64_t gap_max = 4 * 1024;
constexpr std::uint64_t run_max = 256 * 1024;

}  // namespace

std::unexpected<Error> corrupt_at(
    const Segment& segment, std::uint64_t offset, std::string_view what) {
    return fail(Errc::storage_corrupt,
        fmt::format("journal file {}, byte {}: {}", segment.name, offset, what));
}

Result<std::shared_ptr<Segment>> open_segment(
    FileSystem& files, const std::string& name, FileSystem::Mode mode) {
    auto segment = std::make_shared<Segment>();
    segment->name = name;
    BATON_TRY(segment->file, files.open(name, mode));
    std::string bytes(header_size, '\0');
    BATON_TRY(const auto length, segment->file->read(0, bytes));
    bytes.resize(length);
    auto header = decode_header(bytes);
    if (!header) return fail(with_context(header.error(), "journal file " + name));
    segment->header = *header;
    if (header->number != segment_number(name)) {
        return corrupt_at(*segment, 0, fmt::format("is segment {} by its header", header->number));
    }
    BATON_TRY(const auto size, segment->file->size());
    if (size < header->capacity) {
        return corrupt_at(*segment, size,
            fmt::format("the file is cut; it was made with {} bytes", header->capacity));
    }
    segment->seed = seed_of(header->store_id, header->number);
    return segment;
}

void try_remove(FileSystem& files, const std::string& name) {
    const auto removed = files.remove(name);
    static_cast<void>(removed);
}

Result<void> prepare_file(
    FileSystem& files, const std::string& name, std::uint64_t capacity, Syncs syncs) {
    const auto prepare = [&]() -> Result<void> {
        BATON_TRY(const auto file, files.open(name, FileSystem::Mode::create));
        BATON_TRY_VOID(file->allocate(capacity));
        return syncs == Syncs::yes ? file->sync() : Result<void>();
    };
    const auto prepared = prepare();
    if (!prepared) try_remove(files, name);  // it must not hold space it can't use
    return prepared;
}

Result<std::shared_ptr<Segment>> adopt_file(
    FileSystem& files, const std::string& name, const SegmentHeader& header, Syncs syncs) {
    auto segment = std::make_shared<Segment>();
    segment->header = header;
    segment->name = segment_name(header.number);
    segment->seed = seed_of(header.store_id, header.number);
    BATON_TRY(segment->file, files.open(name, FileSystem::Mode::existing));
    const auto bytes = encode_header(header);
    BATON_TRY_VOID(segment->file->write(0, bytes));
    BATON_TRY_VOID(segment->file->write(header_copy_at, bytes));
    if (syncs == Syncs::yes) {
        BATON_TRY_VOID(segment->file->sync());
    }
    BATON_TRY_VOID(files.rename(name, segment->name));
    if (syncs == Syncs::yes) {
        BATON_TRY_VOID(files.sync_folder());
    }
    return segment;
}

Result<Segments> open_segments(FileSystem& files, FileSystem::Mode mode) {
    Segments segments;
    BATON_TRY(const auto names, files.list());
    for (const auto& name : names) {
        if (segment_number(name) == 0) continue;
        BATON_TRY(auto segment, open_segment(files, name, mode));
        if (!segments.empty() &&
            segments.begin()->second->header.store_id != segment->header.store_id) {
            return corrupt_at(*segment, 0, "belongs to another store");
        }
        segments[segment->header.number] = std::move(segment);
    }
    return segments;
}

Result<RecordView> read_record(const Segment& segment, const Place& place, Buffer& buffer) {
    buffer.clear();
    char* const at = buffer.extend(place.size());
    BATON_TRY(const auto length, segment.file->read(place.offset(), {at, place.size()}));
    const auto record = decode_record({at, length}, segment.seed, place.offset());
    if (!record) return corrupt_at(segment, place.offset(), "the record is damaged");
    return *record;
}

Result<RecordView> RecordReader::read(std::span<const At> records) {
    const auto& [segment, place] = records.front();
    const bool is_here =
        segment == segment_ && place.offset() >= begin_ && place.offset() + place.size() <= end_;
    if (!is_here) {
        BATON_TRY_VOID(fill(records));
    }
    const auto bytes = window_.view().substr(place.offset() - begin_, place.size());
    const auto record = decode_record(bytes, segment->seed, place.offset());
    if (!record) return corrupt_at(*segment, place.offset(), "the record is damaged");
    return *record;
}

/// Reads the first of `records`, and those that follow it in the file.
Result<void> RecordReader::fill(std::span<const At> records) {
    segment_ = records.front().segment;
    begin_ = records.front().place.offset();
    end_ = begin_;
    for (const auto& [segment, place] : records) {
        const auto end = place.offset() + place.size();
        const bool follows = segment == segment_ && place.offset() >= end_ &&
                             place.offset() - end_ <= gap_max && end - begin_ <= run_max;
        if (!follows && end_ != begin_) break;
        end_ = end;
    }
    window_.clear();
    char* const at = window_.extend(end_ - begin_);
    const auto length = segment_->file->read(begin_, {at, end_ - begin_});
    if (length && *length == end_ - begin_) return {};
    const auto segment = std::exchange(segment_, nullptr);
    if (!length) return fail(length.error());
    return corrupt_at(*segment, begin_ + *length, "the file is cut");
}

/// The bytes at `offset`, fewer at the end of the segment. They hold until the next call.
Result<std::string_view> BatchReader::bytes(std::uint64_t offset, std::uint64_t size) {
    const std::uint64_t capacity = segment_.header.capacity;
    if (offset >= capacity) return std::string_view();
    size = std::min(size, capacity - offset);
    if (offset < window_begin_ || offset + size > window_begin_ + window_.size()) {
        const std::uint64_t wanted = std::min(std::max(size, window_size), capacity - offset);
        window_.clear();
        window_begin_ = offset;
        char* const at = window_.extend(wanted);
        const auto length = segment_.file->read(offset, {at, wanted});
        if (!length) {
            window_.clear();
            return fail(length.error());
        }
        if (*length < size) return corrupt_at(segment_, offset, "the file is cut");
    }
    return window_.view().substr(offset - window_begin_, size);
}

Result<const BatchReader::Batch*> BatchReader::next() {
    const std::uint64_t offset = batch_place(offset_);
    damaged_.reset();
    BATON_TRY(const auto head_bytes, bytes(offset, batch_head_size));
    const auto head = decode_batch_head(head_bytes, segment_.seed, offset);
    if (!head) return nullptr;
    const std::uint64_t begin = offset + batch_head_size;
    const bool fits = head->size <= segment_.header.capacity - begin;
    const bool is_gap = head->kind == BatchHead::Kind::gap;
    batch_.offset = offset;
    batch_.head = *head;
    batch_.records.clear();
    if (fits && !is_gap) {
        BATON_TRY(const auto records, bytes(begin, head->size));
        if (!read_records(*head, begin, records)) damaged_ = head;
    }
    if (!fits || damaged_) {
        damaged_ = head;
        return nullptr;
    }
    offset_ = begin + head->size;
    return &batch_;
}

bool BatchReader::read_records(
    const BatchHead& head, std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto record = decode_record(bytes, segment_.seed, offset);
        if (!record || record->size() > bytes.size()) return false;
        batch_.records.push_back(*record);
        bytes.remove_prefix(record->size());
        offset += record->size();
    }
    return batch_.records.size() == head.count;
}

}  // namespace baton::queue::journal
