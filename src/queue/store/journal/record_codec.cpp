#include "queue/store/journal/record_codec.h"

#include <limits>
#include <variant>

#include <fmt/core.h>

#include "model/codec.h"
#include "model/json_text.h"
#include "queue/store/journal/stream_codec.h"

namespace baton::queue::journal {
namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t locator_size = 12;
constexpr std::size_t text_size = 4;                // before the bytes of a text
constexpr std::size_t dedup_until_at = 12 + 3 * 8;  // in message_posted

std::unexpected<Error> malformed(std::string_view what) {
    return fail(Errc::storage_corrupt, fmt::format("a {} record can't be read", what));
}

std::size_t size_of(std::string_view text) { return text_size + text.size(); }
std::uint32_t raw(QueueNumber number) { return static_cast<std::uint32_t>(number); }

ByteWriter& put(ByteWriter& writer, Locator at) { return writer.u32(raw(at.queue)).u64(at.seq); }

Locator locator(ByteReader& reader) {
    const auto queue = reader.u32();
    return {QueueNumber{queue}, reader.u64()};
}
bool is_queue(QueueNumber queue) { return raw(queue) >= 1 && raw(queue) <= queue_number_max; }
// Of a delivery_changed record.
constexpr std::uint8_t as_posted = 255;
constexpr std::uint8_t flag_anew = 1;
constexpr std::uint8_t flag_redriven = 2;

bool is_message(Locator at) { return is_queue(at.queue) && at.seq <= seq_max; }
TimePoint time(ByteReader& reader) { return from_unix_ms(reader.i64()); }

void encode_queue(
    const QueuePut& record, std::string_view config, std::uint64_t next_seq, Buffer& buffer) {
    const auto name = record.info.name.view();
    const std::string_view owner = record.info.owner.view();
    const std::size_t size = 4 + 3 * 8 + 1 + size_of(name) + size_of(config) + size_of(owner);
    ByteWriter(begin_record(RecordType::queue_put, size, buffer))
        .u32(raw(record.number))
        .u64(record.uid)
        .u64(next_seq)
        .i64(to_unix_ms(record.info.created_at))
        .u8(record.info.paused ? 1 : 0)
        .text(name)
        .text(config)
        .text(owner);
}

struct Encoder {
    std::uint64_t next_seq;
    Buffer& buffer;

    void operator()(const QueuePut& record) const {
        const std::string config = json_text(to_json(record.info.config));
        encode_queue(record, config, next_seq, buffer);
    }
    void operator()(const QueueDropped& record) const {
        ByteWriter(begin_record(RecordType::queue_dropped, 4, buffer)).u32(raw(record.number));
    }
    void operator()(const MessagePosted& record) const {
        const MessageData& data = *record.data;
        std::size_t size = locator_size + 4 * 8 + 1 + size_of(data.ordering_key) +
                           size_of(data.fairness_key) + size_of(data.dedup_key) +
                           size_of(data.metadata) + 4 + size_of(data.content.view());
        for (const auto& header : data.headers)
            size += size_of(header.name) + size_of(header.value);
        ByteWriter writer(begin_record(RecordType::message_posted, size, buffer));
        put(writer, record.at)
            .i64(to_unix_ms(record.posted_at))
            .i64(to_unix_ms(record.due_at))
            .i64(record.expires_at ? to_unix_ms(*record.expires_at) : never)
            .i64(to_unix_ms(record.dedup_until))
            .u8(static_cast<std::uint8_t>(data.priority))
            .text(data.ordering_key)
            .text(data.fairness_key)
            .text(data.dedup_key)
            .text(data.metadata)
            .size(data.headers.size());
        for (const auto& header : data.headers) writer.text(header.name).text(header.value);
        writer.text(data.content.view());
    }
    void operator()(const DeliveryChanged& record) const {
        const Delivery& delivery = record.delivery;
        std::size_t size =
            locator_size + 1 + 8 + 4 + 4 + 8 + 1 + 1 + size_of(delivery.dead_reason) + 4;
        for (const auto& note : delivery.history) size += 8 + 4 + size_of(note.reason);
        ByteWriter writer(begin_record(RecordType::delivery_changed, size, buffer));
        put(writer, record.at)
            .u8(static_cast<std::uint8_t>(delivery.state))
            .i64(to_unix_ms(delivery.due_at))
            .u32(delivery.attempts)
            .u32(delivery.failures)
            .i64(to_unix_ms(delivery.entered_at))
            .u8(delivery.level ? static_cast<std::uint8_t>(*delivery.level) : as_posted)
            .u8(static_cast<std::uint8_t>(
                (delivery.anew ? flag_anew : 0) | (delivery.redriven ? flag_redriven : 0)))
            .text(delivery.dead_reason)
            .size(delivery.history.size());
        for (const auto& note : delivery.history) {
            writer.i64(to_unix_ms(note.at)).u32(note.attempt).text(note.reason);
        }
    }
    void operator()(const MessageGone& record) const {
        ByteWriter writer(begin_record(RecordType::message_gone, locator_size, buffer));
        put(writer, record.at);
    }
    void operator()(const QueuePurged& record) const {
        ByteWriter writer(begin_record(RecordType::queue_purged, locator_size, buffer));
        put(writer, record.up_to);
    }
    void operator()(const ReplyStored& record) const {
        const Reply& reply = *record.reply;
        const std::size_t size =
            locator_size + 3 * 8 + size_of(reply.metadata) + size_of(reply.result.view());
        ByteWriter writer(begin_record(RecordType::reply_stored, size, buffer));
        put(writer, record.at)
            .i64(to_unix_ms(record.expires_at))
            .i64(to_unix_ms(reply.at))
            .u64(reply.message.queue_uid)
            .text(reply.metadata)
            .text(reply.result.view());
    }
    void operator()(const RetentionPassed& record) const {
        ByteWriter(begin_record(RecordType::retention_passed, 4 + 8, buffer))
            .u32(raw(record.queue))
            .i64(to_unix_ms(record.until));
    }
    void operator()(const OutputAppended& record) const { encode(record, buffer); }
    void operator()(const CursorMoved& record) const { encode(record, buffer); }
    void operator()(const CursorDropped& record) const { encode(record, buffer); }
    void operator()(const LogTruncated& record) const { encode(record, buffer); }
    void operator()(const KeyPaused& record) const { encode(record, buffer); }
    void operator()(const QuotaSet& record) const { encode(record, buffer); }
};

bool is_state_of_delivery(MessageState state) {
    return state == MessageState::ready || state == MessageState::leased ||
           state == MessageState::dead;
}

/// The fields of a message_posted record, in the order of its bytes.
struct Post {
    explicit Post(std::string_view payload) : reader(payload) {}
    [[nodiscard]] bool ok() const {
        return reader.ok() && is_message(at) && at.seq > 0 && priority < level_count;
    }

    ByteReader reader;  ///< the members below are read from it in this order
    Locator at = locator(reader);
    TimePoint posted_at = time(reader);
    TimePoint due_at = time(reader);
    TimePoint expires_at = time(reader);
    TimePoint dedup_until = time(reader);
    std::uint8_t priority = reader.u8();
    std::string_view ordering_key = reader.text();
    std::string_view fairness_key = reader.text();
    std::string_view dedup_key = reader.text();
};

void read_headers(ByteReader& reader, std::vector<Header>& headers) {
    const auto count = reader.u32();
    for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
        const auto name = reader.text();
        const auto value = reader.text();
        headers.push_back({std::string(name), std::string(value)});
    }
}

/// Of a reply, whose end was read last.
std::uint64_t result_size(ByteReader& reader) {
    time(reader);
    reader.u64();
    reader.text();
    return reader.text().size();
}

std::uint32_t dedup_size(std::string_view key) {
    return static_cast<std::uint32_t>(RecordView::size_for(locator_size + 8 + size_of(key)));
}

}  // namespace

void encode_record(const Record& record, std::uint64_t next_seq, Buffer& buffer) {
    std::visit(Encoder{next_seq, buffer}, record);
}

Result<Mark> mark_of(RecordType type, std::string_view payload) {
    ByteReader reader(payload);
    Mark mark{.type = type};
    bool good = true;
    switch (type) {
        case RecordType::queue_put:
            mark.at.queue = QueueNumber{reader.u32()};
            reader.u64();
            mark.next_seq = reader.u64();
            good = mark.next_seq >= 1 && mark.next_seq <= seq_max + 1;
            break;
        case RecordType::queue_dropped: mark.at.queue = QueueNumber{reader.u32()}; break;
        case RecordType::message_posted: {
            const Post post(payload);
            mark.at = post.at;
            mark.until = post.dedup_until;
            mark.seen_at = post.posted_at;
            if (post.dedup_until != TimePoint{}) mark.dedup_size = dedup_size(post.dedup_key);
            good = post.ok();
            break;
        }
        case RecordType::dedup_kept:
            mark.at = locator(reader);
            mark.until = time(reader);
            mark.dedup_size = dedup_size(reader.text());
            break;
        case RecordType::delivery_changed:
            mark.at = locator(reader);
            mark.state = static_cast<MessageState>(reader.u8());
            good = is_state_of_delivery(mark.state);
            break;
        case RecordType::message_gone:
        case RecordType::queue_purged: mark.at = locator(reader); break;
        case RecordType::reply_stored:
            mark.at = locator(reader);
            mark.until = time(reader);
            mark.bytes = result_size(reader);
            break;
        case RecordType::retention_passed:
            mark.at.queue = QueueNumber{reader.u32()};
            mark.until = time(reader);
            break;
        case RecordType::output_appended:
        case RecordType::cursor_moved:
        case RecordType::cursor_dropped:
        case RecordType::log_truncated:
        case RecordType::key_paused: good = read_mark(payload, mark); break;
        case RecordType::quota_set:  // of no queue
            if (!read_mark(payload, mark)) return malformed("journal");
            return mark;
        default:
            return fail(
                Errc::conflict, fmt::format("a record has type {}, which a newer version may know",
                                    static_cast<unsigned>(type)));
    }
    if (!good || !reader.ok() || !is_message(mark.at)) return malformed("journal");
    return mark;
}

Result<StoredQueue> queue_of(std::string_view payload) {
    ByteReader reader(payload);
    StoredQueue queue;
    queue.put.number = QueueNumber{reader.u32()};
    queue.put.uid = reader.u64();
    queue.next_seq = reader.u64();
    queue.put.info.created_at = time(reader);
    queue.put.info.paused = reader.u8() != 0;
    queue.put.info.name = QueueName(std::string(reader.text()));
    const auto config = reader.text();
    queue.put.info.owner = TenantId(std::string(reader.text()));
    if (!reader.ended()) return malformed("queue");
    const auto corrupt = [&](const Error& cause) {
        return fail(Errc::storage_corrupt,
            fmt::format("configuration of queue `{}`: {}", queue.put.info.name.text, cause.detail));
    };
    const auto value = parse_json(config);
    if (!value) return corrupt(value.error());
    auto parsed = queue_config_from_json(*value);
    if (!parsed) return corrupt(parsed.error());
    queue.put.info.config = *std::move(parsed);
    return queue;
}

Result<RecoveredMessage> recovered_of(std::string_view payload) {
    Post post(payload);
    const auto metadata = post.reader.text();
    std::vector<Header> headers;
    read_headers(post.reader, headers);
    const auto content = post.reader.text();
    if (!post.ok() || !post.reader.ended()) return malformed("message");
    RecoveredMessage message{.at = post.at,
        .posted_at = post.posted_at,
        .due_at = post.due_at,
        .priority = static_cast<Level>(post.priority),
        .size_bytes = content.size(),
        .extra_bytes = extra_bytes_of(metadata, headers),
        .ordering_key = std::string(post.ordering_key),
        .fairness_key = std::string(post.fairness_key),
        .cost = cost_of(headers)};
    if (post.expires_at != from_unix_ms(never)) message.expires_at = post.expires_at;
    return message;
}

Result<std::shared_ptr<const MessageData>> message_of(std::string_view payload) {
    Post post(payload);
    auto data = std::make_shared<MessageData>();
    data->metadata = post.reader.text();
    read_headers(post.reader, data->headers);
    data->content = Bytes::copy_of(post.reader.text());
    if (!post.ok() || !post.reader.ended()) return malformed("message");
    data->priority = static_cast<Level>(post.priority);
    data->ordering_key = post.ordering_key;
    data->fairness_key = post.fairness_key;
    data->dedup_key = post.dedup_key;
    return data;
}

Result<Delivery> delivery_of(std::string_view payload) {
    ByteReader reader(payload);
    locator(reader);
    Delivery delivery;
    delivery.state = static_cast<MessageState>(reader.u8());
    delivery.due_at = time(reader);
    delivery.attempts = reader.u32();
    delivery.failures = reader.u32();
    delivery.entered_at = time(reader);
    const auto level = reader.u8();
    if (level != as_posted) delivery.level = static_cast<Level>(level);
    const auto flags = reader.u8();
    delivery.anew = (flags & flag_anew) != 0;
    delivery.redriven = (flags & flag_redriven) != 0;
    delivery.dead_reason = reader.text();
    const auto count = reader.u32();
    for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
        auto& note = delivery.history.emplace_back();
        note.at = time(reader);
        note.attempt = reader.u32();
        note.reason = reader.text();
    }
    const bool has_level = level == as_posted || level < level_count;
    if (!reader.ended() || !has_level || !is_state_of_delivery(delivery.state)) {
        return malformed("delivery");
    }
    return delivery;
}

Result<std::shared_ptr<const Reply>> reply_of(std::string_view payload) {
    ByteReader reader(payload);
    auto reply = std::make_shared<Reply>();
    const auto at = locator(reader);
    time(reader);
    reply->at = time(reader);
    reply->message = {.queue_uid = reader.u64(), .seq = at.seq};
    reply->metadata = reader.text();
    reply->result = Bytes::copy_of(reader.text());
    if (!reader.ended()) return malformed("reply");
    return reply;
}

Result<StoredDedup> dedup_of(RecordType type, std::string_view payload) {
    if (type == RecordType::message_posted) {
        const Post post(payload);
        if (!post.ok()) return malformed("message");
        return StoredDedup{post.at, post.dedup_key, post.dedup_until};
    }
    ByteReader reader(payload);
    const auto first = locator(reader);
    const auto until = time(reader);
    const StoredDedup dedup{first, reader.text(), until};
    if (!reader.ended()) return malformed("dedup");
    return dedup;
}

void encode_moved_post(std::string_view payload, TimePoint horizon, Buffer& buffer) {
    char* const at = begin_record(RecordType::message_posted, payload.size(), buffer);
    ByteWriter(at).bytes(payload);
    const auto until = load<std::uint64_t>(at + dedup_until_at);
    if (static_cast<std::int64_t>(until) <= to_unix_ms(horizon)) {
        store(at + dedup_until_at, std::uint64_t{0});
    }
}

void encode_dedup(const StoredDedup& dedup, Buffer& buffer) {
    const std::size_t size = locator_size + 8 + size_of(dedup.key);
    ByteWriter writer(begin_record(RecordType::dedup_kept, size, buffer));
    put(writer, dedup.first).i64(to_unix_ms(dedup.until)).text(dedup.key);
}

Result<void> encode_moved_queue(std::string_view payload, std::uint64_t next_seq, Buffer& buffer) {
    char* const at = begin_record(RecordType::queue_put, payload.size(), buffer);
    ByteWriter(at).bytes(payload);
    if (payload.size() < 20) return malformed("queue");
    store(at + 12, next_seq);
    return {};
}

void encode_copy(RecordType type, std::string_view payload, Buffer& buffer) {
    ByteWriter(begin_record(type, payload.size(), buffer)).bytes(payload);
}

}  // namespace baton::queue::journal
