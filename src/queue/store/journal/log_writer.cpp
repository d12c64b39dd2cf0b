#include "queue/store/journal/log_writer.h"

#include <algorithm>

#include "queue/store/journal/shared_entry.h"

namespace baton::queue::journal {
namespace {

constexpr const char* next_file = "next.tmp";
constexpr const char* reserve_file = "reserve.tmp";
/// On a disk that is nearly full; below it nothing is gained.
constexpr std::uint64_t segment_size_least = 64 * 1024;

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
      offset_(end.offset),
      next_batch_(end.next_batch),
      durable_(end.next_batch - 1),
      first_segment_(end.first_segment) {
    if (!segments_.empty()) current_ = segments_.rbegin()->second;
}

Result<std::unique_ptr<LogWriter>> LogWriter::open(
    FileSystem& files, Segments segments, const LogEnd& end, const Config& config) {
    std::unique_ptr<LogWriter> writer(new LogWriter(files, std::move(segments), end, config));
    // What a crash left of these; whether or not they can be removed, they are made anew.
    for (const char* name : {next_file, reserve_file}) try_remove(files, name);
    if (!writer->current_) {
        BATON_TRY(const auto capacity, writer->prepare(next_file, 0));
        BATON_TRY_VOID(writer->add_segment(next_file, writer->next_header(capacity)));
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
    const auto least = round_up(data_begin + batch_size, data_begin);
    auto capacity = std::max(config_.segment_size, least);
    while (true) {
        const auto prepared = prepare_file(files_, file, capacity);
        if (prepared) return capacity;
        const auto smaller = std::max({capacity / 4 / data_begin * data_begin, least,
            std::min(config_.segment_size, segment_size_least)});
        if (prepared.error().code != Errc::storage_full || smaller >= capacity) {
            return fail(prepared.error());
        }
        capacity = smaller;
    }
}

SegmentHeader LogWriter::next_header(std::uint64_t capacity) const {
    return {.store_id = config_.store_id,
        .number = current_ ? current_->header.number + 1 : first_segment_,
        .first_segment = first_segment_,
        .capacity = capacity,
        .first_batch = next_batch_};
}

Result<void> LogWriter::add_segment(const std::string& file, const SegmentHeader& header) {
    auto segment = adopt_file(files_, file, header);
    if (!segment) return final_error(segment.error());
    if (file == reserve_file) reserve_size_ = 0;
    current_ = *std::move(segment);
    segments_[header.number] = current_;
    offset_ = data_begin;
    keep_reserve();
    return {};
}

/// Prepares the file of the next segment. The segments before the last are complete and on disk,
/// always.
Result<LogWriter::Target> LogWriter::next_segment(std::uint64_t batch_size, Space space) {
    BATON_TRY_VOID(sync());
    const auto prepared = prepare(next_file, batch_size);
    if (prepared) return Target{next_header(*prepared), data_begin, next_file};
    const bool reserve_helps = prepared.error().code == Errc::storage_full &&
                               space == Space::reserve && reserve_size_ >= data_begin + batch_size;
    if (!reserve_helps) return fail(prepared.error());
    return Target{next_header(reserve_size_), data_begin, reserve_file};
}

Result<LogWriter::Target> LogWriter::target_for(std::uint64_t batch_size, Space space) {
    const auto at = batch_place(offset_);
    if (at + batch_size > current_->header.capacity) return next_segment(batch_size, space);
    return Target{current_->header, at, {}};
}

Result<LogWriter::Appended> LogWriter::append(Buffer& batch, std::uint32_t count, Space space) {
    BATON_TRY(const auto target, target_for(batch.size(), space));
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
        BATON_TRY_VOID(add_segment(target.new_file, target.header));
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
    first_segment_ = segment;
    claimed_by_ = next_batch_;
}

std::uint32_t LogWriter::remove_released() {
    if (segments_.begin()->first < first_segment_ && durable_ >= claimed_by_ &&
        config_.shared != nullptr) {
        // If it can't be done now it is with the next segment.
        const auto first_batch = segments_.at(first_segment_)->header.first_batch;
        static_cast<void>(config_.shared->release_before(first_batch));
    }
    while (segments_.begin()->first < first_segment_ && durable_ >= claimed_by_) {
        if (!files_.remove(segments_.begin()->second->name)) break;
        segments_.erase(segments_.begin());
    }
    return segments_.begin()->first;
}

}  // namespace baton::queue::journal
