// A search as the database understands it. Pure text; what the kinds of databases write differently
// stands here side by side.
#pragma once

#include <string>
#include <string_view>

namespace baton::conversations {

/// The words of `text`, quoted so that none of it is taken for an operator: for SQLite's FTS5
/// `"a" "b"*`, for PostgreSQL's to_tsquery `'a' & 'b':*`. Empty: there is no word.
[[nodiscard]] std::string match_text(std::string_view kind, std::string_view text);

/// Parameters: match_text, the place before which to go on (exclusive), how many. Columns: place,
/// is_answer, then message_columns.
[[nodiscard]] std::string search_messages_sql(std::string_view kind);
/// The same; columns: place, then conversation_columns.
[[nodiscard]] std::string search_conversations_sql(std::string_view kind);

}  // namespace baton::conversations
