// Reader's searches.
#include <array>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "conversations/reader.h"
#include "conversations/rows.h"
#include "conversations/search_query.h"

namespace baton::conversations {
namespace {

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
    if (request.page_size < 1 || request.page_size > 100) {
        return fail_field(Errc::invalid_argument, "page_size", "`page_size` must be 1 to 100");
    }
    Place place;
    place.scope = fmt::format("search|{}|{}|{}|{}", table, request.text,
        request.conversation_id ? request.conversation_id->view() : "",
        request.user_id ? request.user_id->view() : "");
    if (!request.after.empty()) {
        BATON_TRY(const auto cursor, parse_cursor(request.after, place.scope));
        place.before = cursor.key;
    }
    return place;
}

/// One page: `read` gives the item of a row, or nothing when the filter leaves it out.
template <class T, class Read>
Result<SearchPage<T>> search_page(db::Connection& connection, const db::Statement& statement,
    std::string_view match, const SearchRequest& request, const Place& place, Read read) {
    SearchPage<T> page;
    if (match.empty()) return page;
    Result<void> readable;
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
        ++scanned;
        last = row.integer(0);
        Result<std::optional<T>> item = read(row);
        if (!item) {
            readable = fail(std::move(item).error());
            return false;
        }
        if (*item) page.items.push_back(**std::move(item));
        return true;
    }));
    if (!readable) return fail(std::move(readable).error());
    if (goes_on) page.next = to_text(Cursor{last, 0, ""}, place.scope);
    return page;
}

}  // namespace

Result<SearchPage<MessageHit>> Reader::search_messages(const SearchRequest& request) {
    BATON_TRY(const auto place, place_of(request, "messages"));
    const auto read = [&](const db::Row& row) -> Result<std::optional<MessageHit>> {
        constexpr int first = 2;  // behind place and is_answer; then id, conversation_id, user_id
        const bool wanted =
            (!request.conversation_id || row.text(first + 1) == request.conversation_id->view()) &&
            (!request.user_id || row.text(first + 2) == request.user_id->view());
        if (!wanted) return std::optional<MessageHit>();
        BATON_TRY(auto message, message_of(row, first));
        return std::optional(
            MessageHit{.message = std::move(message), .is_answer = row.integer(1) != 0});
    };
    const auto match = match_text(kind_, request.text);
    return search_page<MessageHit>(
        *connection_, statement(search_messages_sql(kind_)), match, request, place, read);
}

Result<SearchPage<Conversation>> Reader::search_conversations(const SearchRequest& request) {
    BATON_TRY(const auto place, place_of(request, "conversations"));
    const auto read = [&](const db::Row& row) -> Result<std::optional<Conversation>> {
        constexpr int first = 1;  // behind place; then id, user_id
        if (request.user_id && row.text(first + 1) != request.user_id->view()) {
            return std::optional<Conversation>();
        }
        BATON_TRY(auto conversation, conversation_of(row, first));
        return std::optional(std::move(conversation));
    };
    const auto match = match_text(kind_, request.text);
    return search_page<Conversation>(
        *connection_, statement(search_conversations_sql(kind_)), match, request, place, read);
}

}  // namespace baton::conversations
