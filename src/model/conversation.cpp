#include "model/conversation.h"

#include "model/names.h"

namespace baton {
namespace {

constexpr std::array<std::string_view, 4> state_names{
    "active", "inactive", "completed", "archived"};
constexpr std::array<std::string_view, 6> status_names{
    "pending", "processing", "completed", "failed", "timeout", "cancelled"};

}  // namespace

std::string_view to_string(ConversationState state) noexcept { return name_of(state, state_names); }

Result<ConversationState> parse_conversation_state(std::string_view text) {
    return enum_from_name<ConversationState>("conversation state", text, state_names);
}

std::string_view to_string(DialogStatus status) noexcept { return name_of(status, status_names); }

Result<DialogStatus> parse_dialog_status(std::string_view text) {
    return enum_from_name<DialogStatus>("status", text, status_names);
}

}  // namespace baton
