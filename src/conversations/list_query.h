// The SQL of a list: filters, order, and where a page begins. Pure text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "conversations/conversations.h"
#include "conversations/cursor.h"
#include "db/database.h"

namespace baton::conversations {

/// `column = value`.
struct Condition {
    std::string_view column{};
    std::variant<std::int64_t, std::string> value{};
};
[[nodiscard]] std::vector<Condition> conditions_of(const MessageFilter& filter);

/// How a list of messages with several conditions is read. No index has them all, so one of them
/// leads, and what it finds is looked through: `scan_max` rows a page at most.
struct ListPlan {
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::string_view kind{};      ///< as db::Database::kind
    std::size_t leading = none;   ///< of conditions_of
    std::optional<Cursor> end{};  ///< the last row to look at; nothing: no row is too far
};

/// One page of one table, `budgeted`. Rows come in the order of (key, id); the page is followed by
/// one row more when the list goes on.
struct ListQuery {
    std::string count_sql{};  ///< rows of the filter; empty when the cursor told the total
    std::string page_sql{};
    std::vector<std::variant<std::int64_t, std::string>> count_values{};
    std::vector<std::variant<std::int64_t, std::string>> page_values{};
    /// With a leading condition: key and id of the row that is the page's `scan_max`-th to be
    /// looked at, if there is one.
    std::string end_sql{};
    std::vector<std::variant<std::int64_t, std::string>> end_values{};
    std::optional<Cursor> end{};     ///< of the plan: where the list goes on when the page is short
    std::string scope{};             ///< what a cursor of this list belongs to
    std::string_view key_column{};   ///< "" when the id alone gives the order
    std::string_view columns{};      ///< as RowBudget wants them
    std::uint64_t total = 0;         ///< from the cursor
    bool total_is_at_least = false;  ///< from the cursor
    std::uint32_t page_size = 0;
};

/// How many rows of messages have the condition, up to `scan_max` + 1; the value is its parameter.
[[nodiscard]] std::string probe_sql(std::string_view column);

/// Fails: invalid_argument (fields `page`, `page_size`, `next`).
[[nodiscard]] Result<ListQuery> messages_query(
    const MessageFilter& filter, const PageRequest& page, const ListPlan& plan = {});
/// `kind`: as db::Database::kind.
[[nodiscard]] Result<ListQuery> conversations_query(
    const ConversationFilter& filter, const PageRequest& page, std::string_view kind = {});

}  // namespace baton::conversations
