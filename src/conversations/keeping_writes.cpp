#include "conversations/keeping_writes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include <fmt/core.h>

#include "conversations/rows.h"
#include "conversations/search_writes.h"

namespace baton::conversations {
namespace {

constexpr std::uint32_t batch_max = 1'000;

const std::string select_conversation_sql = fmt::format(
    "SELECT {} FROM conversations WHERE id = ? AND removed_at IS NULL", conversation_columns);
const db::Statement select_conversation{select_conversation_sql};
constexpr db::Statement update_conversation{
    "UPDATE conversations SET title = ?, context = ?, state = ?, priority = ?, metadata = ?, "
    "expires_at = ?, updated_at = ? WHERE id = ?"};
constexpr db::Statement mark_removed{
    "UPDATE conversations SET removed_at = ? WHERE id = ? AND removed_at IS NULL"};
// What is over leads an index each; the batch bounds how long others wait for the transaction.
constexpr db::Statement mark_expired{
    "UPDATE conversations SET removed_at = ? WHERE id IN (SELECT id FROM conversations "
    "WHERE removed_at IS NULL AND expires_at IS NOT NULL AND expires_at <= ? "
    "ORDER BY expires_at LIMIT ?)"};
constexpr db::Statement mark_idle{
    "UPDATE conversations SET removed_at = ? WHERE id IN (SELECT id FROM conversations "
    "WHERE removed_at IS NULL AND expires_at IS NULL AND last_active_at < ? "
    "ORDER BY last_active_at LIMIT ?)"};
constexpr db::Statement delete_batch{
    "DELETE FROM dialog_messages WHERE id IN (SELECT m.id FROM dialog_messages m "
    "JOIN conversations c ON c.id = m.conversation_id "
    "WHERE m.conversation_id = ? AND c.removed_at IS NOT NULL ORDER BY m.id LIMIT ?)"};
constexpr db::Statement select_stone{
    "SELECT 1 FROM conversations WHERE id = ? AND removed_at IS NOT NULL AND removed_at < ?"};
constexpr db::Statement delete_stone{"DELETE FROM conversations WHERE id = ?"};
constexpr db::Statement select_place{
    "SELECT conversation_id, status FROM dialog_messages WHERE id = ?"};
constexpr db::Statement delete_row{"DELETE FROM dialog_messages WHERE id = ?"};
constexpr db::Statement count_down{
    "UPDATE conversations SET message_count = message_count - 1 WHERE id = ? "
    "AND message_count > 0"};
constexpr db::Statement reopen_row{
    "UPDATE dialog_messages SET status = 0, error = '', updated_at = ? "
    "WHERE id = ? AND status IN (3, 4)"};

std::int64_t number(auto value) noexcept { return static_cast<std::int64_t>(value); }
db::Value time_or_null(const std::optional<TimePoint>& time) {
    return time ? db::Value(to_unix_ms(*time)) : db::Value();
}

Result<Conversation> read_conversation(db::Connection& connection, const ConversationId& id) {
    Result<Conversation> found = fail(Errc::conversation_not_found, "no such conversation");
    const std::array<db::Value, 1> values{id.view()};
    BATON_TRY_VOID(connection.execute(select_conversation, values, [&](const db::Row& row) {
        found = conversation_of(row);
        return false;
    }));
    return found;
}

Result<bool> is_old_stone(
    db::Connection& connection, const ConversationId& id, TimePoint stones_before) {
    bool is_old = false;
    const std::array<db::Value, 2> values{id.view(), to_unix_ms(stones_before)};
    BATON_TRY_VOID(connection.execute(select_stone, values, [&](const db::Row&) {
        is_old = true;
        return false;
    }));
    return is_old;
}

struct Place {
    std::string conversation;
    DialogStatus status = DialogStatus::pending;
};

Result<Place> place_of(db::Connection& connection, std::string_view id) {
    std::optional<Place> place;
    const std::array<db::Value, 1> values{id};
    BATON_TRY_VOID(connection.execute(select_place, values, [&](const db::Row& row) {
        place = Place{std::string(row.text(0)), static_cast<DialogStatus>(row.integer(1))};
        return false;
    }));
    if (!place) return fail(Errc::message_not_found, fmt::format("no message {}", id));
    return *std::move(place);
}

}  // namespace

Result<Conversation> change_conversation(Transaction& transaction, const ConversationId& id,
    const ConversationChange& change, TimePoint at) {
    BATON_TRY(auto row, read_conversation(transaction, id));
    if (change.state) {
        if (!is_legal_move(row.state, *change.state)) {
            return fail_field(Errc::conflict, "state",
                fmt::format("a conversation that is {} cannot become {}", to_string(row.state),
                    to_string(*change.state)));
        }
        row.state = *change.state;
    }
    if (change.title) row.title = *change.title;
    if (change.context) row.context = *change.context;
    if (change.priority) row.priority = *change.priority;
    if (change.metadata) row.metadata = *change.metadata;
    if (change.changes_expiry) row.expires_at = change.expires_at;
    row.updated_at = std::max(row.updated_at, at);
    const bool changes_text = change.title || change.context;
    if (changes_text) {
        BATON_TRY_VOID(unindex_conversation(transaction, id));
    }
    const std::array<db::Value, 8> values{std::string_view(row.title),
        std::string_view(row.context), number(row.state), number(row.priority),
        std::string_view(row.metadata), time_or_null(row.expires_at), to_unix_ms(row.updated_at),
        id.view()};
    BATON_TRY_VOID(transaction.execute(update_conversation, values));
    if (changes_text) index_conversation(transaction, row);
    return row;
}

Result<void> remove_conversation(
    db::Connection& connection, const ConversationId& id, TimePoint at) {
    const std::array<db::Value, 2> values{to_unix_ms(at), id.view()};
    BATON_TRY(const auto marked, connection.execute(mark_removed, values));
    if (marked == 0) return fail(Errc::conversation_not_found, "no such conversation");
    return {};
}

Result<std::uint64_t> remove_expired(
    db::Connection& connection, TimePoint now, TimePoint idle_since, std::uint32_t limit) {
    const std::int64_t most = std::clamp<std::uint32_t>(limit, 1, batch_max);
    const std::array<db::Value, 3> over{to_unix_ms(now), to_unix_ms(now), most};
    BATON_TRY(const auto expired, connection.execute(mark_expired, over));
    const std::array<db::Value, 3> quiet{to_unix_ms(now), to_unix_ms(idle_since), most};
    BATON_TRY(const auto idle, connection.execute(mark_idle, quiet));
    return static_cast<std::uint64_t>(expired + idle);
}

Result<std::uint64_t> purge_conversation(Transaction& transaction, const ConversationId& id,
    std::uint32_t limit, TimePoint stones_before) {
    const std::int64_t most = std::clamp<std::uint32_t>(limit, 1, batch_max);
    BATON_TRY_VOID(unindex_messages_of(transaction, id, most));
    const std::array<db::Value, 2> batch{id.view(), most};
    BATON_TRY(const auto deleted, transaction.execute(delete_batch, batch));
    if (deleted < most) {
        BATON_TRY(const bool goes, is_old_stone(transaction, id, stones_before));
        if (!goes) return static_cast<std::uint64_t>(deleted);
        BATON_TRY_VOID(unindex_conversation(transaction, id));
        const std::array<db::Value, 1> stone{id.view()};
        BATON_TRY_VOID(transaction.execute(delete_stone, stone));
    }
    return static_cast<std::uint64_t>(deleted);
}

Result<void> delete_message(Transaction& transaction, MessageId id) {
    const std::string text = id.text();
    BATON_TRY(const auto place, place_of(transaction, text));
    if (place.status == DialogStatus::pending || place.status == DialogStatus::processing) {
        return fail(Errc::conflict,
            fmt::format("the message is {}: cancel it first", to_string(place.status)));
    }
    BATON_TRY_VOID(unindex_message(transaction, text));
    const std::array<db::Value, 1> row{std::string_view(text)};
    BATON_TRY_VOID(transaction.execute(delete_row, row));
    const std::array<db::Value, 1> conversation{std::string_view(place.conversation)};
    BATON_TRY_VOID(transaction.execute(count_down, conversation));
    return {};
}

Result<void> reopen_message(db::Connection& connection, MessageId id, TimePoint at) {
    const std::string text = id.text();
    BATON_TRY_VOID(place_of(connection, text));
    const std::array<db::Value, 2> values{to_unix_ms(at), std::string_view(text)};
    BATON_TRY_VOID(connection.execute(reopen_row, values));
    return {};
}

}  // namespace baton::conversations
