#include "conversations/list_query.h"

#include <utility>

#include <fmt/core.h>

#include "conversations/rows.h"

namespace baton::conversations {
namespace {

constexpr std::uint32_t page_size_max = 100;
// Counting costs what it counts, and a page by number all that is before it: both end here.
constexpr std::uint64_t total_max = ListLimits::total_max;
constexpr std::uint64_t reach_max = ListLimits::reach_max;

/// Collects the conditions of a filter.
class Where final {
public:
    /// A condition without a value.
    void add(std::string_view condition) {
        text_ += fmt::format("{}{}", text_.empty() ? " WHERE " : " AND ", condition);
    }
    void add(std::string_view column, std::variant<std::int64_t, std::string> value) {
        text_ += fmt::format("{}{} = ?", text_.empty() ? " WHERE " : " AND ", column);
        values_.push_back(std::move(value));
    }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] auto& values() noexcept { return values_; }

    /// The conditions with their values, as text.
    [[nodiscard]] std::string scope() const {
        std::string scope = text_;
        for (const auto& value : values_) {
            std::visit([&](const auto& each) { scope += fmt::format("|{}", each); }, value);
        }
        return scope;
    }

private:
    std::string text_;
    std::vector<std::variant<std::int64_t, std::string>> values_;
};

std::string_view column_of(PageRequest::Sort sort) noexcept {
    switch (sort) {
        case PageRequest::Sort::updated_at: return "updated_at";
        case PageRequest::Sort::priority: return "priority";
        default: return "created_at";
    }
}

struct Table {
    std::string_view name;
    std::string_view columns;
};

Result<void> check_page(const PageRequest& page) {
    if (page.page_size < 1 || page.page_size > page_size_max) {
        return fail_field(Errc::invalid_argument, "page_size",
            fmt::format("`page_size` must be 1 to {}", page_size_max));
    }
    if (page.page < 1) {
        return fail_field(Errc::invalid_argument, "page", "`page` must be 1 or more");
    }
    if (page.after.empty() && std::uint64_t{page.page} * page.page_size > reach_max) {
        return fail_field(Errc::invalid_argument, "page",
            fmt::format("pages by number end after {} rows; go on with `next`", reach_max));
    }
    return {};
}

Result<ListQuery> make_query(
    const Table& table, Where where, std::string_view key_column, const PageRequest& page) {
    BATON_TRY_VOID(check_page(page));
    ListQuery query;
    query.key_column = key_column;
    query.page_size = page.page_size;
    // The highest level has the lowest number.
    const bool falling = page.descending != (key_column == "priority");
    const std::string_view direction = falling ? "DESC" : "ASC";
    const std::string key_order =
        key_column.empty() ? std::string() : fmt::format("{} {}, ", key_column, direction);
    const std::string order = fmt::format(" ORDER BY {}id {}", key_order, direction);
    query.scope = fmt::format("{}{}{}", table.name, where.scope(), order);

    std::string place;
    if (!page.after.empty()) {
        BATON_TRY(auto cursor, parse_cursor(page.after, query.scope));
        const std::string_view word = where.text().empty() ? " WHERE" : " AND";
        const std::string_view than = falling ? "<" : ">";
        place = key_column.empty() ? fmt::format("{} id {} ?", word, than)
                                   : fmt::format("{} ({}, id) {} (?, ?)", word, key_column, than);
        if (!key_column.empty()) query.page_values.emplace_back(cursor.key);
        query.page_values.emplace_back(std::move(cursor.id));
        query.total = cursor.total;
    } else {
        query.count_sql =
            fmt::format("SELECT count(*) FROM (SELECT 1 FROM {}{} LIMIT {}) AS counted", table.name,
                where.text(), total_max);
    }
    query.page_sql = fmt::format(
        "SELECT {} FROM {}{}{}{} LIMIT ?", table.columns, table.name, where.text(), place, order);
    query.page_values.emplace_back(std::int64_t{page.page_size} + 1);
    if (page.after.empty()) {
        query.page_sql += " OFFSET ?";
        query.page_values.emplace_back((std::int64_t{page.page} - 1) * page.page_size);
    }
    query.filter_values = std::move(where.values());
    return query;
}

}  // namespace

Result<ListQuery> messages_query(const MessageFilter& filter, const PageRequest& page) {
    Where where;
    if (filter.conversation_id) where.add("conversation_id", filter.conversation_id->text);
    if (filter.user_id) where.add("user_id", filter.user_id->text);
    if (filter.status) where.add("status", static_cast<std::int64_t>(*filter.status));
    if (filter.priority) where.add("priority", static_cast<std::int64_t>(*filter.priority));
    // Inside a conversation ids give the order of creation, whatever the wall clock did.
    const bool by_id = filter.conversation_id && page.sort == PageRequest::Sort::created_at;
    return make_query({"dialog_messages", message_columns}, std::move(where),
        by_id ? std::string_view() : column_of(page.sort), page);
}

Result<ListQuery> conversations_query(const ConversationFilter& filter, const PageRequest& page) {
    Where where;
    where.add("removed_at IS NULL");
    if (filter.user_id) where.add("user_id", filter.user_id->text);
    if (filter.state) where.add("state", static_cast<std::int64_t>(*filter.state));
    return make_query(
        {"conversations", conversation_columns}, std::move(where), column_of(page.sort), page);
}

}  // namespace baton::conversations
