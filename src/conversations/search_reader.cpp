// Reader's searches.
#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "conversations/answer_rows.h"
#include "conversations/reader.h"
#include "conversations/rows.h"
#include "conversations/search_query.h"

namespace baton::conversations {
namespace {

constexpr std::size_t page_size_max = 100;
constexpr db::Statement select_newest{"SELECT max(place) FROM message_places"};

struct Place {
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
    std::string scope{};
};

/// Where the page begins. Fails: invalid_argument.
Result<Place> place_of(const SearchRequest& request, std::string_view table) {
    if (request.text.empty() || request.text.size() > SearchLimits::text_max) {
        return fail_field(Errc::invalid_argument, "q",
            fmt::format("a search is 1 to {} bytes of text", SearchLimits::text_max));
    }
    if (request.page_size < 1 || request.page_size > page_size_max) {
        return fail_field(Errc::invalid_argument, "page_size",
            fmt::format("`page_size` must be 1 to {}", page_size_max));
    }
    Place place;
    place.scope = search_scope(request, table);
    if (!request.after.empty()) {
        BATON_TRY(const auto cursor, parse_cursor(request.after, place.scope));
        place.before = cursor.key;
    }
    return place;
}

/// What a row holds; no item when the filter leaves it out, as it may be read all the same.
template <class T>
struct Find {
    std::optional<T> item;
    std::uint64_t bytes = 0;
};

/// One page: `read` gives what a row holds.
template <class T, class Read>
Result<SearchPage<T>> search_page(db::Connection& connection, const db::Statement& statement,
    std::string_view match, const SearchRequest& request, const Place& place, Read read) {
    SearchPage<T> page;
    if (match.empty()) return page;
    Result<void> readable;
    AnswerBudget budget;
    std::uint32_t scanned = 0;
    std::int64_t last = 0;
    bool goes_on = false;
    const std::array<db::Value, 3> values{
        match, place.before, std::int64_t{SearchLimits::scan_max} + 1};
    BATON_TRY_VOID(connection.execute(statement, values, [&](const db::Row& row) {
        if (page.items.size() == request.page_size || scanned == SearchLimits::scan_max) {
            goes_on = true;
            return false;
        }
        Result<Find<T>> find = read(row);
        if (!find) {
            readable = fail(std::move(find).error());
            return false;
        }
        goes_on = !budget.take(find->bytes);
        if (goes_on) return false;
        ++scanned;
        last = row.integer(0);
        if (find->item) page.items.push_back(*std::move(find->item));
        return true;
    }));
    if (!readable) return fail(std::move(readable).error());
    if (goes_on) page.next = to_text(Cursor{.key = last}, place.scope);
    return page;
}

/// A find of a search.
struct Found {
    std::int64_t place = 0;
    std::string id;  ///< of the message
    bool is_answer = false;
};

/// "?, ?, …"
std::string placeholders(std::size_t count) {
    std::string list = "?";
    for (std::size_t i = 1; i < count; ++i) list += ", ?";
    return list;
}

constexpr std::string_view kind_sqlite = "sqlite";
const std::string select_message_sql =
    fmt::format("SELECT {} FROM dialog_messages WHERE id = ?", message_columns);
const db::Statement select_message{select_message_sql};
/// Of PostgreSQL, in the order of the ids that it gets twice.
const std::string select_messages_sql = budgeted("postgres",
    {.columns = message_columns,
        .texts = message_texts,
        .order = " ORDER BY spot",
        .sql = fmt::format("SELECT {0}, array_position(ARRAY[{1}]::text[], id::text) AS spot "
                           "FROM dialog_messages WHERE id IN ({1})",
            message_columns, placeholders(page_size_max))});
const db::Statement select_messages{select_messages_sql};

/// The messages of the finds as far as an answer holds them, and maybe more, with what they weigh.
using Messages = std::unordered_map<std::string, Find<DialogMessage>>;

/// Puts what `statement` finds into `messages`; fails when it cannot be read.
Result<void> add_messages(db::Connection& connection, std::string_view kind,
    const db::Statement& statement, std::span<const db::Value> ids, Messages& messages) {
    const RowBudget budget(kind, message_columns);
    Result<void> readable;
    BATON_TRY_VOID(connection.execute(statement, ids, [&](const db::Row& row) {
        auto message = message_of(row, 0);
        if (message) {
            const auto bytes = budget.weigh(row, *message);
            messages.try_emplace(
                std::string(row.text(0)), Find<DialogMessage>{*std::move(message), bytes});
        } else {
            readable = fail(std::move(message).error());
        }
        return readable.has_value();
    }));
    return readable;
}

/// PostgreSQL is asked once, SQLite for one after the other.
Result<Messages> messages_of(
    db::Connection& connection, std::string_view kind, const std::vector<Found>& found) {
    Messages messages;
    if (found.empty()) return messages;
    if (kind != kind_sqlite) {
        std::vector<db::Value> ids(2 * page_size_max, std::string_view(found.back().id));
        for (std::size_t i = 0; i < found.size(); ++i) {
            ids[i] = ids[page_size_max + i] = std::string_view(found[i].id);
        }
        BATON_TRY_VOID(add_messages(connection, kind, select_messages, ids, messages));
        return messages;
    }
    AnswerBudget budget;
    for (const auto& find : found) {
        const std::array<db::Value, 1> id{std::string_view(find.id)};
        if (!messages.contains(find.id)) {
            BATON_TRY_VOID(add_messages(connection, kind, select_message, id, messages));
        }
        const auto message = messages.find(find.id);
        if (message != messages.end() && !budget.take(message->second.bytes)) break;
    }
    return messages;
}

/// Looks through blocks of texts, the newest first, until a page is full.
class MessageSearch final {
public:
    MessageSearch(std::string_view kind, const SearchRequest& request, std::int64_t before)
        : kind_(kind), request_(request), before_(before), match_(match_text(kind, request.text)) {
        blocks_.first = blocks_.last = block_of(before - 1);
        // PostgreSQL stops by itself at the block that fills the page.
        if (kind == "postgres") {
            blocks_.first = std::max<std::int64_t>(blocks_.last - SearchLimits::blocks_max + 1, 0);
        }
    }

    [[nodiscard]] bool has_words() const { return !match_.empty(); }
    [[nodiscard]] std::vector<Found>& found() noexcept { return found_; }
    /// The place before which the next page begins; 0: there is none.
    [[nodiscard]] std::int64_t next() const noexcept { return next_; }

    [[nodiscard]] Result<void> run(db::Connection& connection, const db::Statement& statement) {
        std::int64_t looked_at = blocks_.last - blocks_.first + 1;
        const std::int64_t most = blocks_max_of(request_.text);
        while (true) {
            BATON_TRY(const bool is_done, look(connection, statement));
            if (is_done) return {};
            const auto older = older_blocks(blocks_, most);
            if (!older) return {};
            if (looked_at >= SearchLimits::blocks_max) {
                next_ = first_place_of(blocks_.first);
                return {};
            }
            blocks_ = *older;
            looked_at += blocks_.last - blocks_.first + 1;
        }
    }

private:
    static constexpr std::int64_t scan_max = SearchLimits::scan_max;

    /// Looks at all of `blocks_`. Whether the page ends there.
    Result<bool> look(db::Connection& connection, const db::Statement& statement) {
        const bool is_sqlite = kind_ == kind_sqlite;
        const auto match =
            is_sqlite ? match_text_in_blocks(request_.text, blocks_) : std::string(match_);
        // SQLite makes rows as they are asked for; PostgreSQL makes all of them first.
        const bool has_filter = request_.conversation_id || request_.user_id;
        std::int64_t limit = std::int64_t{request_.page_size} + 1;
        if (has_filter) limit = scan_max / 4;
        if (is_sqlite) limit = scan_max + 1;
        while (true) {
            const std::string_view words = match;
            const std::vector<db::Value> values =
                is_sqlite ? std::vector<db::Value>{words, before_, limit}
                          : std::vector<db::Value>{
                                block_of(before_ - 1), blocks_.first, words, before_, limit, limit};
            std::int64_t rows = 0;
            BATON_TRY_VOID(connection.execute(statement, values, [&](const db::Row& row) {
                ++rows;
                return take(row);
            }));
            if (next_ != 0) return true;
            if (rows < limit) return false;
            limit = std::min(limit * 4, scan_max + 1);
        }
    }

    /// False: the page ended before this row.
    bool take(const db::Row& row) {
        if (found_.size() == request_.page_size || scanned_ == scan_max) {
            next_ = before_;
            return false;
        }
        ++scanned_;
        before_ = row.integer(0);
        const bool wanted =
            row.integer(5) != 0 &&
            (!request_.conversation_id || row.text(3) == request_.conversation_id->view()) &&
            (!request_.user_id || row.text(4) == request_.user_id->view());
        if (wanted) found_.push_back({before_, std::string(row.text(2)), row.integer(1) != 0});
        return true;
    }

    std::string_view kind_;
    const SearchRequest& request_;
    std::int64_t before_;  // the place of the last row
    std::string match_;
    BlockRange blocks_;
    std::vector<Found> found_;
    std::int64_t scanned_ = 0;
    std::int64_t next_ = 0;
};

}  // namespace

Result<SearchPage<MessageHit>> Reader::search_messages(const SearchRequest& request) {
    BATON_TRY(auto place, place_of(request, "messages"));
    SearchPage<MessageHit> page;
    if (request.after.empty()) {
        BATON_TRY_VOID(connection_->execute(select_newest, {}, [&](const db::Row& row) {
            place.before = row.is_null(0) ? 0 : row.integer(0) + 1;
            return false;
        }));
    }
    if (place.before <= 0) return page;
    MessageSearch search(kind_, request, place.before);
    if (!search.has_words()) return page;
    BATON_TRY_VOID(search.run(*connection_, statement(find_messages_sql(kind_))));
    BATON_TRY(const auto messages, messages_of(*connection_, kind_, search.found()));
    AnswerBudget budget;
    std::int64_t next = search.next();
    std::int64_t last = place.before;
    for (const auto& [at, id, is_answer] : search.found()) {
        const auto message = messages.find(id);
        if (message == messages.end()) continue;  // deleted a moment ago
        if (!budget.take(message->second.bytes)) {
            next = last;
            break;
        }
        last = at;
        page.items.push_back({.message = *message->second.item, .is_answer = is_answer});
    }
    if (next != 0) page.next = to_text(Cursor{.key = next}, place.scope);
    return page;
}

Result<SearchPage<Conversation>> Reader::search_conversations(const SearchRequest& request) {
    BATON_TRY(const auto place, place_of(request, "conversations"));
    const RowBudget budget(kind_, found_conversation_columns);
    const auto read = [&](const db::Row& row) -> Result<Find<Conversation>> {
        constexpr int first = 1;  // behind place
        BATON_TRY(auto conversation, conversation_of(row, first));
        const auto bytes = budget.weigh(row, conversation);
        if (request.user_id && conversation.user_id != *request.user_id) {
            return Find<Conversation>{.item = {}, .bytes = bytes};
        }
        return Find<Conversation>{.item = std::move(conversation), .bytes = bytes};
    };
    const auto match = match_text(kind_, request.text);
    return search_page<Conversation>(
        *connection_, statement(search_conversations_sql(kind_)), match, request, place, read);
}

}  // namespace baton::conversations
