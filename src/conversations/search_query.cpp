#include "conversations/search_query.h"

#include <algorithm>
#include <cstddef>

#include <fmt/core.h>

#include "base/text.h"
#include "conversations/rows.h"
#include "conversations/search.h"

namespace baton::conversations {
namespace {

bool is_postgres(std::string_view kind) noexcept { return kind == "postgres"; }

bool is_space(char c) noexcept { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; }

/// Whether the index may know something of it: a letter or digit, or anything beyond ASCII.
bool has_letter(std::string_view word) noexcept {
    return std::ranges::any_of(word, [](char c) {
        return static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') ||
               (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    });
}

void append_word(std::string& query, std::string_view kind, std::string_view word) {
    const bool is_begin = word.size() > 1 && word.ends_with('*');
    if (is_begin) word.remove_suffix(1);
    const char quote = is_postgres(kind) ? '\'' : '"';
    if (!query.empty()) query += is_postgres(kind) ? " & " : " ";
    query += quote;
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

}  // namespace

std::string match_text(std::string_view kind, std::string_view text) {
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
        append_word(query, kind, word);
        ++words;
    }
    return query;
}

std::string search_messages_sql(std::string_view kind) {
    const std::string_view condition =
        is_postgres(kind) ? "t.words @@ to_tsquery('baton_words', ?)" : "message_texts MATCH ?";
    const std::string_view name = is_postgres(kind) ? "t" : "message_texts";
    return fmt::format(
        "SELECT p.place, p.is_answer, {0} FROM message_texts{1} "
        "JOIN message_places p ON p.place = {2}.rowid "
        "JOIN dialog_messages m ON m.id = p.message_id "
        "JOIN conversations c ON c.id = m.conversation_id AND c.removed_at IS NULL "
        "WHERE {3} AND {2}.rowid < ? ORDER BY {2}.rowid DESC LIMIT ?",
        of_table("m", message_columns), is_postgres(kind) ? " t" : "", name, condition);
}

std::string search_conversations_sql(std::string_view kind) {
    const std::string_view condition = is_postgres(kind) ? "t.words @@ to_tsquery('baton_words', ?)"
                                                         : "conversation_texts MATCH ?";
    const std::string_view name = is_postgres(kind) ? "t" : "conversation_texts";
    return fmt::format(
        "SELECT p.place, {0} FROM conversation_texts{1} "
        "JOIN conversation_places p ON p.place = {2}.rowid "
        "JOIN conversations c ON c.id = p.conversation_id AND c.removed_at IS NULL "
        "WHERE {3} AND {2}.rowid < ? ORDER BY {2}.rowid DESC LIMIT ?",
        of_table("c", conversation_columns), is_postgres(kind) ? " t" : "", name, condition);
}

}  // namespace baton::conversations
