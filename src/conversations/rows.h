// Rows of the two tables as values.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "conversations/run_steps.h"
#include "conversations/summaries.h"
#include "db/database.h"
#include "model/conversation.h"

namespace baton::conversations {

/// The columns that `conversation_of` reads, in its order.
inline constexpr std::string_view conversation_columns =
    "id, user_id, title, state, priority, metadata, message_count, created_at, updated_at, "
    "last_active_at, context, expires_at";

/// The columns that `user_of` reads, in its order.
inline constexpr std::string_view user_columns =
    "id, tier, messages_per_minute, messages_per_day, metadata, created_at, updated_at";

/// The columns that `message_of` reads, in its order.
inline constexpr std::string_view message_columns =
    "id, conversation_id, user_id, agent_id, content, priority, status, retry_count, metadata, "
    "error, created_at, updated_at, completed_at, reply_content, reply_model, reply_input_tokens, "
    "reply_output_tokens, reply_created_at";

/// `first`: the column where theirs begin. Fails: storage_corrupt.
[[nodiscard]] Result<Conversation> conversation_of(const db::Row& row, int first);
[[nodiscard]] Result<DialogMessage> message_of(const db::Row& row, int first);
[[nodiscard]] inline Result<Conversation> conversation_of(const db::Row& row) {
    return conversation_of(row, 0);
}
[[nodiscard]] inline Result<DialogMessage> message_of(const db::Row& row) {
    return message_of(row, 0);
}
[[nodiscard]] Result<User> user_of(const db::Row& row);
/// Of upto, content, model, input_tokens, output_tokens, created_at.
[[nodiscard]] Result<Summary> summary_of(const db::Row& row);
/// Of number, kind, content, began_at, ended_at.
[[nodiscard]] Result<RunStep> step_of(const db::Row& row);

}  // namespace baton::conversations
