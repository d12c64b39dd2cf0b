// The SQL of a list: filters, order, and where a page begins. Pure text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "conversations/conversations.h"
#include "conversations/cursor.h"
#include "db/database.h"

namespace baton::conversations {

/// One page of one table. Rows come in the order of (key, id); the page is followed by one row more
/// when the list goes on.
struct ListQuery {
    std::string count_sql{};  ///< rows of the filter; empty when the cursor told the total
    std::string page_sql{};
    std::vector<std::variant<std::int64_t, std::string>> filter_values{};
    std::vector<std::variant<std::int64_t, std::string>>
        page_values{};              ///< after those of the filter
    std::string scope{};            ///< what a cursor of this list belongs to
    std::string_view key_column{};  ///< "" when the id alone gives the order
    std::uint64_t total = 0;        ///< from the cursor
    std::uint32_t page_size = 0;
};

/// Fails: invalid_argument (fields `page`, `page_size`, `next`).
[[nodiscard]] Result<ListQuery> messages_query(
    const MessageFilter& filter, const PageRequest& page);
[[nodiscard]] Result<ListQuery> conversations_query(
    const ConversationFilter& filter, const PageRequest& page);

}  // namespace baton::conversations
