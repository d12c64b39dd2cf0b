#include "queue/store/journal/replay.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/core.h>

namespace baton::queue::journal {
namespace {

constexpr std::uint64_t chunk_size = 1024 * 1024;

/// One behind the last byte that is not zero; eight at a time, for most of a segment is zeros.
std::size_t used_part(std::string_view bytes) {
    std::size_t end = bytes.size();
    while (end >= 8 && load<std::uint64_t>(bytes.data() + end - 8) == 0) end -= 8;
    while (end > 0 && bytes[end - 1] == 0) --end;
    return end;
}
bool is_zero(std::string_view bytes) { return used_part(bytes) == 0; }

/// Behind the end of the log: a later batch that proves the one at the end was on disk, and where
/// the last byte stands that is not zero.
struct Behind {
    std::optional<std::uint64_t> proof;  ///< offset of that batch
    std::uint64_t dirty_until = 0;
};

void look_for_proof(const Segment& segment, const LogEnd& end, std::uint64_t at,
    std::string_view bytes, Behind& behind) {
    for (std::uint64_t i = 0; i + batch_head_size <= bytes.size() && !behind.proof;
        i += alignment) {
        const auto head = decode_batch_head(bytes.substr(i, batch_head_size), segment.seed, at + i);
        if (!head) continue;
        const bool proves = head->kind == BatchHead::Kind::gap || head->durable >= end.next_batch;
        if (proves) behind.proof = at + i;
    }
}

Result<Behind> look_behind(const Segment& segment, const LogEnd& end) {
    Behind behind;
    const auto rest = segment.header.capacity - std::min(end.offset, segment.header.capacity);
    std::string chunk(std::min(chunk_size, rest) + batch_head_size, '\0');
    for (std::uint64_t at = end.offset; at < segment.header.capacity; at += chunk_size) {
        BATON_TRY(const auto length, segment.file->read(at, chunk));
        const auto bytes = std::string_view(chunk).substr(
            0, std::min<std::uint64_t>(length, segment.header.capacity - at));
        const auto used = used_part(bytes);
        if (used == 0) continue;
        behind.dirty_until = at + used;
        look_for_proof(segment, end, at, bytes, behind);
    }
    return behind;
}

/// Whether a sector between the two offsets (or what part of it lies between them) reads zero: as
/// it was before a write that did not reach it.
Result<bool> has_missing_sector(const Segment& segment, std::uint64_t begin, std::uint64_t end) {
    std::array<char, sector_size> sector{};
    while (begin < end) {
        const auto next = std::min(end, round_up(begin + 1, sector_size));
        BATON_TRY(
            const auto length, segment.file->read(begin, std::span(sector).first(next - begin)));
        if (is_zero({sector.data(), length})) return true;
        begin = next;
    }
    return false;
}

void note_head(const BatchReader::Batch& batch, LogEnd& end) {
    end.first_segment = std::max(end.first_segment, batch.head.first_segment);
    if (batch.head.kind == BatchHead::Kind::gap) {
        end.durable = std::max(end.durable, batch.head.number);
    } else {
        end.durable = std::max(end.durable, batch.head.durable);
    }
}

/// From the first batch that is not known to be on disk: its bytes again, because after a failed
/// sync the system may hold pages that it will not write any more.
Result<void> write_again(const Segment& segment, std::uint64_t begin, std::uint64_t end) {
    std::string chunk(chunk_size, '\0');
    while (begin < end) {
        const auto part = std::min(chunk_size, end - begin);
        BATON_TRY(const auto length, segment.file->read(begin, std::span(chunk).first(part)));
        BATON_TRY_VOID(segment.file->write(begin, std::string_view(chunk).substr(0, length)));
        begin += part;
    }
    return {};
}

Result<void> write_zeros(const Segment& segment, std::uint64_t begin, std::uint64_t end) {
    const std::string zeros(chunk_size, '\0');
    while (begin < end) {
        const auto part = std::min(chunk_size, end - begin);
        BATON_TRY_VOID(segment.file->write(begin, std::string_view(zeros).substr(0, part)));
        begin += part;
    }
    return {};
}

}  // namespace

Result<std::optional<BatchHead>> replay_segment(
    const Segment& segment, LogEnd& end, const BatchVisit& visit) {
    BatchReader reader(segment);
    end.unproven = 0;
    // Offsets of batches not yet proven; few, because each commit proves the ones before it.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> unproven;
    while (true) {
        BATON_TRY(const BatchReader::Batch* batch, reader.next());
        if (batch == nullptr) break;
        if (batch->head.number != end.next_batch) {
            return corrupt_at(segment, batch->offset,
                fmt::format(
                    "batch {} stands where {} belongs", batch->head.number, end.next_batch));
        }
        note_head(*batch, end);
        const bool is_gap = batch->head.kind == BatchHead::Kind::gap;
        end.next_batch = is_gap ? batch->head.next : batch->head.number + 1;
        std::erase_if(unproven, [&](const auto& one) { return one.first <= end.durable; });
        unproven.emplace_back(batch->head.number, batch->offset);
        BATON_TRY_VOID(visit(segment, *batch));
    }
    end.offset = reader.offset();
    if (!unproven.empty()) end.unproven = unproven.front().second;
    return reader.damaged();
}

Result<LogEnd> replay(const Segments& segments, const BatchVisit& visit) {
    LogEnd end;
    for (auto entry = segments.begin(); entry != segments.end(); ++entry) {
        const Segment& segment = *entry->second;
        if (entry == segments.begin()) end.next_batch = segment.header.first_batch;
        if (segment.header.first_batch != end.next_batch) {
            return corrupt_at(segment, 0,
                fmt::format("begins with batch {}, where {} belongs", segment.header.first_batch,
                    end.next_batch));
        }
        end.first_segment = std::max(end.first_segment, segment.header.first_segment);
        BATON_TRY(const auto damaged, replay_segment(segment, end, visit));
        const auto next = std::next(entry);
        if (next == segments.end()) {
            BATON_TRY_VOID(examine_tail(segment, end, damaged));
        } else if (end.next_batch != next->second->header.first_batch) {
            return corrupt_at(
                segment, end.offset, fmt::format("batch {} is damaged or missing", end.next_batch));
        }
    }
    return end;
}

Result<Tail> examine_tail(
    const Segment& segment, const LogEnd& end, const std::optional<BatchHead>& damaged) {
    BATON_TRY(const auto behind, look_behind(segment, end));
    Tail tail{.is_torn = behind.dirty_until != 0, .dirty_until = behind.dirty_until};
    if (!tail.is_torn) return tail;
    if (behind.proof) {
        return corrupt_at(segment, end.offset,
            fmt::format("batch {} is damaged; it was on disk, as the batch at byte {} says",
                end.next_batch, *behind.proof));
    }
    const auto head_end = std::min(round_up(end.offset + 1, sector_size), segment.header.capacity);
    BATON_TRY(const bool head_is_missing, has_missing_sector(segment, end.offset, head_end));
    if (head_is_missing) return tail;
    if (!damaged || damaged->number != end.next_batch) {
        return corrupt_at(segment, end.offset, "the head of a batch is damaged");
    }
    const auto batch_end = end.offset + batch_head_size + damaged->size;
    if (batch_end > segment.header.capacity) {
        return corrupt_at(segment, end.offset, "a batch is larger than its segment");
    }
    BATON_TRY(const bool is_partly_missing, has_missing_sector(segment, end.offset, batch_end));
    if (is_partly_missing) return tail;
    return corrupt_at(segment, end.offset,
        fmt::format("batch {} is damaged, and no part of it is missing", end.next_batch));
}

Result<LogEnd> find_end(const Segment& last, Tail& tail) {
    LogEnd end{.next_batch = last.header.first_batch, .first_segment = last.header.first_segment};
    BATON_TRY(const auto damaged,
        replay_segment(last, end, [](const auto&, const auto&) { return Result<void>(); }));
    BATON_TRY(tail, examine_tail(last, end, damaged));
    return end;
}

Result<std::vector<std::string>> drop_unneeded(Segments& segments, std::uint32_t first_segment) {
    std::vector<std::string> dropped;
    while (!segments.empty() && segments.begin()->first < first_segment) {
        dropped.push_back(segments.begin()->second->name);
        segments.erase(segments.begin());
    }
    std::uint32_t expected = first_segment;
    for (const auto& [number, segment] : segments) {
        if (number != expected) {
            return fail(Errc::storage_corrupt,
                fmt::format("journal file {} is missing", segment_name(expected)));
        }
        ++expected;
    }
    return dropped;
}

Result<LogEnd> repair_tail(FileSystem& files, Segments& segments) {
    const Segment& last = *segments.rbegin()->second;
    Tail tail;
    BATON_TRY(const auto end, find_end(last, tail));
    BATON_TRY(const auto dropped, drop_unneeded(segments, end.first_segment));
    if (tail.is_torn) {
        BATON_TRY_VOID(write_zeros(last, end.offset, tail.dirty_until));
    }
    if (end.unproven != 0) {
        BATON_TRY_VOID(write_again(last, end.unproven, end.offset));
    }
    BATON_TRY_VOID(last.file->sync());
    BATON_TRY_VOID(files.sync_folder());
    for (const auto& name : dropped) try_remove(files, name);
    return end;
}

}  // namespace baton::queue::journal
