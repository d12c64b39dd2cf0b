#include "conversations/writes.h"

#include <array>
#include <string>

#include <fmt/core.h>

#include "conversations/search_writes.h"

namespace baton::conversations {
namespace {

constexpr db::Statement insert_conversation_row{
    "INSERT INTO conversations (id, user_id, title, state, priority, metadata, message_count, "
    "created_at, updated_at, last_active_at, context, expires_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO NOTHING"};
constexpr db::Statement insert_message_row{
    "INSERT INTO dialog_messages (id, conversation_id, user_id, agent_id, content, priority, "
    "status, "
    "retry_count, metadata, error, created_at, updated_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement select_status{"SELECT status FROM dialog_messages WHERE id = ?"};
// One row: what is known of a message and of a conversation.
constexpr db::Statement select_known{
    "SELECT (SELECT status FROM dialog_messages WHERE id = ?), "
    "(SELECT CASE WHEN removed_at IS NULL THEN 0 ELSE 1 END FROM conversations WHERE id = ?)"};
// Times only grow: a repeated or late write must not make a conversation look older. An inactive
// one is active from now on.
constexpr db::Statement count_message{
    "UPDATE conversations SET message_count = message_count + 1, "
    "updated_at = CASE WHEN updated_at < ? THEN ? ELSE updated_at END, "
    "last_active_at = CASE WHEN last_active_at < ? THEN ? ELSE last_active_at END, "
    "state = CASE state WHEN 1 THEN 0 ELSE state END WHERE id = ?"};
constexpr db::Statement touch_conversation{
    "UPDATE conversations SET "
    "updated_at = CASE WHEN updated_at < ? THEN ? ELSE updated_at END, "
    "last_active_at = CASE WHEN last_active_at < ? THEN ? ELSE last_active_at END "
    "WHERE id = (SELECT conversation_id FROM dialog_messages WHERE id = ?)"};
constexpr db::Statement update_progress{
    "UPDATE dialog_messages SET status = ?, retry_count = ?, error = ?, updated_at = ? "
    "WHERE id = ? AND status < 2"};
constexpr db::Statement update_reply{
    "UPDATE dialog_messages SET status = 2, error = '', updated_at = ?, completed_at = ?, "
    "reply_content = ?, reply_model = ?, reply_input_tokens = ?, reply_output_tokens = ?, "
    "reply_created_at = ? WHERE id = ? AND status <> 2"};
constexpr db::Statement insert_step_row{
    "INSERT INTO run_steps (message_id, number, kind, content, began_at, ended_at) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (message_id, number) DO NOTHING"};

constexpr db::Statement insert_summary_row{
    "INSERT INTO conversation_summaries (conversation_id, upto, content, model, input_tokens, "
    "output_tokens, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (conversation_id, upto) DO NOTHING"};
constexpr db::Statement select_visible{
    "SELECT 1 FROM conversations WHERE id = ? AND removed_at IS NULL"};

std::int64_t number(auto value) noexcept { return static_cast<std::int64_t>(value); }

/// The status of a message; nothing when it is unknown.
Result<std::optional<DialogStatus>> status_of(db::Connection& connection, std::string_view id) {
    std::optional<DialogStatus> status;
    const std::array<db::Value, 1> values{id};
    BATON_TRY_VOID(connection.execute(select_status, values, [&](const db::Row& row) {
        status = static_cast<DialogStatus>(row.integer(0));
        return false;
    }));
    return status;
}

struct Known {
    bool message = false;
    bool conversation = false;
    bool is_removed = false;
};

Result<Known> known_of(
    db::Connection& connection, std::string_view id, const ConversationId& conversation) {
    Known known;
    const std::array<db::Value, 2> values{id, conversation.view()};
    BATON_TRY_VOID(connection.execute(select_known, values, [&](const db::Row& row) {
        known.message = !row.is_null(0);
        known.conversation = !row.is_null(1);
        known.is_removed = known.conversation && row.integer(1) != 0;
        return false;
    }));
    return known;
}

/// What a message brings along when it is the first of its conversation.
Conversation conversation_for(const DialogMessage& message) {
    Conversation conversation;
    conversation.id = message.conversation_id;
    conversation.user_id = message.user_id;
    conversation.priority = message.priority;
    conversation.created_at = message.created_at;
    conversation.updated_at = message.created_at;
    conversation.last_active_at = message.created_at;
    return conversation;
}

}  // namespace

Result<bool> insert_conversation(Transaction& transaction, const Conversation& conversation) {
    const std::array<db::Value, 12> values{conversation.id.view(), conversation.user_id.view(),
        std::string_view(conversation.title), number(conversation.state),
        number(conversation.priority), std::string_view(conversation.metadata),
        number(conversation.message_count), to_unix_ms(conversation.created_at),
        to_unix_ms(conversation.updated_at), to_unix_ms(conversation.last_active_at),
        std::string_view(conversation.context),
        conversation.expires_at ? db::Value(to_unix_ms(*conversation.expires_at)) : db::Value()};
    BATON_TRY(const auto added, transaction.execute(insert_conversation_row, values));
    if (added == 0) return false;
    const bool has_text = !conversation.title.empty() || !conversation.context.empty();
    if (has_text) index_conversation(transaction, conversation);
    return true;
}

Result<bool> insert_message(Transaction& transaction, const DialogMessage& message) {
    const std::string id = message.id.text();
    BATON_TRY(const auto known, known_of(transaction, id, message.conversation_id));
    if (known.message) return false;
    if (known.is_removed) {
        return fail(Errc::conversation_not_found, "the conversation was removed");
    }
    if (!known.conversation) {
        BATON_TRY_VOID(insert_conversation(transaction, conversation_for(message)));
    }
    const std::array<db::Value, 12> values{std::string_view(id), message.conversation_id.view(),
        message.user_id.view(), message.agent_id.view(), std::string_view(message.content),
        number(message.priority), number(message.status), number(message.retry_count),
        std::string_view(message.metadata), std::string_view(message.error),
        to_unix_ms(message.created_at), to_unix_ms(message.updated_at)};
    BATON_TRY_VOID(transaction.execute(insert_message_row, values));
    index_message(transaction, id, false, message.content);
    const std::int64_t at = to_unix_ms(message.created_at);
    const std::array<db::Value, 5> counted{at, at, at, at, message.conversation_id.view()};
    BATON_TRY_VOID(transaction.execute(count_message, counted));
    return true;
}

Result<void> write_progress(db::Connection& connection, const Progress& progress) {
    const std::string id = progress.id.text();
    const std::array<db::Value, 5> values{number(progress.status), number(progress.retry_count),
        std::string_view(progress.error), to_unix_ms(progress.at), std::string_view(id)};
    BATON_TRY_VOID(connection.execute(update_progress, values));
    return {};
}

Result<bool> write_reply(Transaction& transaction, MessageId id, const DialogReply& reply) {
    const std::string id_text = id.text();
    const std::int64_t at = to_unix_ms(reply.created_at);
    const std::array<db::Value, 8> values{at, at, std::string_view(reply.content),
        std::string_view(reply.model), number(reply.usage.input_tokens),
        number(reply.usage.output_tokens), at, std::string_view(id_text)};
    BATON_TRY(const auto updated, transaction.execute(update_reply, values));
    if (updated == 0) {
        BATON_TRY(const auto status, status_of(transaction, id_text));
        if (!status) return fail(Errc::message_not_found, fmt::format("no message {}", id_text));
        return false;
    }
    index_message(transaction, id_text, true, reply.content);
    const std::array<db::Value, 5> touched{at, at, at, at, std::string_view(id_text)};
    BATON_TRY_VOID(transaction.execute(touch_conversation, touched));
    return true;
}

Result<bool> insert_step(db::Connection& connection, MessageId id, const RunStep& step) {
    const std::string id_text = id.text();
    BATON_TRY(const auto status, status_of(connection, id_text));
    if (!status) return fail(Errc::message_not_found, fmt::format("no message {}", id_text));
    const std::array<db::Value, 6> values{std::string_view(id_text), number(step.number),
        number(step.kind), std::string_view(step.content), to_unix_ms(step.began_at),
        to_unix_ms(step.ended_at)};
    BATON_TRY(const auto added, connection.execute(insert_step_row, values));
    return added != 0;
}

Result<bool> write_last_step(
    Transaction& transaction, MessageId id, const RunStep& last, const DialogReply& reply) {
    BATON_TRY(const bool first, write_reply(transaction, id, reply));
    if (!first) return false;
    BATON_TRY_VOID(insert_step(transaction, id, last));
    return true;
}

Result<void> insert_summary(db::Connection& connection, const Summary& summary) {
    bool is_there = false;
    const std::array<db::Value, 1> key{summary.conversation_id.view()};
    BATON_TRY_VOID(connection.execute(select_visible, key, [&](const db::Row&) {
        is_there = true;
        return false;
    }));
    if (!is_there) return fail(Errc::conversation_not_found, "no such conversation");
    const std::string upto = summary.upto.text();
    const std::array<db::Value, 7> values{summary.conversation_id.view(), std::string_view(upto),
        std::string_view(summary.content), std::string_view(summary.model),
        number(summary.usage.input_tokens), number(summary.usage.output_tokens),
        to_unix_ms(summary.created_at)};
    BATON_TRY_VOID(connection.execute(insert_summary_row, values));
    return {};
}

Result<void> write_failure(db::Connection& connection, const FailedRun& run) {
    const bool final = run.status == DialogStatus::failed || run.status == DialogStatus::timeout ||
                       run.status == DialogStatus::cancelled;
    if (!final) {
        return fail_field(Errc::invalid_argument, "status",
            fmt::format("`{}` is no failure", to_string(run.status)));
    }
    return write_progress(connection, {.id = run.id,
                                          .status = run.status,
                                          .retry_count = run.retry_count,
                                          .error = run.error,
                                          .at = run.at});
}

}  // namespace baton::conversations
