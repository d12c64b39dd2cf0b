#include "queue/store/journal/compactor.h"

#include "queue/store/journal/record_codec.h"
#include "queue/store/journal/stream_codec.h"

namespace baton::queue::journal {

Compactor::Compactor(const LiveIndex& index, const Segments& segments, std::uint32_t segment)
    : index_(index), segments_(segments), source_(segments.at(segment)), reader_(*source_) {}

Result<bool> Compactor::step(std::uint64_t source_bytes, Moved& moved) {
    moved.batch.clear();
    moved.batch.extend(batch_head_size);
    moved.count = 0;
    std::uint64_t seen = 0;
    while (seen < source_bytes) {
        if (batch_ == nullptr || next_record_ == batch_->records.size()) {
            BATON_TRY(batch_, reader_.next());
            next_record_ = 0;
            if (batch_ == nullptr) return true;
            seen += batch_head_size;
            continue;
        }
        const RecordView& record = batch_->records[next_record_++];
        seen += record.size();
        BATON_TRY_VOID(move(record, moved));
    }
    return false;
}

Result<void> Compactor::move(const RecordView& record, Moved& moved) {
    BATON_TRY(const auto mark, mark_of(record.type, record.payload));
    const Place place(segment(), record.offset, record.size());
    if (!index_.is_current(mark, place)) {
        if (!index_.counts_for_dedup(mark, place)) return {};
        // A message that stands elsewhere took its key along.
        if (mark.type == RecordType::message_posted &&
            index_.find(mark.at.queue)->messages.post(mark.at.seq)) {
            return {};
        }
        BATON_TRY(const auto dedup, dedup_of(record.type, record.payload));
        encode_dedup(dedup, moved.batch);
        ++moved.count;
        return {};
    }
    ++moved.count;
    if (mark.type == RecordType::queue_put) {
        return encode_moved_queue(
            record.payload, index_.find(mark.at.queue)->next_seq, moved.batch);
    }
    if (mark.type == RecordType::message_posted) {
        encode_moved_post(record.payload, index_.horizon(), moved.batch);
        return move_delivery(mark.at, moved);
    }
    if (mark.type == RecordType::output_appended) {
        const auto& output = index_.find(mark.at.queue)->outputs.at(mark.at.seq);
        encode_moved_output(record.payload, output.until, moved.batch);
        return {};
    }
    encode_copy(record.type, record.payload, moved.batch);
    return {};
}

Result<void> Compactor::move_delivery(Locator at, Moved& moved) {
    const Place place = index_.find(at.queue)->messages.delivery(at.seq).place;
    if (!place) return {};
    BATON_TRY(const auto delivery, read_record(*segments_.at(place.segment), place, scratch_));
    encode_copy(delivery.type, delivery.payload, moved.batch);
    ++moved.count;
    return {};
}

}  // namespace baton::queue::journal
