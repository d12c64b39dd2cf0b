#include "model/conversation.h"

#include "model/names.h"

namespace baton {
namespace {

constexpr std::array<std::string_view, 4> state_names{
    "active", "inactive", "completed", "archived"};
constexpr std::array<std::string_view, 6> status_names{
    "pending", "processing", "completed", "failed", "timeout", "cancelled"};

// Row: from; column: to. In the order of the enum: active, inactive, completed, archived.
constexpr bool state_moves[4][4] = {
    {true, true, true, true},
    {true, true, true, true},
    {true, false, true, true},
    {false, false, false, true},
};

}  // namespace

std::string_view to_string(ConversationState state) noexcept { return name_of(state, state_names); }

Result<ConversationState> parse_conversation_state(std::string_view text) {
    return enum_from_name<ConversationState>("conversation state", text, state_names);
}

bool is_legal_move(ConversationState from, ConversationState to) noexcept {
    return state_moves[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
}

bool takes_messages(ConversationState state) noexcept {
    return state == ConversationState::active || state == ConversationState::inactive;
}

bool is_legal_move(DialogStatus from, DialogStatus to) noexcept {
    switch (from) {
        case DialogStatus::pending:
        case DialogStatus::processing: return to == DialogStatus::cancelled;
        case DialogStatus::failed:
        case DialogStatus::timeout: return to == DialogStatus::pending;
        case DialogStatus::completed:
        case DialogStatus::cancelled: return false;
    }
    return false;
}

std::string_view to_string(DialogStatus status) noexcept { return name_of(status, status_names); }

Result<DialogStatus> parse_dialog_status(std::string_view text) {
    return enum_from_name<DialogStatus>("status", text, status_names);
}

}  // namespace baton
