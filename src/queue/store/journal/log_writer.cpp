#include "queue/store/journal/log_writer.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "queue/store/journal/shared_entry.h"

namespace baton::queue::journal {
namespace {

// A larger one is made beside the one there is, which goes only when that has worked.
constexpr std::array<const char*, 2> next_files{"next.tmp", "larger.tmp"};
constexpr const char* reserve_file = "reserve.tmp";
/// On a disk that is nearly full; below it nothing is gained.
constexpr std::uint64_t segment_size_least = 64 * 1024;
/// The end of each segment stays free for a batch that says which segments are not needed any more:
/// on a full disk that is what makes room. An empty batch finds its place in it wherever the one
/// before ends.
constexpr std::uint64_t tail_size = sector_size;
/// Kept free for what stands beside the content in a batch: leases, acks.
constexpr std::uint64_t beside_content_max = 64 * 1024;
/// This part of `size_max` is for what makes room.
constexpr std::uint64_t reserved_part = 4;

/// A disk that is full at a moment when something may have been written already.
std::unexpected<Error> final_error(Error error) {
    if (error.code == Errc::storage_full) error.code = Errc::storage_io;
    return fail(std::move(error));
}

}  // namespace

LogWriter::LogWriter(FileSystem& files, Segments segments, const LogEnd& end, const Config& config)
    : files_(files),
      segments_(std::move(segments)),
      config_(config),
      syncs_(config.shared == nullptr ? Syncs::yes : Syncs::no),
      offset_(end.offset),
      next_batch_(end.next_batch),
      durable_(end.next_batch - 1),
      first_segment_(end.first_segment) {
    if (!segments_.empty()) current_ = segments_.rbegin()->second;
    for (const auto& [number, segment] : segments_) {
        if (number >= first_segment_ && segment != current_)
            full_bytes_ += segment->header.capacity;
    }
}

Result<std::unique_ptr<LogWriter>> LogWriter::open(
    FileSystem& files, Segments segments, const LogEnd& end, const Config& config) {
    std::unique_ptr<LogWriter> writer(new LogWriter(files, std::move(segments), end, config));
    // What a crash left of these; whether or not they can be removed, they are made anew.
    for (const char* name : {next_files[0], next_files[1], reserve_file}) try_remove(files, name);
    if (!writer->current_) {
        BATON_TRY_VOID(writer->prepare_next(0));
        BATON_TRY_VOID(writer->add_segment(writer->next()));
    }
    writer->keep_reserve();
    return writer;
}

/// Best effort: a disk without room for it has none for posts either.
void LogWriter::keep_reserve() {
    if (reserve_size_ == 0) reserve_size_ = prepare(reserve_file, 0).value_or(0);
}

/// Makes a file of `segment_size` bytes, or as large as the disk still allows: what is left of it
/// is used to the end. It holds a batch of `batch_size`. Returns its size.
Result<std::uint64_t> LogWriter::prepare(const char* file, std::uint64_t batch_size) {
    const auto least = round_up(data_begin + batch_size + tail_size, data_begin);
    auto capacity = std::max(config_.segment_size, least);
    while (true) {
        const auto prepared = prepare_file(files_, file, capacity, syncs_);
        if (prepared) return capacity;
        const auto smaller = std::max({capacity / 4 / data_begin * data_begin, least,
            std::min(config_.segment_size, segment_size_least)});
        if (prepared.error().code != Errc::storage_full || smaller >= capacity) {
            return fail(prepared.error());
        }
        capacity = smaller;
    }
}

Result<void> LogWriter::prepare_next(std::uint64_t batch_size) {
    if (next_size_ >= data_begin + batch_size + tail_size) return {};
    const auto other = 1 - next_;
    BATON_TRY(const auto size, prepare(next_files[other], batch_size));
    if (next_size_ != 0) try_remove(files_, next_files[next_]);
    next_ = other;
    next_size_ = size;
    return {};
}

/// Where the file made by `prepare_next` goes.
LogWriter::Target LogWriter::next() const {
    return {next_header(next_size_), data_begin, next_files[next_]};
}

/// Without the reserve there is none: what is left of the segments is for those who make room.
std::uint64_t LogWriter::room() const noexcept {
    if (reserve_size_ == 0) return 0;
    const auto left = end_of_current() - std::min(end_of_current(), batch_place(offset_));
    const auto next = next_size_ == 0 ? 0 : next_size_ - data_begin - tail_size;
    const auto most = std::max(left, next);
    const auto room = most - std::min(most, beside_content());
    return std::min(room, allowed_room());
}

/// A segment that is full counts whole.
std::uint64_t LogWriter::allowed_room() const noexcept {
    const auto shared = config_.shared == nullptr ? UINT64_MAX : config_.shared->room();
    if (config_.size_max == 0) return shared;
    const auto used = full_bytes_ + offset_;
    const auto most = config_.size_max - config_.size_max / reserved_part;
    return std::min(shared, most - std::min(most, used));
}

std::uint64_t LogWriter::end_of_current() const noexcept {
    return current_->header.capacity - tail_size;
}

std::uint64_t LogWriter::beside_content() const noexcept {
    return batch_head_size + alignment + std::min(beside_content_max, config_.segment_size / 8);
}

Result<std::uint64_t> LogWriter::make_room(std::uint64_t bytes) {
    keep_reserve();
    if (reserve_size_ == 0) return fail(Errc::storage_full, "the disk has no room for a reserve");
    if (const auto allowed = allowed_room(); allowed < bytes) {
        return fail(Errc::storage_full,
            fmt::format("the log is full: of {} bytes it takes {}", bytes, allowed));
    }
    if (room() < bytes) {
        BATON_TRY_VOID(prepare_next(bytes + beside_content()));
    }
    return room();
}

Result<bool> LogWriter::make_room_for_both(std::uint64_t first, std::uint64_t second, Space space) {
    const auto place_behind = [first](std::uint64_t at) { return batch_place(at + first); };
    const auto behind = place_behind(batch_place(offset_));
    if (behind + second <= end_of_current()) return true;
    const bool first_fits = batch_place(offset_) + first <= end_of_current();
    const auto needed = first_fits ? second : place_behind(data_begin) - data_begin + second;
    const auto prepared = prepare_next(needed);
    if (prepared) return true;
    if (prepared.error().code != Errc::storage_full) return fail(prepared.error());
    return space == Space::reserve && reserve_size_ >= data_begin + needed + tail_size;
}

SegmentHeader LogWriter::next_header(std::uint64_t capacity) const {
    return {.store_id = config_.store_id,
        .number = current_ ? current_->header.number + 1 : first_segment_,
        .first_segment = first_segment_,
        .capacity = capacity,
        .first_batch = next_batch_};
}

Result<void> LogWriter::add_segment(const Target& target) {
    auto segment = adopt_file(files_, target.new_file, target.header, syncs_);
    if (!segment) return final_error(segment.error());
    (target.new_file == reserve_file ? reserve_size_ : next_size_) = 0;
    if (current_) full_bytes_ += current_->header.capacity;
    current_ = *std::move(segment);
    segments_[target.header.number] = current_;
    offset_ = data_begin;
    return {};
}

/// Prepares the next segment. Those before the last are complete and on disk, always.
Result<LogWriter::Target> LogWriter::next_segment(std::uint64_t batch_size, Space space) {
    BATON_TRY_VOID(sync());
    auto prepared = prepare_next(batch_size);
    if (!prepared && prepared.error().code == Errc::storage_full && has_released()) {
        BATON_TRY_VOID(release());
        prepared = prepare_next(batch_size);
    }
    if (prepared) return next();
    const bool reserve_helps = prepared.error().code == Errc::storage_full &&
                               space == Space::reserve &&
                               reserve_size_ >= data_begin + batch_size + tail_size;
    if (!reserve_helps) return fail(prepared.error());
    return Target{next_header(reserve_size_), data_begin, reserve_file};
}

Result<LogWriter::Appended> LogWriter::append(Buffer& batch, std::uint32_t count, Space space) {
    Target target{current_->header, batch_place(offset_), {}};
    if (target.offset + batch.size() > end_of_current()) {
        BATON_TRY(target, next_segment(batch.size(), space));
    }
    return write(batch, count, target);
}

Result<LogWriter::Appended> LogWriter::begin_segment(Buffer& batch) {
    batch.clear();
    batch.extend(batch_head_size);
    BATON_TRY(const auto target, next_segment(batch.size(), Space::reserve));
    return write(batch, 0, target);
}

/// A shared log has the batch before the files have it, and before they have a new segment for it:
/// what it refuses leaves no trace.
Result<LogWriter::Appended> LogWriter::write(
    Buffer& batch, std::uint32_t count, const Target& target) {
    const auto seed = seed_of(target.header.store_id, target.header.number);
    const auto records_at = target.offset + batch_head_size;
    const BatchHead head{.number = next_batch_,
        .durable = durable_,
        .first_segment = first_segment_,
        .count = count,
        .size = batch.size() - batch_head_size};
    encode_batch_head(head, seed, target.offset, batch.data());
    seal_records(batch.data() + batch_head_size, head.size, seed, records_at);
    if (config_.shared != nullptr) {
        BATON_TRY_VOID(config_.shared->append(
            next_batch_, encode_entry(target.header, target.offset, batch.view())));
    }
    if (!target.new_file.empty()) {
        BATON_TRY_VOID(add_segment(target));
        keep_reserve();
    }
    const auto written = current_->file->write(target.offset, batch.view());
    if (!written) return final_error(written.error());
    offset_ = target.offset + batch.size();
    ++next_batch_;
    return Appended{current_, records_at};
}

Result<void> LogWriter::sync() {
    if (durable_ + 1 == next_batch_) return {};
    if (config_.shared == nullptr) {
        const auto synced = current_->file->sync();
        if (!synced) return final_error(synced.error());
    }
    durable_ = next_batch_ - 1;
    return {};
}

void LogWriter::release_before(std::uint32_t segment) {
    if (segment <= first_segment_) return;
    for (; first_segment_ < segment; ++first_segment_) {
        const auto left = segments_.find(first_segment_);
        if (left != segments_.end()) full_bytes_ -= left->second->header.capacity;
    }
    claimed_by_ = next_batch_;
}

Result<void> LogWriter::release() {
    if (!has_released()) return {};
    if (claimed_by_ == next_batch_) {
        BATON_TRY_VOID(write_empty());
    }
    BATON_TRY_VOID(sync());
    remove_released();
    // A shared log lets go with the entry after the word.
    if (config_.shared != nullptr) {
        BATON_TRY_VOID(write_empty());
    }
    return sync();
}

/// A batch without records, if the segment has a place for it.
Result<void> LogWriter::write_empty() {
    if (batch_place(offset_) + batch_head_size > current_->header.capacity) return {};
    Buffer empty;
    empty.extend(batch_head_size);
    BATON_TRY_VOID(write(empty, 0, {current_->header, batch_place(offset_), {}}));
    return {};
}

std::uint32_t LogWriter::remove_released() {
    if (has_released() && durable_ >= claimed_by_ && config_.shared != nullptr) {
        // If it can't be done now it is with the next segment.
        const auto first_batch = segments_.at(first_segment_)->header.first_batch;
        const auto released = config_.shared->release_before(first_batch);
        static_cast<void>(released);
    }
    while (segments_.begin()->first < first_segment_ && durable_ >= claimed_by_) {
        if (!files_.remove(segments_.begin()->second->name)) break;
        segments_.erase(segments_.begin());
    }
    return segments_.begin()->first;
}

}  // namespace baton::queue::journal
