#include "conversations/list_query.h"

#include <utility>

#include <fmt/core.h>

#include "conversations/answer_rows.h"
#include "conversations/rows.h"

namespace baton::conversations {
namespace {

constexpr std::uint32_t page_size_max = 100;
// Counting costs what it counts, and a page by number all that is before it: both end here.
constexpr std::uint64_t total_max = ListLimits::total_max;
constexpr std::uint64_t reach_max = ListLimits::reach_max;

using Values = std::vector<std::variant<std::int64_t, std::string>>;

/// The conditions of a filter, and those of a page.
class Where final {
public:
    /// A condition without a value.
    void add(std::string_view condition) {
        text_ += fmt::format("{}{}", text_.empty() ? " WHERE " : " AND ", condition);
    }
    void add(std::string_view column, std::variant<std::int64_t, std::string> value) {
        add(fmt::format("{} = ?", column));
        values_.push_back(std::move(value));
    }
    /// Rows that stand before or after a place, or on it.
    void add_place(std::string_view key_column, std::string_view than, const Cursor& place) {
        if (key_column.empty()) {
            add(fmt::format("id {} ?", than));
        } else {
            add(fmt::format("({}, id) {} (?, ?)", key_column, than));
            values_.emplace_back(place.key);
        }
        values_.emplace_back(place.id);
    }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] const Values& values() const noexcept { return values_; }

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
    Values values_;
};

std::string_view column_of(PageRequest::Sort sort) noexcept {
    switch (sort) {
        case PageRequest::Sort::updated_at: return "updated_at";
        case PageRequest::Sort::priority: return "priority";
        default: return "created_at";
    }
}

struct Table {
    std::string_view kind;  ///< of its database
    std::string_view name;
    std::string_view columns;
    std::string_view texts;  ///< as AnswerSql
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

/// The column as an expression that no index has, so that the leading one is taken.
std::string unindexed(std::string_view column, const std::variant<std::int64_t, std::string>& value,
    std::string_view kind) {
    if (kind == "sqlite") return fmt::format("+{}", column);
    return value.index() == 0 ? fmt::format("{} + 0", column) : fmt::format("{} || ''", column);
}

/// What a list shows, in which order.
struct Order {
    std::string_view key_column;
    bool falling = false;

    Order(std::string_view key, bool descending) noexcept
        // The highest level has the lowest number.
        : key_column(key), falling(descending != (key == "priority")) {}

    [[nodiscard]] std::string text() const {
        const std::string_view direction = falling ? "DESC" : "ASC";
        const std::string key =
            key_column.empty() ? std::string() : fmt::format("{} {}, ", key_column, direction);
        return fmt::format(" ORDER BY {}id {}", key, direction);
    }
    [[nodiscard]] std::string_view behind() const noexcept { return falling ? "<" : ">"; }
    [[nodiscard]] std::string_view up_to() const noexcept { return falling ? ">=" : "<="; }
};

/// `where` is read in the database, `leading` finds the rows that are looked through.
struct Wheres {
    Where named;       ///< what a cursor belongs to
    Where where;       ///< the same as the database reads it
    Where leading;     ///< empty: all of them
    Where rest;        ///< what `leading` leaves out
    std::string kept;  ///< columns of `rest`, empty: it is empty
};

/// How many rows the filter has, of those up to `end`. The rest is looked at outside of what leads,
/// so that a planner that guesses how much is left does not read all that leads.
void count(ListQuery& query, const Table& table, Wheres wheres, const Order& order) {
    Where& inner = wheres.kept.empty() ? wheres.where : wheres.leading;
    if (query.end) inner.add_place(order.key_column, order.up_to(), *query.end);
    query.count_sql =
        fmt::format("SELECT count(*) FROM (SELECT {} FROM {}{} LIMIT {}) AS looked_at{}",
            wheres.kept.empty() ? "1" : wheres.kept, table.name, inner.text(),
            wheres.kept.empty() ? total_max : ListLimits::scan_max, wheres.rest.text());
    query.count_values = inner.values();
    query.count_values.insert(
        query.count_values.end(), wheres.rest.values().begin(), wheres.rest.values().end());
}

Result<ListQuery> make_query(const Table& table, Wheres wheres, const Order& order,
    const PageRequest& page, const std::optional<Cursor>& end) {
    BATON_TRY_VOID(check_page(page));
    ListQuery query;
    query.key_column = order.key_column;
    query.columns = table.columns;
    query.page_size = page.page_size;
    query.end = end;
    query.scope = fmt::format("{}{}{}", table.name, wheres.named.scope(), order.text());
    if (!page.after.empty()) {
        BATON_TRY(const auto cursor, parse_cursor(page.after, query.scope));
        wheres.where.add_place(order.key_column, order.behind(), cursor);
        wheres.leading.add_place(order.key_column, order.behind(), cursor);
        query.total = cursor.total;
        query.total_is_at_least = cursor.total_is_at_least;
    } else {
        count(query, table, wheres, order);
    }
    query.end_sql = fmt::format("SELECT {}, id FROM {}{}{} LIMIT 1 OFFSET {}",
        order.key_column.empty() ? "0" : order.key_column, table.name, wheres.leading.text(),
        order.text(), ListLimits::scan_max - 1);
    query.end_values = wheres.leading.values();
    if (end) wheres.where.add_place(order.key_column, order.up_to(), *end);
    query.page_sql = fmt::format("SELECT {} FROM {}{}{} LIMIT ?", table.columns, table.name,
        wheres.where.text(), order.text());
    query.page_values = wheres.where.values();
    query.page_values.emplace_back(std::int64_t{page.page_size} + 1);
    if (page.after.empty()) {
        query.page_sql += " OFFSET ?";
        query.page_values.emplace_back((std::int64_t{page.page} - 1) * page.page_size);
    }
    query.page_sql = budgeted(table.kind, {.columns = table.columns,
                                              .texts = table.texts,
                                              .order = order.text(),
                                              .sql = std::move(query.page_sql)});
    return query;
}

}  // namespace

std::vector<Condition> conditions_of(const MessageFilter& filter) {
    std::vector<Condition> all;
    if (filter.conversation_id) all.push_back({"conversation_id", filter.conversation_id->text});
    if (filter.user_id) all.push_back({"user_id", filter.user_id->text});
    if (filter.status) all.push_back({"status", static_cast<std::int64_t>(*filter.status)});
    if (filter.priority) all.push_back({"priority", static_cast<std::int64_t>(*filter.priority)});
    return all;
}

std::string probe_sql(std::string_view column) {
    return fmt::format(
        "SELECT count(*) FROM (SELECT 1 FROM dialog_messages WHERE {} = ? LIMIT {}) AS counted",
        column, ListLimits::scan_max + 1);
}

Result<ListQuery> messages_query(
    const MessageFilter& filter, const PageRequest& page, const ListPlan& plan) {
    const auto conditions = conditions_of(filter);
    Order order(column_of(page.sort), page.descending);
    // Inside a conversation ids give the order of creation, whatever the wall clock did; inside a
    // level they are all there is.
    const bool is_one_level = filter.priority && order.key_column == "priority";
    const bool is_one_chat = filter.conversation_id && page.sort == PageRequest::Sort::created_at;
    if (is_one_level || is_one_chat) order.key_column = {};
    Wheres wheres;
    for (std::size_t i = 0; i < conditions.size(); ++i) {
        const auto& [column, value] = conditions[i];
        wheres.named.add(column, value);
        // An order by level has the level in its indexes.
        const bool leads = plan.leading == ListPlan::none || plan.leading == i ||
                           (is_one_level && column == "priority");
        if (leads) {
            wheres.leading.add(column, value);
        } else {
            wheres.rest.add(column, value);
            wheres.kept += fmt::format("{}{}", wheres.kept.empty() ? "" : ", ", column);
        }
        wheres.where.add(leads ? std::string(column) : unindexed(column, value, plan.kind), value);
    }
    const Table table{plan.kind, "dialog_messages", message_columns, message_texts};
    return make_query(table, std::move(wheres), order, page, plan.end);
}

Result<ListQuery> conversations_query(
    const ConversationFilter& filter, const PageRequest& page, std::string_view kind) {
    Where where;
    where.add("removed_at IS NULL");
    if (filter.user_id) where.add("user_id", filter.user_id->text);
    if (filter.state) where.add("state", static_cast<std::int64_t>(*filter.state));
    const Order order(column_of(page.sort), page.descending);
    const Table table{kind, "conversations", conversation_columns, conversation_texts};
    return make_query(table,
        {.named = where, .where = where, .leading = {}, .rest = {}, .kept = {}}, order, page,
        std::nullopt);
}

}  // namespace baton::conversations
