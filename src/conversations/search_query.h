// A search as the database understands it. Pure text; what the kinds of databases write differently
// stands here side by side.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conversations/search.h"

namespace baton::conversations {

/// What a cursor of this search over `table` belongs to.
[[nodiscard]] std::string search_scope(const SearchRequest& request, std::string_view table);

/// Places of texts of messages are in blocks, and each word of the index begins with the mark of
/// its text's block (migration 0011): so a search costs what it finds in the blocks it looks at.
[[nodiscard]] std::int64_t block_of(std::int64_t place) noexcept;
[[nodiscard]] std::int64_t first_place_of(std::int64_t block) noexcept;
/// What stands before a text that is written into the index: five bytes.
[[nodiscard]] std::string block_mark(std::int64_t block);

/// Blocks that one statement looks at.
struct BlockRange {
    std::int64_t first = 0;
    std::int64_t last = 0;  ///< >= first
    bool operator==(const BlockRange&) const = default;
};
/// Those before `range`, twice as many, and at most `blocks_max`; nothing when there are none.
[[nodiscard]] std::optional<BlockRange> older_blocks(
    const BlockRange& range, std::int64_t blocks_max) noexcept;
/// How many blocks one statement of FTS5 may look at: what it reads before its first row has to be
/// little.
[[nodiscard]] std::int64_t blocks_max_of(std::string_view text) noexcept;

/// The words of `text`, quoted so that none of it is taken for an operator: for SQLite's FTS5
/// `"a" "b"*`, for PostgreSQL's to_tsquery `'a' & 'b':*`. Empty: there is no word.
[[nodiscard]] std::string match_text(std::string_view kind, std::string_view text);
/// The same for FTS5 in blocks: `("00002a" "00002b"*) OR ("00001a" "00001b"*)`.
[[nodiscard]] std::string match_text_in_blocks(std::string_view text, const BlockRange& range);

/// Texts of messages that have the words, in some blocks. Parameters for SQLite:
/// match_text_in_blocks, the place before which to go on (exclusive), how many; for PostgreSQL,
/// which looks at one block after the other until it has enough: the newest and the oldest,
/// match_text, the place, how many, again how many. Columns: place, is_answer, id of the message,
/// of its conversation, of its user, whether the conversation is there (0 | 1).
[[nodiscard]] std::string find_messages_sql(std::string_view kind);
/// Parameters: match_text, the place before which to go on (exclusive), how many. Rows as
/// `budgeted`, of these columns.
extern const std::string found_conversation_columns;  // place, then conversation_columns
[[nodiscard]] std::string search_conversations_sql(std::string_view kind);

}  // namespace baton::conversations
