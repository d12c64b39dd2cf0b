#include "service/dialog_checks.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"

namespace baton::service {
namespace {

constexpr std::string_view anonymous = "anonymous";

bool is_control(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

bool has_control(std::string_view text) { return std::ranges::any_of(text, is_control); }

/// Of one line.
Result<void> check_line(std::string_view field, std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max && is_utf8(text) && !has_control(text)) return {};
    return fail_field(Errc::invalid_argument, std::string(field),
        fmt::format(
            "{} is at most {} bytes of UTF-8 without control characters", field, bytes_max));
}

}  // namespace

Result<UserId> checked_user(std::optional<UserId> user) {
    if (!user) return UserId(std::string(anonymous));
    if (user->empty() || user->text.size() > MessageLimits::user_id_max || !is_utf8(user->view()) ||
        has_control(user->view())) {
        return fail_field(Errc::invalid_argument, "user_id",
            fmt::format("a user id is 1 to {} bytes of UTF-8 without control characters",
                MessageLimits::user_id_max));
    }
    return *std::move(user);
}

Result<void> check_metadata(std::string_view metadata) {
    if (metadata.size() <= baton::MessageLimits::metadata_max) return {};
    return fail_field(Errc::invalid_argument, "metadata",
        fmt::format("metadata is {} bytes as JSON, and may be {}", metadata.size(),
            baton::MessageLimits::metadata_max));
}

Result<void> check_content(std::string_view content) {
    if (content.empty()) {
        return fail_field(Errc::invalid_message, "content", "content cannot be empty");
    }
    if (content.size() > MessageLimits::content_max) {
        return fail_field(Errc::message_too_large, "content",
            fmt::format(
                "content is {} bytes, and may be {}", content.size(), MessageLimits::content_max));
    }
    if (!is_utf8(content)) {
        return fail_field(Errc::invalid_utf8, "content", "content is not UTF-8");
    }
    return {};
}

Result<void> check_title(std::string_view title) {
    return check_line("title", title, MessageLimits::title_max);
}

Result<void> check_context(std::string_view context) {
    const bool is_text = std::ranges::none_of(
        context, [](char c) { return is_control(c) && c != '\n' && c != '\r' && c != '\t'; });
    if (context.size() <= MessageLimits::context_max && is_utf8(context) && is_text) return {};
    return fail_field(Errc::invalid_argument, "context",
        fmt::format("context is at most {} bytes of text in UTF-8", MessageLimits::context_max));
}

Result<void> check_tier(std::string_view tier) {
    return check_line("tier", tier, MessageLimits::tier_max);
}

Result<void> check_expiry(const std::optional<TimePoint>& expires_at, TimePoint now) {
    if (!expires_at || *expires_at > now) return {};
    return fail_field(Errc::invalid_argument, "expires_at", "expires_at must be in the future");
}

Result<void> check_page(const PageRequest& page) {
    if (page.page < 1) {
        return fail_field(Errc::invalid_argument, "page", "pages are counted from 1");
    }
    if (page.page_size < 1 || page.page_size > MessageLimits::page_size_max) {
        return fail_field(Errc::invalid_argument, "page_size",
            fmt::format("page_size is {}, and must be 1 to {}", page.page_size,
                MessageLimits::page_size_max));
    }
    return {};
}

bool is_over(const Conversation& conversation, Duration idle_time, TimePoint now) noexcept {
    if (conversation.expires_at) return *conversation.expires_at <= now;
    return idle_time > Duration(0) && conversation.last_active_at + idle_time < now;
}

}  // namespace baton::service
