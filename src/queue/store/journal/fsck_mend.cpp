#include "queue/store/journal/fsck_mend.h"

#include <algorithm>

#include <fmt/core.h>

#include "queue/store/journal/log_writer.h"
#include "queue/store/journal/record_codec.h"

namespace baton::queue::journal {
namespace {

constexpr std::uint64_t chunk_size = 1024 * 1024;
constexpr const char* made_file = "next.tmp";

std::string encode_gap(
    const Segment& segment, std::uint64_t begin, std::uint64_t size, const Gap& gap) {
    std::string bytes(batch_head_size, '\0');
    const BatchHead head{.number = gap.number,
        .next = gap.next,
        .first_segment = gap.first_segment,
        .size = size,
        .kind = BatchHead::Kind::gap};
    encode_batch_head(head, segment.seed, begin, bytes.data());
    return bytes;
}

}  // namespace

Result<void> rewrite_header(const Segment& segment) {
    BATON_TRY_VOID(segment.file->write(0, encode_header(segment.header)));
    return segment.file->sync();
}

Result<std::string> quarantine(
    FileSystem& files, const Segment& segment, std::uint64_t begin, std::uint64_t end) {
    auto name = fmt::format("quarantine.{}.{}", segment.name, begin);
    BATON_TRY(const auto aside, files.open(name, FileSystem::Mode::create));
    std::string chunk(chunk_size, '\0');
    for (auto at = begin; at < end; at += chunk_size) {
        const auto part = std::min(chunk_size, end - at);
        BATON_TRY(const auto length, segment.file->read(at, std::span(chunk).first(part)));
        BATON_TRY_VOID(aside->write(at - begin, std::string_view(chunk).substr(0, length)));
    }
    BATON_TRY_VOID(aside->sync());
    BATON_TRY_VOID(files.sync_folder());
    return name;
}

Result<void> clear_tail(const Segment& segment, std::uint64_t begin, std::uint64_t dirty_until) {
    const std::string zeros(chunk_size, '\0');
    for (auto at = begin; at < dirty_until; at += chunk_size) {
        const auto part = std::min(chunk_size, dirty_until - at);
        BATON_TRY_VOID(segment.file->write(at, std::string_view(zeros).substr(0, part)));
    }
    return segment.file->sync();
}

Result<void> write_gap(
    const Segment& segment, std::uint64_t begin, std::uint64_t end, const Gap& gap) {
    const auto size = end - begin - batch_head_size;
    BATON_TRY_VOID(segment.file->write(begin, encode_gap(segment, begin, size, gap)));
    return segment.file->sync();
}

Result<void> write_last_gap(
    const Segment& segment, std::uint64_t begin, std::uint64_t dirty_until, const Gap& gap) {
    BATON_TRY_VOID(clear_tail(segment, begin, dirty_until));
    BATON_TRY_VOID(segment.file->write(begin, encode_gap(segment, begin, 0, gap)));
    return segment.file->sync();
}

Result<void> replace_segment(
    FileSystem& files, std::uint64_t store_id, std::uint32_t number, const Gap& gap, bool exists) {
    const auto name = segment_name(number);
    if (exists) {
        BATON_TRY_VOID(files.rename(name, "quarantine." + name));
        BATON_TRY_VOID(files.sync_folder());
    }
    const SegmentHeader header{.store_id = store_id,
        .number = number,
        .first_segment = gap.first_segment,
        .capacity = 2 * data_begin,
        .first_batch = gap.number};
    BATON_TRY_VOID(prepare_file(files, made_file, header.capacity));
    if (gap.next != gap.number) {
        // Before the file gets its name, so that it never stands there without its gap.
        Segment made{.header = header, .name = name, .seed = seed_of(store_id, number)};
        BATON_TRY(made.file, files.open(made_file, FileSystem::Mode::existing));
        BATON_TRY_VOID(write_gap(made, data_begin, data_begin + batch_head_size, gap));
    }
    BATON_TRY(const auto adopted, adopt_file(files, made_file, header));
    return {};
}

Result<std::vector<std::string>> describe_queues(
    FileSystem& files, Segments segments, const LogEnd& end, const LiveIndex& index) {
    std::vector<std::string> names;
    const auto& last = segments.rbegin()->second->header;
    Buffer batch;
    batch.extend(batch_head_size);
    for (const auto& [number, queue] : index.queues()) {
        if (queue.put) continue;
        QueuePut put{.number = number, .uid = random_number()};
        put.info.uid = put.uid;
        put.info.created_at = index.horizon();
        put.info.name = QueueName(fmt::format("recovered-{}", static_cast<std::uint32_t>(number)));
        encode_record(put, queue.next_seq, batch);
        names.push_back(put.info.name.text);
    }
    if (names.empty()) return names;
    const LogWriter::Config config{
        .segment_size = std::max(last.capacity, round_up(data_begin + batch.size(), data_begin)),
        .store_id = last.store_id};
    BATON_TRY(const auto writer, LogWriter::open(files, std::move(segments), end, config));
    BATON_TRY(const auto appended,
        writer->append(batch, static_cast<std::uint32_t>(names.size()), LogWriter::Space::reserve));
    BATON_TRY_VOID(writer->sync());
    return names;
}

}  // namespace baton::queue::journal
