// What keeps the search in step with the rows, inside the caller's transaction. Blocking.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "db/database.h"
#include "model/conversation.h"

namespace baton::conversations {

/// Behind the row's own write. `is_answer`: `text` is that of the answer.
[[nodiscard]] Result<void> index_message(
    db::Connection& connection, std::string_view id, bool is_answer, std::string_view text);
/// Before the row goes.
[[nodiscard]] Result<void> unindex_message(db::Connection& connection, std::string_view id);
/// Before the first `limit` messages of a conversation, by id, go.
[[nodiscard]] Result<void> unindex_messages_of(
    db::Connection& connection, const ConversationId& id, std::int64_t limit);

/// Behind the row's own write, of one that was not indexed or is no more.
[[nodiscard]] Result<void> index_conversation(
    db::Connection& connection, const Conversation& conversation);
/// Before the row goes or its title or context change.
[[nodiscard]] Result<void> unindex_conversation(
    db::Connection& connection, const ConversationId& id);

}  // namespace baton::conversations
