#include "conversations/search_writes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <string>
#include <vector>

#include "conversations/search_query.h"

namespace baton::conversations {
namespace {

/// Rows of one statement: a power of two, and at most this many.
constexpr std::size_t rows_max = 64;

constexpr db::Statement drop_message_texts{
    "DELETE FROM message_texts WHERE rowid IN "
    "(SELECT place FROM message_places WHERE message_id = ?)"};
constexpr db::Statement drop_conversation_messages{
    "DELETE FROM message_texts WHERE rowid IN (SELECT p.place FROM message_places p "
    "WHERE p.message_id IN (SELECT m.id FROM dialog_messages m "
    "JOIN conversations c ON c.id = m.conversation_id "
    "WHERE m.conversation_id = ? AND c.removed_at IS NOT NULL ORDER BY m.id LIMIT ?))"};
// A conversation that is indexed again keeps its place.
constexpr db::Statement place_conversation{
    "INSERT INTO conversation_places (conversation_id) VALUES (?) "
    "ON CONFLICT (conversation_id) DO NOTHING"};
constexpr db::Statement unplace_conversation{
    "DELETE FROM conversation_places WHERE conversation_id = ?"};
constexpr db::Statement add_conversation_text{
    "INSERT INTO conversation_texts (rowid, title, context) SELECT place, ?, ? "
    "FROM conversation_places WHERE conversation_id = ?"};
constexpr db::Statement drop_conversation_text{
    "DELETE FROM conversation_texts WHERE rowid IN "
    "(SELECT place FROM conversation_places WHERE conversation_id = ?)"};

/// `before`, then `row` for each of 1, 2, 4, … rows, then `behind`.
class RowStatements final {
public:
    RowStatements(std::string_view before, std::string_view row, std::string_view behind) {
        for (std::size_t i = 0; i < texts_.size(); ++i) {
            std::string& text = texts_[i];
            text = before;
            for (std::size_t k = 0; k < std::size_t{1} << i; ++k) {
                if (k != 0) text += ", ";
                text += row;
            }
            text += behind;
            statements_[i].sql = text;
        }
    }
    [[nodiscard]] const db::Statement& of(std::size_t rows) const noexcept {
        return statements_[static_cast<std::size_t>(std::countr_zero(rows))];
    }

private:
    static constexpr std::size_t sizes = std::countr_zero(rows_max) + 1;
    std::array<std::string, sizes> texts_;
    std::array<db::Statement, sizes> statements_;
};

struct Placed {
    std::int64_t place = 0;
    std::string body;  ///< the mark of its block, and the text
};

bool is_of(const NewText& text, const db::Row& row) {
    return row.text(1) == text.id && row.integer(2) == (text.kind == NewText::Kind::answer ? 1 : 0);
}

/// Gives `texts` of messages their places, in their order; one that has its place has its text.
Result<void> place_messages(
    Transaction& transaction, std::span<const NewText* const> texts, std::vector<Placed>& placed) {
    static const RowStatements statements(
        "INSERT INTO message_places (message_id, is_answer) VALUES ", "(?, ?)",
        " ON CONFLICT (message_id, is_answer) DO NOTHING RETURNING place, message_id, is_answer");
    std::vector<db::Value> values;
    for (const NewText* const text : texts) {
        values.emplace_back(std::string_view(text->id));
        values.emplace_back(std::int64_t{text->kind == NewText::Kind::answer ? 1 : 0});
    }
    // Rows come back in the order in which they were given, but that is not promised.
    std::size_t expected = 0;
    const auto take = [&](const db::Row& row) {
        for (std::size_t i = 0; i < texts.size(); ++i, ++expected) {
            const NewText& text = *texts[expected % texts.size()];
            if (!is_of(text, row)) continue;
            const std::int64_t place = row.integer(0);
            placed.push_back({place, block_mark(block_of(place)) + text.text});
            ++expected;
            break;
        }
        return true;
    };
    BATON_TRY_VOID(transaction.execute(statements.of(texts.size()), values, take));
    return {};
}

/// In the order of places: SQLite's index gathers rows as long as their numbers grow and each has a
/// statement of its own (one of several rows begins with a savepoint). To PostgreSQL each statement
/// is a journey.
Result<void> add_message_texts(
    Transaction& transaction, std::span<const Placed> texts, std::string_view kind) {
    static const RowStatements statements(
        "INSERT INTO message_texts (rowid, body) VALUES ", "(?, ?)", "");
    const std::size_t most = kind == "sqlite" ? 1 : rows_max;
    std::vector<db::Value> values;
    while (!texts.empty()) {
        const std::size_t rows = std::min(most, std::bit_floor(texts.size()));
        values.clear();
        for (const auto& each : texts.first(rows)) {
            values.emplace_back(each.place);
            values.emplace_back(std::string_view(each.body));
        }
        BATON_TRY_VOID(transaction.execute(statements.of(rows), values));
        texts = texts.subspan(rows);
    }
    return {};
}

Result<void> index_messages(
    Transaction& transaction, std::span<const NewText* const> texts, std::string_view kind) {
    std::vector<Placed> placed;
    placed.reserve(texts.size());
    while (!texts.empty()) {
        const std::size_t rows = std::min(rows_max, std::bit_floor(texts.size()));
        BATON_TRY_VOID(place_messages(transaction, texts.first(rows), placed));
        texts = texts.subspan(rows);
    }
    std::ranges::sort(placed, {}, &Placed::place);
    return add_message_texts(transaction, placed, kind);
}

Result<void> index_one_conversation(Transaction& transaction, const NewText& text) {
    const std::array<db::Value, 1> id{std::string_view(text.id)};
    if (text.text.empty() && text.context.empty()) {
        BATON_TRY_VOID(transaction.execute(unplace_conversation, id));
        return {};
    }
    BATON_TRY_VOID(transaction.execute(place_conversation, id));
    const std::array<db::Value, 3> texts{
        std::string_view(text.text), std::string_view(text.context), std::string_view(text.id)};
    BATON_TRY_VOID(transaction.execute(add_conversation_text, texts));
    return {};
}

}  // namespace

void index_message(
    Transaction& transaction, std::string_view id, bool is_answer, std::string_view text) {
    transaction.add_text({.kind = is_answer ? NewText::Kind::answer : NewText::Kind::question,
        .id = std::string(id),
        .text = std::string(text)});
}

Result<void> unindex_message(Transaction& transaction, std::string_view id) {
    BATON_TRY_VOID(transaction.finish());
    const std::array<db::Value, 1> values{id};
    BATON_TRY_VOID(transaction.execute(drop_message_texts, values));
    return {};
}

Result<void> unindex_messages_of(
    Transaction& transaction, const ConversationId& id, std::int64_t limit) {
    BATON_TRY_VOID(transaction.finish());
    const std::array<db::Value, 2> values{id.view(), limit};
    BATON_TRY_VOID(transaction.execute(drop_conversation_messages, values));
    return {};
}

void index_conversation(Transaction& transaction, const Conversation& conversation) {
    transaction.add_text({.kind = NewText::Kind::conversation,
        .id = conversation.id.text,
        .text = conversation.title,
        .context = conversation.context});
}

Result<void> unindex_conversation(Transaction& transaction, const ConversationId& id) {
    BATON_TRY_VOID(transaction.finish());
    const std::array<db::Value, 1> values{id.view()};
    BATON_TRY_VOID(transaction.execute(drop_conversation_text, values));
    return {};
}

Result<void> index_new_texts(Transaction& transaction, std::string_view kind) {
    const auto texts = transaction.take_texts();
    std::vector<const NewText*> of_messages;
    for (const NewText& text : texts) {
        if (text.kind == NewText::Kind::conversation) {
            BATON_TRY_VOID(index_one_conversation(transaction, text));
        } else {
            of_messages.push_back(&text);
        }
    }
    return index_messages(transaction, of_messages, kind);
}

}  // namespace baton::conversations
