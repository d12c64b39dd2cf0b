#include "queue/store/journal/hand_out.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fmt/core.h>

namespace baton::queue::journal {
namespace {

/// Reads records one by one; those that stand close together cost one read of the file.
class RecordWindow {
public:
    explicit RecordWindow(const Segments& segments) : segments_(segments) {}

    Result<RecordView> read(const Place& place) {
        const auto segment = segments_.find(place.segment);
        if (segment == segments_.end()) {
            return fail(Errc::storage_corrupt,
                fmt::format("journal file {} is missing", segment_name(place.segment)));
        }
        const bool is_inside = place.segment == segment_ && place.offset() >= begin_ &&
                               place.offset() + place.size() <= begin_ + window_.size();
        if (!is_inside) {
            BATON_TRY_VOID(move_to(*segment->second, place));
        }
        const auto bytes = window_.view().substr(place.offset() - begin_, place.size());
        const auto record = decode_record(bytes, segment->second->seed, place.offset());
        if (!record) return corrupt_at(*segment->second, place.offset(), "the record is damaged");
        return *record;
    }

private:
    static constexpr std::uint64_t near = 64 * 1024;
    static constexpr std::uint64_t large = 256 * 1024;
    static constexpr std::uint64_t small = 4 * 1024;

    Result<void> move_to(const Segment& segment, const Place& place) {
        const std::uint64_t end = begin_ + window_.size();
        const bool goes_on =
            place.segment == segment_ && place.offset() >= begin_ && place.offset() < end + near;
        std::uint64_t size = std::max(place.size(), goes_on ? large : small);
        size = std::min(size, segment.header.capacity - place.offset());
        window_.clear();
        char* const at = window_.extend(size);
        segment_ = place.segment;
        begin_ = place.offset();
        BATON_TRY(const auto length, segment.file->read(begin_, {at, size}));
        if (length < place.size()) return corrupt_at(segment, begin_ + length, "the file is cut");
        return {};
    }

    const Segments& segments_;
    Buffer window_;
    std::uint32_t segment_ = 0;
    std::uint64_t begin_ = 0;
};

/// The dedup keys of each queue, as far as they are not forgotten.
class DedupKeys {
public:
    Result<void> note(const RecordView& record, const Mark& mark) {
        if (mark.type == RecordType::queue_dropped) keys_.erase(mark.at.queue);
        if (mark.until == TimePoint{}) return {};
        if (mark.type != RecordType::message_posted && mark.type != RecordType::dedup_kept) {
            return {};
        }
        BATON_TRY(const auto dedup, dedup_of(record.type, record.payload));
        auto& kept = keys_[mark.at.queue][std::string(dedup.key)];
        // A key counts for the last message that had it; compaction may bring an older one later.
        if (dedup.first.seq >= kept.seq) kept = {dedup.first.seq, dedup.until};
        return {};
    }
    void give(const LiveIndex& index, RecoverySink& sink) const {
        for (const auto& [number, keys] : keys_) {
            const auto* queue = index.find(number);
            if (queue == nullptr) continue;
            std::vector<std::pair<TimePoint, const std::string*>> by_end;
            for (const auto& [key, kept] : keys) {
                if (kept.until > queue->passed) by_end.emplace_back(kept.until, &key);
            }
            std::ranges::sort(by_end, [](const auto& a, const auto& b) {
                return a.first != b.first ? a.first < b.first : *a.second < *b.second;
            });
            for (const auto& [until, key] : by_end) {
                sink.dedup({number, keys.at(*key).seq}, *key, until);
            }
        }
    }

private:
    struct Kept {
        std::uint64_t seq = 0;
        TimePoint until{};
    };
    std::map<QueueNumber, std::unordered_map<std::string, Kept>> keys_;
};

class HandOut {
public:
    HandOut(const Segments& segments, const LiveIndex& index, RecoverySink& sink)
        : segments_(segments),
          index_(index),
          sink_(sink),
          posts_(segments),
          deliveries_(segments) {}

    Result<void> give_queues() {
        for (const auto& [owner, quota] : index_.quotas()) {
            sink_.quota(TenantId(owner), quota.limit);
        }
        for (const auto& [number, queue] : index_.queues()) {
            if (!queue.put) {
                return fail(Errc::storage_corrupt,
                    fmt::format("the journal has no description of queue number {}",
                        static_cast<std::uint32_t>(number)));
            }
            BATON_TRY(const auto record, posts_.read(queue.put));
            BATON_TRY(auto stored, queue_of(record.payload));
            sink_.queue(std::move(stored.put), queue.next_seq);
            for (const auto& [key, place] : queue.paused_keys) {
                sink_.paused_key(number, key.first, key.second);
            }
        }
        return {};
    }

    /// Queues whose messages stand in order: one walk through the log.
    Result<void> give_in_order() {
        const auto visit = [&](const Segment& segment,
                               const BatchReader::Batch& batch) -> Result<void> {
            for (const auto& record : batch.records) {
                if (record.type != RecordType::message_posted) continue;
                BATON_TRY(const auto mark, mark_of(record.type, record.payload));
                const auto* queue = index_.find(mark.at.queue);
                if (queue == nullptr || !queue->is_in_order) continue;
                const Place place(segment.header.number, record.offset, record.size());
                if (queue->messages.post(mark.at.seq) != place) continue;
                BATON_TRY_VOID(give(record.payload, queue->messages.delivery(mark.at.seq).place));
            }
            return {};
        };
        BATON_TRY_VOID(replay(segments_, visit));
        return {};
    }

    /// The others: each queue by seq, wherever its messages stand.
    Result<void> give_others() {
        for (const auto& [number, queue] : index_.queues()) {
            if (queue.is_in_order) continue;
            Result<void> result;
            queue.messages.for_each(
                [&](std::uint64_t, Place post, const PlaceTable::Delivered& delivered) {
                    if (result) result = give_from(post, delivered.place);
                });
            BATON_TRY_VOID(std::move(result));
        }
        return {};
    }

    void give_replies() {
        for (const auto& [number, queue] : index_.queues()) {
            std::vector<std::pair<TimePoint, std::uint64_t>> by_end;
            for (const auto& [seq, kept] : queue.replies) by_end.emplace_back(kept.until, seq);
            std::ranges::sort(by_end);
            for (const auto& [until, seq] : by_end) {
                sink_.reply({{number, seq}, queue.replies.at(seq).bytes, until});
            }
        }
    }

    void give_streams() {
        for (const auto& [number, queue] : index_.queues()) {
            std::vector<std::pair<TimePoint, std::uint64_t>> by_end;
            for (const auto& [seq, output] : queue.outputs) by_end.emplace_back(output.until, seq);
            std::ranges::sort(by_end);
            for (const auto& [until, seq] : by_end) {
                const auto& output = queue.outputs.at(seq);
                sink_.output({.at = {number, seq},
                    .events = output.events(),
                    .bytes = output.bytes(),
                    .expires_at = until});
            }
            for (const auto& [name, cursor] : queue.cursors) {
                sink_.cursor(number, name, cursor.committed);
            }
        }
    }

private:
    Result<void> give_from(Place post, Place delivery) {
        BATON_TRY(const auto record, posts_.read(post));
        return give(record.payload, delivery);
    }
    Result<void> give(std::string_view post, Place delivery) {
        BATON_TRY(auto message, recovered_of(post));
        if (delivery) {
            BATON_TRY(const auto record, deliveries_.read(delivery));
            BATON_TRY(message.delivery, delivery_of(record.payload));
        }
        sink_.message(std::move(message));
        return {};
    }

    const Segments& segments_;
    const LiveIndex& index_;
    RecoverySink& sink_;
    RecordWindow posts_;
    RecordWindow deliveries_;
};

}  // namespace

Result<void> recover_index(const Segments& segments, LiveIndex& index, RecoverySink& sink) {
    DedupKeys dedup_keys;
    const auto visit = [&](const Segment& segment,
                           const BatchReader::Batch& batch) -> Result<void> {
        for (const auto& record : batch.records) {
            const auto mark = mark_of(record.type, record.payload);
            if (!mark) {
                auto error = mark.error();
                error.detail = fmt::format(
                    "journal file {}, byte {}: {}", segment.name, record.offset, error.detail);
                return fail(std::move(error));
            }
            index.apply(*mark, {segment.header.number, record.offset, record.size()});
            BATON_TRY_VOID(dedup_keys.note(record, *mark));
        }
        index.set_used(segment.header.number, batch.offset + batch_head_size + batch.head.size);
        return {};
    };
    BATON_TRY_VOID(replay(segments, visit));
    index.finish_replay();
    HandOut out(segments, index, sink);
    BATON_TRY_VOID(out.give_queues());
    BATON_TRY_VOID(out.give_in_order());
    BATON_TRY_VOID(out.give_others());
    dedup_keys.give(index, sink);
    out.give_replies();
    out.give_streams();
    return {};
}

}  // namespace baton::queue::journal
