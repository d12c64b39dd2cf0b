#include "conversations/search_query.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"
#include "conversations/answer_rows.h"
#include "conversations/rows.h"

namespace baton::conversations {
namespace {

constexpr int block_bits = 13;  // never change: the migrations know it

bool is_postgres(std::string_view kind) noexcept { return kind == "postgres"; }

bool is_space(char c) noexcept { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; }

/// Whether the index may know something of it: a letter or digit, or anything beyond ASCII.
bool has_letter(std::string_view word) noexcept {
    return std::ranges::any_of(word, [](char c) {
        return static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') ||
               (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    });
}

void append_word(
    std::string& query, std::string_view kind, std::string_view mark, std::string_view word) {
    const bool is_begin = word.size() > 1 && word.ends_with('*');
    if (is_begin) word.remove_suffix(1);
    const char quote = is_postgres(kind) ? '\'' : '"';
    if (!query.empty()) query += is_postgres(kind) ? " & " : " ";
    query += quote;
    query += mark;
    for (const char c : word) {
        if (c == quote || (is_postgres(kind) && c == '\\')) query += c;
        query += c;
    }
    query += quote;
    if (is_begin) query += is_postgres(kind) ? ":*" : "*";
}

/// "m.a, m.b" of "a, b".
std::string of_table(std::string_view table, std::string_view columns) {
    std::string all;
    while (!columns.empty()) {
        const auto end = std::min(columns.find(", "), columns.size());
        all += fmt::format("{}{}.{}", all.empty() ? "" : ", ", table, columns.substr(0, end));
        columns.remove_prefix(std::min(end + 2, columns.size()));
    }
    return all;
}

/// The words of `text`, each behind `mark`.
std::string match_words(std::string_view kind, std::string_view mark, std::string_view text) {
    std::string query;
    std::size_t words = 0;
    while (words < SearchLimits::words_max) {
        const auto* const begin = std::ranges::find_if_not(text, is_space);
        const auto* const end = std::find_if(begin, text.end(), is_space);
        if (begin == end) break;
        const std::string_view word(begin, end);
        text = std::string_view(end, text.end());
        if (!has_letter(word)) continue;
        // PostgreSQL keeps no such text, so nothing holds the word; SQLite takes it for what it is.
        if (is_postgres(kind) && !is_utf8(word)) return {};
        append_word(query, kind, mark, word);
        ++words;
    }
    return query;
}

}  // namespace

std::string search_scope(const SearchRequest& request, std::string_view table) {
    return fmt::format("search|{}|{}|{}|{}", table, request.text,
        request.conversation_id ? request.conversation_id->view() : "",
        request.user_id ? request.user_id->view() : "");
}

std::int64_t block_of(std::int64_t place) noexcept { return place >> block_bits; }
std::int64_t first_place_of(std::int64_t block) noexcept { return block << block_bits; }
std::string block_mark(std::int64_t block) { return fmt::format("{:05x}", block); }

std::optional<BlockRange> older_blocks(const BlockRange& range, std::int64_t blocks_max) noexcept {
    if (range.first == 0) return std::nullopt;
    const std::int64_t count = std::min(2 * (range.last - range.first + 1), blocks_max);
    return BlockRange{std::max<std::int64_t>(range.first - count, 0), range.first - 1};
}

std::int64_t blocks_max_of(std::string_view text) noexcept {
    // FTS5 reads the texts of a word one by one, but all of a begin before the first.
    return text.find('*') != std::string_view::npos ? 8 : 32;
}

std::string match_text(std::string_view kind, std::string_view text) {
    return match_words(kind, "", text);
}

std::string match_text_in_blocks(std::string_view text, const BlockRange& range) {
    std::string query;
    for (std::int64_t block = range.last; block >= range.first; --block) {
        const auto words = match_words("sqlite", block_mark(block), text);
        query += fmt::format("{}({})", query.empty() ? "" : " OR ", words);
    }
    return query;
}

std::string find_messages_sql(std::string_view kind) {
    constexpr std::string_view columns =
        "p.place, p.is_answer, p.message_id, m.conversation_id, m.user_id, "
        "CASE WHEN c.removed_at IS NULL THEN 1 ELSE 0 END";
    constexpr std::string_view rows =
        "JOIN dialog_messages m ON m.id = p.message_id "
        "JOIN conversations c ON c.id = m.conversation_id";
    if (!is_postgres(kind)) {
        return fmt::format(
            "SELECT {} FROM message_texts JOIN message_places p ON p.place = message_texts.rowid "
            "{} WHERE message_texts MATCH ? AND message_texts.rowid < ? "
            "ORDER BY message_texts.rowid DESC LIMIT ?",
            columns, rows);
    }
    // It looks at a block only when the newer ones had too little: turns come sorted from the
    // function. The sums keep the planner from reading all places backwards, or all before one.
    return fmt::format(
        "SELECT {} FROM (SELECT f.rowid FROM generate_series(?::bigint, ?::bigint, -1) "
        "WITH ORDINALITY AS b(block, turn), LATERAL (SELECT t.rowid FROM message_texts t "
        "WHERE t.words @@ block_query(to_tsquery('baton_words', ?), b.block, b.block) "
        "AND t.rowid + 0 < ? ORDER BY t.rowid + 0 DESC LIMIT ?) f "
        "ORDER BY b.turn, f.rowid DESC LIMIT ?) found "
        "JOIN message_places p ON p.place = found.rowid {} ORDER BY p.place DESC",
        columns, rows);
}

const std::string found_conversation_columns = fmt::format("place, {}", conversation_columns);

std::string search_conversations_sql(std::string_view kind) {
    const std::string_view condition = is_postgres(kind) ? "t.words @@ to_tsquery('baton_words', ?)"
                                                         : "conversation_texts MATCH ?";
    const std::string_view name = is_postgres(kind) ? "t" : "conversation_texts";
    auto sql = fmt::format(
        "SELECT p.place, {0} FROM conversation_texts{1} "
        "JOIN conversation_places p ON p.place = {2}.rowid "
        "JOIN conversations c ON c.id = p.conversation_id AND c.removed_at IS NULL "
        "WHERE {3} AND {2}.rowid < ? ORDER BY {2}.rowid DESC LIMIT ?",
        of_table("c", conversation_columns), is_postgres(kind) ? " t" : "", name, condition);
    return budgeted(kind, {.columns = found_conversation_columns,
                              .texts = conversation_texts,
                              .order = " ORDER BY place DESC",
                              .sql = std::move(sql)});
}

}  // namespace baton::conversations
