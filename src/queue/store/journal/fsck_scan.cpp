#include "queue/store/journal/fsck_scan.h"

#include <algorithm>

#include <fmt/core.h>

namespace baton::queue::journal {
namespace {

constexpr std::uint64_t chunk_size = 1024 * 1024;

/// The next head behind `from` whose number is larger than `expected`, or where zeros begin for
/// good.
struct Next {
    std::uint64_t offset = 0;
    std::uint64_t number = 0;  ///< 0: none
};
Result<Next> find_next(const Segment& segment, std::uint64_t from, std::uint64_t expected) {
    Next next{.offset = from};
    const auto rest = segment.header.capacity - std::min(from, segment.header.capacity);
    std::string chunk(std::min(chunk_size, rest) + batch_head_size, '\0');
    for (auto at = from; at < segment.header.capacity; at += chunk_size) {
        BATON_TRY(const auto length, segment.file->read(at, chunk));
        const auto bytes = std::string_view(chunk).substr(0, length);
        for (std::uint64_t i = 0; i < std::min<std::uint64_t>(chunk_size, length); i += alignment) {
            const auto head = decode_batch_head(bytes.substr(i), segment.seed, at + i);
            if (at + i > from && head && head->number > expected) return Next{at + i, head->number};
        }
        const auto last = bytes.find_last_not_of('\0');
        if (last != std::string_view::npos) next.offset = at + last + 1;
    }
    next.offset = std::min(round_up(next.offset, alignment), segment.header.capacity);
    return next;
}

class SegmentScan {
public:
    SegmentScan(ScannedSegment& scanned, LogEnd& end, bool is_last)
        : scanned_(scanned), segment_(*scanned.segment), end_(end), is_last_(is_last) {}

    Result<void> run() {
        if (end_.next_batch == 0) end_.next_batch = segment_.header.first_batch;
        std::uint64_t at = data_begin;
        while (true) {
            BATON_TRY(const auto damaged, read_from(at));
            BATON_TRY(const auto next, find_next(segment_, end_.offset, end_.next_batch - 1));
            if (next.number == 0 && next.offset <= end_.offset) break;  // zeros to the end
            // The batch that stands there is whole but its number is not the expected one.
            BATON_TRY_VOID(note_bad(next.offset, next.number, damaged));
            if (next.number == 0) break;
            at = next.offset;
            end_.next_batch = next.number;
        }
        scanned_.file.used = end_.offset;
        scanned_.next_batch = end_.next_batch;
        return {};
    }

private:
    /// Reads batches as long as they follow one another.
    Result<std::optional<BatchHead>> read_from(std::uint64_t at) {
        BatchReader reader(segment_, at);
        end_.offset = reader.offset();
        while (true) {
            BATON_TRY(const BatchReader::Batch* batch, reader.next());
            if (batch == nullptr) return reader.damaged();
            if (batch->head.number != end_.next_batch) return std::optional<BatchHead>();
            const bool is_gap = batch->head.kind == BatchHead::Kind::gap;
            end_.next_batch = is_gap ? batch->head.next : batch->head.number + 1;
            end_.first_segment = std::max(end_.first_segment, batch->head.first_segment);
            ++scanned_.file.batches;
            scanned_.file.records += batch->records.size();
            end_.offset = reader.offset();
        }
    }

    Result<void> note_bad(
        std::uint64_t until, std::uint64_t next, const std::optional<BatchHead>& damaged) {
        BadStretch bad{.begin = end_.offset,
            .end = until,
            .expected = end_.next_batch,
            .next = next,
            .what = fmt::format("batch {} is damaged", end_.next_batch)};
        if (is_last_ && next == 0) {
            const auto tail = examine_tail(segment_, end_, damaged);
            if (!tail && tail.error().code != Errc::storage_corrupt) return fail(tail.error());
            bad.is_torn = tail.has_value();
            if (bad.is_torn) bad.what = fmt::format("batch {} was cut", end_.next_batch);
        } else if (next != 0) {
            bad.what = fmt::format("batches {} to {} are damaged", end_.next_batch, next - 1);
        }
        scanned_.bad.push_back(std::move(bad));
        return {};
    }

    ScannedSegment& scanned_;
    const Segment& segment_;
    LogEnd& end_;
    bool is_last_;
};

/// A segment whose first header is damaged, by its copy.
Result<void> try_copy(FileSystem& files, const std::string& name, ScannedSegment& scanned) {
    const auto opened = files.open(name, FileSystem::Mode::read_only);
    if (!opened && opened.error().code == Errc::storage_corrupt) return {};  // no file at all
    if (!opened) return fail(opened.error());
    const auto& file = *opened;
    std::string bytes(header_size, '\0');
    BATON_TRY(const auto length, file->read(header_copy_at, bytes));
    const auto header = decode_header(std::string_view(bytes).substr(0, length));
    BATON_TRY(scanned.file.bytes, file->size());
    const bool fits =
        header && header->number == segment_number(name) && scanned.file.bytes >= header->capacity;
    if (fits) scanned.copy = *header;
    return {};
}

Result<ScannedSegment> open_scanned(
    FileSystem& files, const std::string& name, FileSystem::Mode mode) {
    ScannedSegment scanned;
    scanned.file.name = name;
    auto segment = open_segment(files, name, mode);
    if (!segment) {
        if (segment.error().code != Errc::storage_corrupt) return fail(segment.error());
        scanned.problem = segment.error().detail;
        BATON_TRY_VOID(try_copy(files, name, scanned));
        if (!scanned.copy) return scanned;
        auto by_copy = std::make_shared<Segment>();
        by_copy->name = name;
        by_copy->header = *scanned.copy;
        by_copy->seed = seed_of(by_copy->header.store_id, by_copy->header.number);
        BATON_TRY(by_copy->file, files.open(name, mode));
        segment = std::move(by_copy);
    }
    scanned.segment = *std::move(segment);
    BATON_TRY(scanned.file.bytes, scanned.segment->file->size());
    return scanned;
}

}  // namespace

Result<Scan> scan_journal(FileSystem& files, FileSystem::Mode mode) {
    Scan scan;
    BATON_TRY(const auto names, files.list());
    for (const auto& name : names) {
        const auto number = segment_number(name);
        if (number == 0) continue;
        BATON_TRY(auto scanned, open_scanned(files, name, mode));
        if (scanned.segment && scan.store_id == 0) {
            scan.store_id = scanned.segment->header.store_id;
        }
        scan.last_segment = std::max(scan.last_segment, number);
        scan.segments[number] = std::move(scanned);
    }
    LogEnd end{.next_batch = 0};
    for (auto& [number, scanned] : scan.segments) {
        if (!scanned.segment) continue;
        auto& header = scanned.segment->header;
        if (header.store_id != scan.store_id) {
            scanned.problem = "it belongs to another store";
            scanned.segment.reset();
            continue;
        }
        end.next_batch = header.first_batch;
        end.first_segment = std::max(end.first_segment, header.first_segment);
        SegmentScan one(scanned, end, number == scan.last_segment);
        BATON_TRY_VOID(one.run());
    }
    scan.first_segment = end.first_segment;
    return scan;
}

}  // namespace baton::queue::journal
