#include "conversations/search_writes.h"

#include <array>

namespace baton::conversations {
namespace {

constexpr db::Statement place_message{
    "INSERT INTO message_places (message_id, is_answer) VALUES (?, ?) "
    "ON CONFLICT (message_id, is_answer) DO NOTHING"};
constexpr db::Statement add_message_text{
    "INSERT INTO message_texts (rowid, body) SELECT place, ? FROM message_places "
    "WHERE message_id = ? AND is_answer = ?"};
constexpr db::Statement drop_message_texts{
    "DELETE FROM message_texts WHERE rowid IN "
    "(SELECT place FROM message_places WHERE message_id = ?)"};
constexpr db::Statement drop_conversation_messages{
    "DELETE FROM message_texts WHERE rowid IN (SELECT p.place FROM message_places p "
    "WHERE p.message_id IN (SELECT m.id FROM dialog_messages m "
    "JOIN conversations c ON c.id = m.conversation_id "
    "WHERE m.conversation_id = ? AND c.removed_at IS NOT NULL ORDER BY m.id LIMIT ?))"};
constexpr db::Statement place_conversation{
    "INSERT INTO conversation_places (conversation_id) VALUES (?) "
    "ON CONFLICT (conversation_id) DO NOTHING"};
constexpr db::Statement add_conversation_text{
    "INSERT INTO conversation_texts (rowid, title, context) SELECT place, ?, ? "
    "FROM conversation_places WHERE conversation_id = ?"};
constexpr db::Statement drop_conversation_text{
    "DELETE FROM conversation_texts WHERE rowid IN "
    "(SELECT place FROM conversation_places WHERE conversation_id = ?)"};

}  // namespace

Result<void> index_message(
    db::Connection& connection, std::string_view id, bool is_answer, std::string_view text) {
    const std::int64_t side = is_answer ? 1 : 0;
    const std::array<db::Value, 2> place{id, side};
    BATON_TRY_VOID(connection.execute(place_message, place));
    const std::array<db::Value, 3> body{text, id, side};
    BATON_TRY_VOID(connection.execute(add_message_text, body));
    return {};
}

Result<void> unindex_message(db::Connection& connection, std::string_view id) {
    const std::array<db::Value, 1> values{id};
    BATON_TRY_VOID(connection.execute(drop_message_texts, values));
    return {};
}

Result<void> unindex_messages_of(
    db::Connection& connection, const ConversationId& id, std::int64_t limit) {
    const std::array<db::Value, 2> values{id.view(), limit};
    BATON_TRY_VOID(connection.execute(drop_conversation_messages, values));
    return {};
}

Result<void> index_conversation(db::Connection& connection, const Conversation& conversation) {
    const std::array<db::Value, 1> place{conversation.id.view()};
    BATON_TRY_VOID(connection.execute(place_conversation, place));
    const std::array<db::Value, 3> texts{std::string_view(conversation.title),
        std::string_view(conversation.context), conversation.id.view()};
    BATON_TRY_VOID(connection.execute(add_conversation_text, texts));
    return {};
}

Result<void> unindex_conversation(db::Connection& connection, const ConversationId& id) {
    const std::array<db::Value, 1> values{id.view()};
    BATON_TRY_VOID(connection.execute(drop_conversation_text, values));
    return {};
}

}  // namespace baton::conversations
