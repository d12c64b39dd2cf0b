// Words of SQLite's full-text index that begin with the block of their text, so that a search can
// look at some blocks of a table only. The index itself merges all words that begin alike, of the
// whole table, before it gives the first row.
#pragma once

#include <cstddef>

#include <sqlite3.h>

namespace baton::db {

/// Bytes before a text that are its block's mark.
inline constexpr std::size_t block_mark_size = 5;

/// Makes the tokenizer `baton_blocks NAME [OPTION …]` known to a connection. The tokenizer NAME
/// splits what stands behind the mark; each word that it finds gets the mark before it, in texts
/// and in the quoted strings of a MATCH. A text that is no longer than a mark has no words.
/// Returns SQLite's code.
[[nodiscard]] int add_block_words(sqlite3* db) noexcept;

}  // namespace baton::db
