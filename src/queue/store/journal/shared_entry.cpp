#include "queue/store/journal/shared_entry.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "queue/store/journal/journal_store.h"

namespace baton::queue::journal {
namespace {

constexpr const char* next_file = "next.tmp";

std::unexpected<Error> damaged(std::uint64_t number, std::string_view what) {
    return fail(Errc::storage_corrupt, fmt::format("entry {} of the shared log {}", number, what));
}

/// Whether all of `batch` is as it was sealed.
bool is_sound(const BatchHead& head, const SharedEntry& entry, std::uint32_t seed) {
    auto rest = entry.batch.substr(batch_head_size);
    if (head.size != rest.size()) return false;
    std::uint64_t offset = entry.offset + batch_head_size;
    std::uint32_t count = 0;
    while (!rest.empty()) {
        const auto record = decode_record(rest, seed, offset);
        if (!record || record->size() > rest.size()) return false;
        rest.remove_prefix(record->size());
        offset += record->size();
        ++count;
    }
    return count == head.count;
}

/// The files as a copy: entries go in where they belong.
class Copy {
public:
    Copy(FileSystem& files, Segments& segments) : files_(files), segments_(segments) {}

    /// Nothing when files are missing or it can't be told where they end.
    [[nodiscard]] std::optional<LogEnd> end() const {
        if (segments_.empty()) return std::nullopt;
        Tail tail;
        auto end = find_end(*segments_.rbegin()->second, tail);
        if (!end || tail.is_torn) return std::nullopt;
        Segments needed = segments_;
        if (!drop_unneeded(needed, end->first_segment)) return std::nullopt;
        return *end;
    }

    /// Whether the entry is what the files have in its place.
    [[nodiscard]] bool has(const SharedEntry& entry) const {
        const auto segment = segments_.find(entry.header.number);
        if (segment == segments_.end() || segment->second->header != entry.header) return false;
        std::string bytes(entry.batch.size(), '\0');
        const auto length = segment->second->file->read(entry.offset, bytes);
        return length && *length == bytes.size() && bytes == entry.batch;
    }

    Result<void> add(const SharedEntry& entry) {
        BATON_TRY(Segment * segment, segment_of(entry.header));
        return segment->file->write(entry.offset, entry.batch);
    }

private:
    Result<Segment*> segment_of(const SegmentHeader& header) {
        const auto found = segments_.find(header.number);
        if (found != segments_.end()) {
            if (found->second->header == header) return found->second.get();
            return fail(Errc::conflict, "the copy has another segment of that number");
        }
        BATON_TRY_VOID(prepare_file(files_, next_file, header.capacity, Syncs::no));
        BATON_TRY(auto segment, adopt_file(files_, next_file, header, Syncs::no));
        return (segments_[header.number] = std::move(segment)).get();
    }

    FileSystem& files_;
    Segments& segments_;
};

/// Reads the log into the copy from entry `from` on. False: the copy is not of this log.
Result<bool> read_into(Copy& copy, SharedLog& log, std::uint64_t from, bool first_is_there,
    const std::stop_token& stop) {
    bool fits = true;
    bool is_first = first_is_there;
    const auto visit = [&](std::uint64_t number, std::string_view bytes) -> Result<void> {
        if (stop.stop_requested()) return fail(Errc::cancelled, "the copy is not needed any more");
        if (!fits) return {};
        BATON_TRY(const auto entry, decode_entry(number, bytes));
        if (std::exchange(is_first, false)) {
            fits = copy.has(entry);
            return {};
        }
        const auto added = copy.add(entry);
        if (!added && added.error().code == Errc::conflict) {
            fits = false;
            return {};
        }
        return added;
    };
    BATON_TRY_VOID(log.read(from, visit));
    return fits;
}

}  // namespace

std::string encode_entry(
    const SegmentHeader& header, std::uint64_t offset, std::string_view batch) {
    std::string entry = encode_header(header);
    entry.resize(header_size + sizeof(offset));
    store(entry.data() + header_size, offset);
    entry.append(batch);
    return entry;
}

Result<SharedEntry> decode_entry(std::uint64_t number, std::string_view bytes) {
    constexpr std::size_t batch_at = header_size + sizeof(std::uint64_t);
    if (bytes.size() < batch_at + batch_head_size) return damaged(number, "is cut");
    auto header = decode_header(bytes.substr(0, header_size));
    if (!header) {
        return fail(
            with_context(header.error(), fmt::format("entry {} of the shared log", number)));
    }
    SharedEntry entry{.header = *header,
        .offset = load<std::uint64_t>(bytes.data() + header_size),
        .batch = bytes.substr(batch_at)};
    const bool is_inside = entry.offset >= data_begin && entry.offset % alignment == 0 &&
                           entry.batch.size() <= header->capacity &&
                           entry.offset <= header->capacity - entry.batch.size();
    if (!is_inside) return damaged(number, "has a place outside its segment");
    const auto seed = seed_of(header->store_id, header->number);
    const auto head = decode_batch_head(entry.batch, seed, entry.offset);
    if (!head || head->number != number || !is_sound(*head, entry, seed)) {
        return damaged(number, "is damaged");
    }
    return entry;
}

Result<Segments> open_copy(FileSystem& files) {
    auto segments = open_segments(files, FileSystem::Mode::existing);
    if (segments || segments.error().code != Errc::storage_corrupt) return segments;
    BATON_TRY_VOID(forget_copy(files, segments.emplace()));
    return segments;
}

Result<LogEnd> catch_up(FileSystem& files, Segments& segments, SharedLog& log,
    SharedLog::Bounds bounds, const std::stop_token& stop) {
    Copy copy(files, segments);
    const auto end = copy.end();
    const std::uint64_t last_copied = end ? end->next_batch - 1 : 0;
    const bool overlaps = last_copied >= bounds.first && last_copied <= bounds.last;
    bool fits = bounds.last == 0 && last_copied == 0;
    if (overlaps && last_copied > 0) {
        BATON_TRY(fits, read_into(copy, log, last_copied, true, stop));
    }
    if (!fits) {
        BATON_TRY_VOID(forget_copy(files, segments));
        if (bounds.last > 0) {
            BATON_TRY(const bool all, read_into(copy, log, bounds.first, false, stop));
            if (!all) return damaged(bounds.first, "has two segments of one number");
        }
    }
    if (segments.empty()) return LogEnd{};
    Tail tail;
    BATON_TRY(auto found, find_end(*segments.rbegin()->second, tail));
    if (bounds.last > 0 && found.next_batch != bounds.last + 1) {
        return damaged(bounds.last, "could not be copied");
    }
    BATON_TRY(const auto dropped, drop_unneeded(segments, found.first_segment));
    for (const auto& name : dropped) try_remove(files, name);
    return found;
}

Result<void> forget_copy(FileSystem& files, Segments& segments) {
    segments.clear();
    BATON_TRY(const auto names, files.list());
    for (const auto& name : names) {
        if (segment_number(name) == 0) continue;
        BATON_TRY_VOID(files.remove(name));
    }
    return files.sync_folder();
}

}  // namespace baton::queue::journal

namespace baton::queue {

Result<void> copy_log(std::filesystem::path folder, SharedLog& log, const std::stop_token& stop) {
    BATON_TRY(const auto files, journal::make_posix_file_system(std::move(folder)));
    return copy_log(*files, log, stop);
}

Result<void> copy_log(journal::FileSystem& files, SharedLog& log, const std::stop_token& stop) {
    BATON_TRY(const auto bounds, log.look());
    BATON_TRY(auto segments, journal::open_copy(files));
    BATON_TRY_VOID(journal::catch_up(files, segments, log, bounds, stop));
    return {};
}

}  // namespace baton::queue
