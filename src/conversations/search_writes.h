// What keeps the search in step with the rows, inside of the writes' transaction. Blocking.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "conversations/transaction.h"
#include "model/conversation.h"

namespace baton::conversations {

/// Behind the row's own write; `index_new_texts` does the work. `is_answer`: `text` is that of the
/// answer.
void index_message(
    Transaction& transaction, std::string_view id, bool is_answer, std::string_view text);
/// Before the row goes.
[[nodiscard]] Result<void> unindex_message(Transaction& transaction, std::string_view id);
/// Before the first `limit` messages of a conversation, by id, go.
[[nodiscard]] Result<void> unindex_messages_of(
    Transaction& transaction, const ConversationId& id, std::int64_t limit);

/// Behind the row's own write, of one that was not indexed or is no more.
void index_conversation(Transaction& transaction, const Conversation& conversation);
/// Before the row goes or its title or context change.
[[nodiscard]] Result<void> unindex_conversation(Transaction& transaction, const ConversationId& id);

/// The `finish` of the writer's transactions: what was given to the index functions, all at once.
/// `kind`: as db::Database::kind.
[[nodiscard]] Result<void> index_new_texts(Transaction& transaction, std::string_view kind);

}  // namespace baton::conversations
