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

struct Conversation {
    ConversationId id{};
    UserId user_id{};
    std::string title{};
    ConversationState state = ConversationState::active;
    Level priority = Level::normal;
    std::string metadata{};  ///< a JSON object as text; empty: none
    std::uint64_t message_count = 0;
    TimePoint created_at{};
    TimePoint updated_at{};
    TimePoint last_active_at{};
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

}  // namespace baton
