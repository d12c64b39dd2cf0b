#include "queue/store/sqlite/recovery.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "model/codec.h"
#include "queue/store/sqlite/row_codec.h"

namespace baton::queue {
namespace {

using db::Row;
using db::Statement;

constexpr Statement all_queues{
    "SELECT number, uid, name, config, created_at, paused, next_seq, owner FROM queues "
    "ORDER BY number"};
// The content is not touched: `size` stands beside it so that recovery reads no overflow page.
constexpr Statement all_messages{R"sql(
    SELECT m.id, m.posted_at, m.due_at, m.expires_at, m.level, m.size, m.ordering_key, m.fairness_key,
        d.state, d.due_at, d.attempts, d.failures, d.history, d.dead_reason,
        d.entered_at, d.level, d.flags, iif(instr(m.headers, '"baton-cost"') > 0, m.headers, NULL),
        coalesce(length(CAST(m.headers AS BLOB)), 0) + coalesce(length(CAST(m.metadata AS BLOB)), 0)
    FROM messages m LEFT JOIN delivery d ON d.id = m.id ORDER BY m.id)sql"};
constexpr Statement all_paused_keys{
    "SELECT queue, kind, key FROM paused_keys ORDER BY queue, kind, key"};
constexpr Statement all_quotas{"SELECT owner, limit_bytes FROM quotas ORDER BY owner"};
constexpr Statement all_dedup{
    "SELECT queue, key, seq, expires_at FROM dedup ORDER BY queue, expires_at"};
// The length stands in the row's head: the result itself is not read.
constexpr Statement all_replies{
    "SELECT id, length(result), expires_at FROM replies ORDER BY queue, expires_at"};
constexpr Statement all_outputs{
    "SELECT id, events, bytes, expires_at FROM outputs ORDER BY queue, expires_at"};
constexpr Statement all_cursors{
    "SELECT queue, subscription, committed FROM cursors ORDER BY queue, subscription"};

/// Runs `read_row` over all rows; its first error ends the reading.
Result<void> for_each_row(db::Connection& connection, const Statement& statement,
    const std::function<Result<void>(const Row&)>& read_row) {
    std::optional<Error> bad;
    const auto rows = connection.execute(statement, {}, [&](const Row& row) {
        const auto read = read_row(row);
        if (!read) bad = read.error();
        return read.has_value();
    });
    if (!rows) return fail(rows.error());
    if (bad) return fail(*bad);
    return {};
}

Result<void> read_queue(const Row& row, RecoverySink& sink) {
    const std::string name(row.text(2));
    const auto corrupt = [&](const Error& cause) {
        return fail(Errc::storage_corrupt,
            fmt::format("configuration of queue `{}`: {}", name, cause.detail));
    };
    const auto value = parse_json(row.text(3));
    if (!value) return corrupt(value.error());
    auto config = queue_config_from_json(*value);
    if (!config) return corrupt(config.error());
    sink.queue({.number = QueueNumber{static_cast<std::uint32_t>(row.integer(0))},
                   .uid = static_cast<std::uint64_t>(row.integer(1)),
                   .info = {.name = QueueName(name),
                       .owner = TenantId(std::string(row.text(7))),
                       .config = *std::move(config),
                       .created_at = from_unix_ms(row.integer(4)),
                       .paused = row.integer(5) != 0}},
        static_cast<std::uint64_t>(row.integer(6)));
    return {};
}

bool is_state_of_delivery(std::int64_t state) {
    return state == static_cast<std::int64_t>(MessageState::ready) ||
           state == static_cast<std::int64_t>(MessageState::leased) ||
           state == static_cast<std::int64_t>(MessageState::dead);
}

Result<Level> level_of(const Row& row, int column) {
    const std::int64_t level = row.integer(column);
    if (level < 0 || level >= static_cast<std::int64_t>(level_count)) {
        return fail(
            Errc::storage_corrupt, fmt::format("message {} has level {}", row.integer(0), level));
    }
    return static_cast<Level>(level);
}

Result<void> read_message(const Row& row, RecoverySink& sink) {
    const Locator at = locator_of(row.integer(0));
    BATON_TRY(const Level level, level_of(row, 4));
    RecoveredMessage message{.at = at,
        .posted_at = from_unix_ms(row.integer(1)),
        .due_at = from_unix_ms(row.integer(2)),
        .priority = level,
        .size_bytes = static_cast<std::uint64_t>(row.integer(5)),
        .extra_bytes = static_cast<std::uint64_t>(row.integer(18)),
        .ordering_key = std::string(row.text(6)),
        .fairness_key = std::string(row.text(7))};
    if (!row.is_null(3)) message.expires_at = from_unix_ms(row.integer(3));
    if (!row.is_null(17)) {
        BATON_TRY(const auto headers, headers_from_text(row.text(17)));
        message.cost = cost_of(headers);
    }
    if (!row.is_null(8)) {
        if (!is_state_of_delivery(row.integer(8))) {
            return fail(Errc::storage_corrupt,
                fmt::format("message {} has state {}", row.integer(0), row.integer(8)));
        }
        BATON_TRY(auto history, history_from_text(row.text(12)));
        message.delivery = Delivery{.state = static_cast<MessageState>(row.integer(8)),
            .due_at = from_unix_ms(row.integer(9)),
            .attempts = static_cast<std::uint32_t>(row.integer(10)),
            .failures = static_cast<std::uint32_t>(row.integer(11)),
            .entered_at = from_unix_ms(row.integer(14)),
            .anew = (row.integer(16) & 1) != 0,
            .redriven = (row.integer(16) & 2) != 0,
            .history = std::move(history),
            .dead_reason = std::string(row.text(13))};
        if (!row.is_null(15)) {
            BATON_TRY(message.delivery->level, level_of(row, 15));
        }
    }
    sink.message(std::move(message));
    return {};
}

}  // namespace

Result<void> recover_from(db::Connection& connection, RecoverySink& sink) {
    BATON_TRY_VOID(for_each_row(connection, all_quotas, [&](const Row& row) -> Result<void> {
        sink.quota(TenantId(std::string(row.text(0))), static_cast<std::uint64_t>(row.integer(1)));
        return {};
    }));
    BATON_TRY_VOID(for_each_row(
        connection, all_queues, [&](const Row& row) { return read_queue(row, sink); }));
    BATON_TRY_VOID(for_each_row(connection, all_paused_keys, [&](const Row& row) -> Result<void> {
        sink.paused_key(QueueNumber{static_cast<std::uint32_t>(row.integer(0))},
            row.integer(1) == 0 ? KeyKind::ordering : KeyKind::fairness, std::string(row.text(2)));
        return {};
    }));
    BATON_TRY_VOID(for_each_row(
        connection, all_messages, [&](const Row& row) { return read_message(row, sink); }));
    BATON_TRY_VOID(for_each_row(connection, all_dedup, [&](const Row& row) -> Result<void> {
        sink.dedup({QueueNumber{static_cast<std::uint32_t>(row.integer(0))},
                       static_cast<std::uint64_t>(row.integer(2))},
            std::string(row.text(1)), from_unix_ms(row.integer(3)));
        return {};
    }));
    BATON_TRY_VOID(for_each_row(connection, all_replies, [&](const Row& row) -> Result<void> {
        sink.reply({locator_of(row.integer(0)), static_cast<std::uint64_t>(row.integer(1)),
            from_unix_ms(row.integer(2))});
        return {};
    }));
    BATON_TRY_VOID(for_each_row(connection, all_outputs, [&](const Row& row) -> Result<void> {
        sink.output({.at = locator_of(row.integer(0)),
            .events = static_cast<std::uint64_t>(row.integer(1)),
            .bytes = static_cast<std::uint64_t>(row.integer(2)),
            .expires_at = from_unix_ms(row.integer(3))});
        return {};
    }));
    return for_each_row(connection, all_cursors, [&](const Row& row) -> Result<void> {
        sink.cursor(QueueNumber{static_cast<std::uint32_t>(row.integer(0))},
            std::string(row.text(1)), static_cast<std::uint64_t>(row.integer(2)));
        return {};
    });
}

}  // namespace baton::queue
