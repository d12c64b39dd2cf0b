#include "queue/store/sqlite/record_writer.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "model/codec.h"
#include "model/json_text.h"
#include "queue/engine/growth.h"
#include "queue/store/sqlite/row_codec.h"

namespace baton::queue {
namespace {

using db::Blob;
using db::Statement;
using db::Value;

constexpr Statement put_queue{R"sql(
    INSERT INTO queues (number, uid, name, config, created_at, paused, owner, next_seq)
    VALUES (?, ?, ?, ?, ?, ?, ?, 1)
    ON CONFLICT (number) DO UPDATE
        SET name = excluded.name, config = excluded.config, paused = excluded.paused,
            owner = excluded.owner)sql"};
constexpr Statement set_next_seq{"UPDATE queues SET next_seq = ? WHERE number = ?"};
constexpr Statement drop_queue{"DELETE FROM queues WHERE number = ?"};
constexpr Statement drop_messages{"DELETE FROM messages WHERE id BETWEEN ? AND ?"};
constexpr Statement drop_delivery{"DELETE FROM delivery WHERE id BETWEEN ? AND ?"};
constexpr Statement drop_dedup{"DELETE FROM dedup WHERE queue = ?"};
constexpr Statement drop_replies{"DELETE FROM replies WHERE queue = ?"};
constexpr Statement drop_paused_keys{"DELETE FROM paused_keys WHERE queue = ?"};
constexpr Statement add_paused_key{
    "INSERT OR REPLACE INTO paused_keys (queue, kind, key) VALUES (?, ?, ?)"};
constexpr Statement remove_paused_key{
    "DELETE FROM paused_keys WHERE queue = ? AND kind = ? AND key = ?"};
constexpr Statement put_quota{"INSERT OR REPLACE INTO quotas (owner, limit_bytes) VALUES (?, ?)"};
constexpr Statement remove_quota{"DELETE FROM quotas WHERE owner = ?"};
constexpr Statement add_message{R"sql(
    INSERT INTO messages (id, posted_at, due_at, expires_at, level, size, ordering_key, fairness_key,
        dedup_key, headers, metadata, content)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))sql"};
constexpr Statement put_dedup{
    "INSERT OR REPLACE INTO dedup (queue, key, seq, expires_at) VALUES (?, ?, ?, ?)"};
constexpr Statement put_delivery{R"sql(
    INSERT OR REPLACE INTO delivery (id, state, due_at, attempts, failures, history, dead_reason,
        entered_at, level, flags)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?))sql"};
constexpr Statement remove_message{"DELETE FROM messages WHERE id = ?"};
constexpr Statement remove_delivery{"DELETE FROM delivery WHERE id = ?"};
constexpr Statement purge_messages{R"sql(
    DELETE FROM messages WHERE id BETWEEN ? AND ?
        AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.id = messages.id AND d.state IN (2, 4)))sql"};
constexpr Statement purge_delivery{
    "DELETE FROM delivery WHERE id BETWEEN ? AND ? AND state NOT IN (2, 4)"};
constexpr Statement put_reply{R"sql(
    INSERT OR REPLACE INTO replies (id, queue, at, expires_at, metadata, result)
    VALUES (?, ?, ?, ?, ?, ?))sql"};
constexpr Statement pass_dedup{"DELETE FROM dedup WHERE queue = ? AND expires_at <= ?"};
constexpr Statement pass_replies{"DELETE FROM replies WHERE queue = ? AND expires_at <= ?"};
constexpr Statement drop_outputs{"DELETE FROM outputs WHERE id BETWEEN ? AND ?"};
constexpr Statement drop_output_events{"DELETE FROM output_events WHERE id BETWEEN ? AND ?"};
constexpr Statement drop_cursors{"DELETE FROM cursors WHERE queue = ?"};
constexpr Statement put_output{R"sql(
    INSERT INTO outputs (id, queue, events, bytes, expires_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET events = excluded.events, bytes = bytes + excluded.bytes,
        expires_at = excluded.expires_at)sql"};
constexpr Statement add_output_event{
    "INSERT INTO output_events (id, offset, attempt, at, data) VALUES (?, ?, ?, ?, ?)"};
constexpr Statement pass_output_events{R"sql(
    DELETE FROM output_events WHERE id IN (SELECT o.id FROM outputs o WHERE o.queue = ?
        AND o.expires_at <= ? AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = o.id)))sql"};
constexpr Statement pass_outputs{R"sql(
    DELETE FROM outputs WHERE queue = ? AND expires_at <= ?
        AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = outputs.id))sql"};
constexpr Statement put_cursor{
    "INSERT OR REPLACE INTO cursors (queue, subscription, committed) VALUES (?, ?, ?)"};
constexpr Statement drop_cursor{"DELETE FROM cursors WHERE queue = ? AND subscription = ?"};

Value text_or_null(const std::string& text) {
    if (text.empty()) return std::monostate{};
    return std::string_view(text);
}
Value number_of(QueueNumber queue) { return static_cast<std::int64_t>(queue); }

/// Writes records inside one transaction.
class Writer {
public:
    explicit Writer(db::Connection& connection) : connection_(connection) {}

    Result<void> write(const Record& record) {
        return std::visit([this](const auto& change) { return apply(change); }, record);
    }
    /// The seqs given out, once for each queue that was posted to.
    Result<void> write_next_seqs() {
        for (const auto& [queue, next] : next_seqs_) {
            BATON_TRY_VOID(run(set_next_seq, std::array<Value, 2>{next, number_of(queue)}));
        }
        return {};
    }

private:
    template <std::size_t N>
    Result<void> run(const Statement& statement, const std::array<Value, N>& values) {
        const auto changed = connection_.execute(statement, values);
        if (!changed) return fail(changed.error());
        return {};
    }

    Result<void> apply(const QueuePut& put) {
        const std::string config = json_text(to_json(put.info.config));
        return run(put_queue,
            std::array<Value, 7>{number_of(put.number), static_cast<std::int64_t>(put.uid),
                put.info.name.view(), std::string_view(config), to_unix_ms(put.info.created_at),
                std::int64_t{put.info.paused}, put.info.owner.view()});
    }
    Result<void> apply(const QueueDropped& dropped) {
        next_seqs_.erase(dropped.number);
        const std::array<Value, 2> range{
            row_id({dropped.number, 0}), row_id({dropped.number, seq_max})};
        const std::array<Value, 1> number{number_of(dropped.number)};
        BATON_TRY_VOID(run(drop_messages, range));
        BATON_TRY_VOID(run(drop_delivery, range));
        BATON_TRY_VOID(run(drop_dedup, number));
        BATON_TRY_VOID(run(drop_replies, number));
        BATON_TRY_VOID(run(drop_output_events, range));
        BATON_TRY_VOID(run(drop_outputs, range));
        BATON_TRY_VOID(run(drop_cursors, number));
        BATON_TRY_VOID(run(drop_paused_keys, number));
        return run(drop_queue, number);
    }
    Result<void> apply(const MessagePosted& posted) {
        const MessageData& data = *posted.data;
        const std::string headers = headers_to_text(data.headers);
        const Value expires =
            posted.expires_at ? Value(to_unix_ms(*posted.expires_at)) : Value(std::monostate{});
        BATON_TRY_VOID(run(add_message,
            std::array<Value, 12>{row_id(posted.at), to_unix_ms(posted.posted_at),
                to_unix_ms(posted.due_at), expires, static_cast<std::int64_t>(data.priority),
                static_cast<std::int64_t>(data.content.size()), text_or_null(data.ordering_key),
                text_or_null(data.fairness_key), text_or_null(data.dedup_key),
                text_or_null(headers), text_or_null(data.metadata), Blob{data.content.view()}}));
        next_seqs_[posted.at.queue] = static_cast<std::int64_t>(posted.at.seq) + 1;
        if (posted.dedup_until == TimePoint{}) return {};
        return run(put_dedup,
            std::array<Value, 4>{number_of(posted.at.queue), std::string_view(data.dedup_key),
                static_cast<std::int64_t>(posted.at.seq), to_unix_ms(posted.dedup_until)});
    }
    Result<void> apply(const DeliveryChanged& change) {
        const Delivery& delivery = change.delivery;
        const std::string history = history_to_text(delivery.history);
        const Value level = delivery.level ? Value(static_cast<std::int64_t>(*delivery.level))
                                           : Value(std::monostate{});
        return run(put_delivery,
            std::array<Value, 10>{row_id(change.at), static_cast<std::int64_t>(delivery.state),
                to_unix_ms(delivery.due_at), std::int64_t{delivery.attempts},
                std::int64_t{delivery.failures}, text_or_null(history),
                text_or_null(delivery.dead_reason), to_unix_ms(delivery.entered_at), level,
                flags_of(delivery)});
    }
    Result<void> apply(const MessageGone& gone) {
        const std::array<Value, 1> id{row_id(gone.at)};
        BATON_TRY_VOID(run(remove_message, id));
        return run(remove_delivery, id);
    }
    Result<void> apply(const QueuePurged& purged) {
        const std::array<Value, 2> range{row_id({purged.up_to.queue, 0}), row_id(purged.up_to)};
        BATON_TRY_VOID(run(purge_messages, range));
        return run(purge_delivery, range);
    }
    Result<void> apply(const ReplyStored& stored) {
        const Reply& reply = *stored.reply;
        return run(put_reply, std::array<Value, 6>{row_id(stored.at), number_of(stored.at.queue),
                                  to_unix_ms(reply.at), to_unix_ms(stored.expires_at),
                                  text_or_null(reply.metadata), Blob{reply.result.view()}});
    }
    Result<void> apply(const KeyPaused& change) {
        return run(change.paused ? add_paused_key : remove_paused_key,
            std::array<Value, 3>{number_of(change.queue), static_cast<std::int64_t>(change.kind),
                std::string_view(change.key)});
    }
    Result<void> apply(const QuotaSet& quota) {
        if (quota.limit == 0) {
            return run(remove_quota, std::array<Value, 1>{quota.owner.view()});
        }
        return run(put_quota,
            std::array<Value, 2>{quota.owner.view(), static_cast<std::int64_t>(quota.limit)});
    }
    Result<void> apply(const RetentionPassed& passed) {
        const std::array<Value, 2> values{number_of(passed.queue), to_unix_ms(passed.until)};
        BATON_TRY_VOID(run(pass_dedup, values));
        BATON_TRY_VOID(run(pass_replies, values));
        BATON_TRY_VOID(run(pass_output_events, values));
        return run(pass_outputs, values);
    }
    Result<void> apply(const OutputAppended& appended) {
        std::int64_t offset = static_cast<std::int64_t>(appended.first);
        std::int64_t bytes = 0;
        for (const auto& data : appended.events) {
            BATON_TRY_VOID(run(add_output_event,
                std::array<Value, 5>{row_id(appended.at), offset++, std::int64_t{appended.attempt},
                    to_unix_ms(appended.appended_at), Blob{data.view()}}));
            bytes += static_cast<std::int64_t>(data.size());
        }
        return run(
            put_output, std::array<Value, 5>{row_id(appended.at), number_of(appended.at.queue),
                            offset, bytes, to_unix_ms(appended.expires_at)});
    }
    Result<void> apply(const CursorMoved& moved) {
        return run(put_cursor,
            std::array<Value, 3>{number_of(moved.queue), std::string_view(moved.subscription),
                static_cast<std::int64_t>(moved.committed)});
    }
    Result<void> apply(const CursorDropped& dropped) {
        return run(drop_cursor,
            std::array<Value, 2>{number_of(dropped.queue), std::string_view(dropped.subscription)});
    }
    Result<void> apply(const LogTruncated& truncated) {
        return run(drop_messages,
            std::array<Value, 2>{row_id({truncated.up_to.queue, 0}), row_id(truncated.up_to)});
    }

    db::Connection& connection_;
    std::map<QueueNumber, std::int64_t> next_seqs_;
};

}  // namespace

Result<std::uint64_t> write_records(db::Connection& connection, std::span<const Record> records) {
    Writer writer(connection);
    std::uint64_t growth = 0;
    for (const auto& record : records) {
        BATON_TRY_VOID(writer.write(record));
        growth += growth_of(record);
    }
    BATON_TRY_VOID(writer.write_next_seqs());
    return growth;
}

}  // namespace baton::queue
