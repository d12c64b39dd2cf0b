#include "queue/store/journal/stream_codec.h"

#include <string>
#include <utility>

#include "base/byte_codec.h"

namespace baton::queue::journal {
namespace {

constexpr std::size_t locator_size = 12;

std::uint32_t raw(QueueNumber number) { return static_cast<std::uint32_t>(number); }
std::size_t size_of(std::string_view text) { return 4 + text.size(); }

ByteWriter& put(ByteWriter& writer, Locator at) { return writer.u32(raw(at.queue)).u64(at.seq); }
Locator locator(ByteReader& reader) {
    const auto queue = reader.u32();
    return {QueueNumber{queue}, reader.u64()};
}

/// The fields of an output_appended record before its events.
struct OutputHead {
    explicit OutputHead(ByteReader& reader)
        : at(locator(reader)),
          expires_at(from_unix_ms(reader.i64())),
          appended_at(from_unix_ms(reader.i64())),
          first(reader.u64()),
          attempt(reader.u32()),
          events(reader.u32()) {}

    Locator at;
    TimePoint expires_at;
    TimePoint appended_at;
    std::uint64_t first;
    std::uint32_t attempt;
    std::uint32_t events;
};

bool read_output_mark(ByteReader& reader, Mark& mark) {
    const OutputHead head(reader);
    mark.at = head.at;
    mark.until = head.expires_at;
    mark.seen_at = head.appended_at;
    mark.first = head.first;
    mark.events = head.events;
    for (std::uint32_t i = 0; i < head.events && reader.ok(); ++i) {
        mark.bytes += reader.text().size();
    }
    return reader.ended() && head.events > 0 && head.at.seq > 0 &&
           head.first + head.events <= MessageLimits::output_events_max;
}

}  // namespace

void encode(const OutputAppended& record, Buffer& buffer) {
    std::size_t size = locator_size + 8 + 8 + 8 + 4 + 4;
    for (const auto& data : record.events) size += size_of(data.view());
    ByteWriter writer(begin_record(RecordType::output_appended, size, buffer));
    put(writer, record.at)
        .i64(to_unix_ms(record.expires_at))
        .i64(to_unix_ms(record.appended_at))
        .u64(record.first)
        .u32(record.attempt)
        .size(record.events.size());
    for (const auto& data : record.events) writer.text(data.view());
}

void encode_moved_output(std::string_view payload, TimePoint until, Buffer& buffer) {
    char* const at = begin_record(RecordType::output_appended, payload.size(), buffer);
    ByteWriter(at).bytes(payload);
    ByteWriter(at + locator_size).i64(to_unix_ms(until));
}

void encode(const CursorMoved& record, Buffer& buffer) {
    const std::size_t size = 4 + 8 + size_of(record.subscription);
    ByteWriter(begin_record(RecordType::cursor_moved, size, buffer))
        .u32(raw(record.queue))
        .u64(record.committed)
        .text(record.subscription);
}

void encode(const CursorDropped& record, Buffer& buffer) {
    const std::size_t size = 4 + size_of(record.subscription);
    ByteWriter(begin_record(RecordType::cursor_dropped, size, buffer))
        .u32(raw(record.queue))
        .text(record.subscription);
}

void encode(const LogTruncated& record, Buffer& buffer) {
    ByteWriter writer(begin_record(RecordType::log_truncated, locator_size, buffer));
    put(writer, record.up_to);
}

void encode(const KeyPaused& record, Buffer& buffer) {
    const std::size_t size = 4 + 1 + 1 + size_of(record.key);
    ByteWriter(begin_record(RecordType::key_paused, size, buffer))
        .u32(raw(record.queue))
        .u8(static_cast<std::uint8_t>(record.kind))
        .u8(record.paused ? 1 : 0)
        .text(record.key);
}

void encode(const QuotaSet& record, Buffer& buffer) {
    const std::size_t size = 8 + size_of(record.owner.view());
    ByteWriter(begin_record(RecordType::quota_set, size, buffer))
        .u64(record.limit)
        .text(record.owner.view());
}

bool read_mark(std::string_view payload, Mark& mark) {
    ByteReader reader(payload);
    switch (mark.type) {
        case RecordType::output_appended: return read_output_mark(reader, mark);
        case RecordType::cursor_moved:
            mark.at.queue = QueueNumber{reader.u32()};
            mark.committed = reader.u64();
            mark.subscription = reader.text();
            return reader.ended() && mark.committed <= seq_max;
        case RecordType::cursor_dropped:
            mark.at.queue = QueueNumber{reader.u32()};
            mark.subscription = reader.text();
            return reader.ended();
        case RecordType::log_truncated: mark.at = locator(reader); return reader.ended();
        case RecordType::key_paused: {
            mark.at.queue = QueueNumber{reader.u32()};
            const auto kind = reader.u8();
            mark.kind = static_cast<KeyKind>(kind);
            mark.paused = reader.u8() != 0;
            mark.name = reader.text();
            return reader.ended() && kind <= static_cast<std::uint8_t>(KeyKind::fairness);
        }
        case RecordType::quota_set:
            mark.limit = reader.u64();
            mark.name = reader.text();
            return reader.ended();
        default: return false;
    }
}

Result<std::vector<OutputEvent>> events_of(std::string_view payload) {
    ByteReader reader(payload);
    const OutputHead head(reader);
    std::vector<OutputEvent> events;
    for (std::uint32_t i = 0; i < head.events && reader.ok(); ++i) {
        events.push_back({.offset = head.first + i,
            .attempt = head.attempt,
            .at = head.appended_at,
            .data = Bytes::copy_of(reader.text())});
    }
    if (!reader.ended()) return fail(Errc::storage_corrupt, "an output record can't be read");
    return events;
}

}  // namespace baton::queue::journal
