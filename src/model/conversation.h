// Conversations and their turns: what people see of the messages that went through.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "model/chat.h"
#include "model/message.h"

namespace baton {

enum class ConversationState : std::uint8_t { active, inactive, completed, archived };
[[nodiscard]] std::string_view to_string(ConversationState state) noexcept;
/// Fails: invalid_argument.
[[nodiscard]] Result<ConversationState> parse_conversation_state(std::string_view text);
/// Whether a conversation may go from one state to the other: to where it is always; archived ones
/// stay so, completed ones may be opened again.
[[nodiscard]] bool is_legal_move(ConversationState from, ConversationState to) noexcept;
/// Whether messages may be sent to it: to active and inactive ones (which then are active).
[[nodiscard]] bool takes_messages(ConversationState state) noexcept;

struct Conversation {
    ConversationId id{};
    UserId user_id{};
    std::string title{};
    std::string context{};  ///< what agents are told beside their instructions; empty: nothing
    ConversationState state = ConversationState::active;
    Level priority = Level::normal;
    std::string metadata{};  ///< a JSON object as text; empty: none
    std::uint64_t message_count = 0;
    TimePoint created_at{};
    TimePoint updated_at{};
    TimePoint last_active_at{};
    std::optional<TimePoint> expires_at{};  ///< absent: when it was idle for as long as configured
    bool operator==(const Conversation&) const = default;
};

/// The life of a message sent to an agent.
enum class DialogStatus : std::uint8_t {
    pending,
    processing,
    completed,
    failed,
    timeout,
    cancelled
};
[[nodiscard]] std::string_view to_string(DialogStatus status) noexcept;
[[nodiscard]] Result<DialogStatus> parse_dialog_status(std::string_view text);

/// Whether somebody may set the one status where the other is: an unfinished message may be
/// cancelled, one that failed may be tried again (pending).
[[nodiscard]] bool is_legal_move(DialogStatus from, DialogStatus to) noexcept;

/// The agent's answer to a message.
struct DialogReply {
    std::string content{};
    std::string model{};
    TokenUsage usage{};
    TimePoint created_at{};
    bool operator==(const DialogReply&) const = default;
};

/// A message of a user to an agent, and what became of it. One row for both turns: the id is the
/// queue message's, so writing it twice changes nothing.
struct DialogMessage {
    MessageId id{};
    ConversationId conversation_id{};
    UserId user_id{};
    AgentId agent_id{};
    std::string content{};
    Level priority = Level::normal;
    DialogStatus status = DialogStatus::pending;
    std::uint32_t retry_count = 0;
    std::string metadata{};  ///< a JSON object as text; empty: none
    std::string error{};     ///< why it failed; empty otherwise
    TimePoint created_at{};
    TimePoint updated_at{};
    std::optional<TimePoint> completed_at{};
    std::optional<DialogReply> reply{};
    bool operator==(const DialogMessage&) const = default;
};

/// Who sends messages. Any id may; a record says what is known of one.
struct User {
    UserId id{};
    std::string tier{};  ///< for rules that look at it; empty: none
    /// How many messages may be sent; 0: any number, absent: as configured.
    std::optional<std::uint32_t> messages_per_minute{};
    std::optional<std::uint32_t> messages_per_day{};
    std::string metadata{};  ///< a JSON object as text; empty: none
    TimePoint created_at{};
    TimePoint updated_at{};
    bool operator==(const User&) const = default;
};

}  // namespace baton
