// Messages to agents and their conversations over the public API, typed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/connection.h"
#include "model/conversation.h"
#include "model/run_trace.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::client {

/// A message for an agent; what is empty the daemon chooses.
struct OutgoingMessage {
    std::string content{};
    ConversationId conversation_id{};
    UserId user_id{};
    AgentId agent_id{};
    Level priority = Level::normal;
    std::string metadata{};  ///< a JSON object as text
};

/// Some steps of a run, in their order.
struct StepList {
    std::vector<TracedStep> steps{};
    std::optional<std::uint32_t> next{};  ///< the `after` of the next ones; absent: none
};

/// Called each time a waiting call has looked and found no end yet.
using WaitProgress = std::function<void(const DialogMessage& message)>;

/// Safe to use from any thread. Every method fails as Connection::call and as the daemon answers.
/// `connection` must outlive it.
class DialogClient final {
public:
    explicit DialogClient(Connection& connection) noexcept : connection_(connection) {}

    /// Durable on return. Fails: invalid_message, message_too_large, conversation_not_found,
    /// queue_full.
    [[nodiscard]] Task<Result<DialogMessage>> send(OutgoingMessage message);

    /// Fails: message_not_found.
    [[nodiscard]] Task<Result<DialogMessage>> get(MessageId id);

    /// The message once it is completed, failed, timed out or cancelled. Asks again when the daemon
    /// goes away meanwhile, since the message does not. Fails: deadline_exceeded,
    /// message_not_found.
    [[nodiscard]] Task<Result<DialogMessage>> wait(
        MessageId id, Deadline deadline, WaitProgress progress = {});

    /// What its run has done, behind the step `after`; at most `limit` (1..100).
    /// Fails: message_not_found.
    [[nodiscard]] Task<Result<StepList>> steps(
        MessageId id, std::optional<std::uint32_t> after, std::uint32_t limit);

    /// Fails: conversation_not_found.
    [[nodiscard]] Task<Result<Conversation>> conversation(ConversationId id);
    /// Latest first, at most 100.
    [[nodiscard]] Task<Result<std::vector<Conversation>>> conversations(std::uint32_t limit);
    /// The last `limit` (≤ 100) messages with their answers, oldest first; none for an unknown
    /// conversation.
    [[nodiscard]] Task<Result<std::vector<DialogMessage>>> history(
        ConversationId id, std::uint32_t limit);

private:
    [[nodiscard]] Task<Result<DialogMessage>> look(MessageId id, std::chrono::milliseconds wait);

    Connection& connection_;
};

}  // namespace baton::client
