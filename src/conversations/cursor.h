// Where a list goes on: the place of the last row that was shown, sealed so that a changed text is
// noticed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace baton::conversations {

/// The order's key and the id of the last row of a page, and the list's total when its first page
/// was made, as Page has it.
struct Cursor {
    std::int64_t key = 0;
    std::uint64_t total = 0;
    bool total_is_at_least = false;
    std::string id{};
    bool operator==(const Cursor&) const = default;
};

/// Text safe in a URL. `scope` names the list it belongs to: filter, sort and direction.
[[nodiscard]] std::string to_text(const Cursor& cursor, std::string_view scope);

/// Fails: invalid_argument (field `next`) for another text or another scope.
[[nodiscard]] Result<Cursor> parse_cursor(std::string_view text, std::string_view scope);

}  // namespace baton::conversations
