// What may be said about messages, conversations and users; and when a conversation is over.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "model/conversation.h"
#include "service/message_service.h"

namespace baton::service {

/// Absent: "anonymous". Fails: invalid_argument (field user_id).
[[nodiscard]] Result<UserId> checked_user(std::optional<UserId> user);

// Each fails with invalid_argument and its field; content also with invalid_message,
// message_too_large and invalid_utf8.
[[nodiscard]] Result<void> check_content(std::string_view content);
[[nodiscard]] Result<void> check_metadata(std::string_view metadata);
[[nodiscard]] Result<void> check_title(std::string_view title);
/// Text of several lines; other control characters are refused.
[[nodiscard]] Result<void> check_context(std::string_view context);
[[nodiscard]] Result<void> check_tier(std::string_view tier);
[[nodiscard]] Result<void> check_expiry(const std::optional<TimePoint>& expires_at, TimePoint now);
[[nodiscard]] Result<void> check_page(const PageRequest& page);

/// Whether its time, or with `idle_time` (0: none) its rest, has come to an end.
[[nodiscard]] bool is_over(
    const Conversation& conversation, Duration idle_time, TimePoint now) noexcept;

}  // namespace baton::service
