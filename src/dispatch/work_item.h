// What the LLM queue carries, as queue content, output and reply: messages to agents, and chats
// with a model as they are.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "conversations/conversations.h"
#include "model/chat.h"
#include "model/conversation.h"
#include "model/message.h"

namespace baton::dispatch {

/// The queue of all work for models.
inline constexpr std::string_view llm_queue = "llm";

/// What a message counts for in its user's and its level's share (header `baton-cost`): about so
/// many tokens, until the run has told how many they were.
///
/// Content `{"v":1,"conversation_id","user_id","agent_id","content","metadata"}`; the ordering key
/// is the conversation, the fairness key the user.
[[nodiscard]] NewMessage to_work_item(const DialogMessage& message);

/// A chat with a model as it is: no agent, no conversation of ours.
struct ChatWork {
    TenantId tenant{};
    std::string session{};  ///< see llm::Asker; empty: none
    ChatRequest request{};
    std::string echo{};          ///< a JSON object that the answer keeps; empty: none
    bool keeps_context = false;  ///< the answer keeps the messages it is an answer to
    bool operator==(const ChatWork&) const = default;
};

/// Content `{"v":1,"kind":"chat","tenant","session","request":{…},"echo","keeps_context"}`, the
/// request as in model/chat_json.h, the last two only when they are set; the fairness key is the
/// tenant.
[[nodiscard]] NewMessage to_work_item(const ChatWork& work, Level priority);

using WorkItem = std::variant<DialogMessage, ChatWork>;

/// Fails: invalid_message when the content was not made by `to_work_item`.
[[nodiscard]] Result<WorkItem> parse_work_item(const MessageView& message);
/// Of a message to an agent only. Fails: invalid_message when it is anything else.
[[nodiscard]] Result<DialogMessage> from_work_item(const MessageView& message);

/// One event of a chat's output: the delta as in model/chat_json.h, or an array of several that
/// were said while the store was busy. Events of a later attempt (OutputEvent::attempt) begin the
/// answer anew: what earlier ones said is no part of it.
[[nodiscard]] Bytes to_output_event(std::span<const ChatDelta> deltas);
/// Fails: invalid_message.
[[nodiscard]] Result<std::vector<ChatDelta>> deltas_of_event(const Bytes& event);

/// What queue::Consumer::reply takes.
struct QueueReply {
    Bytes result{};
    std::string metadata{};
    /// The same without what it keeps of the request, for when that is too large; empty: it keeps
    /// nothing.
    Bytes bare{};
};
/// What a run cost, as queue::Charge takes it.
[[nodiscard]] std::uint32_t cost_of(const TokenUsage& usage) noexcept;

/// The answer's text; metadata `{"status":"completed","model","input_tokens","output_tokens"}`.
[[nodiscard]] QueueReply to_queue_reply(const DialogReply& answer);
/// No text; metadata `{"status","error"}`.
[[nodiscard]] QueueReply to_queue_reply(const conversations::FailedRun& failed);

/// The answer as in model/chat_json.h; metadata as of an agent's answer.
[[nodiscard]] QueueReply to_queue_reply(const ChatResult& result);
/// The same with what `work` wants kept: `"echo":{…}`, `"context":[…]`.
[[nodiscard]] QueueReply to_queue_reply(const ChatResult& result, const ChatWork& work);
/// Of a chat that is dead: `{"error":{"code","message","details","retry_after_ms"}}`, metadata
/// `{"status":"failed"|"timeout","error"}`. So who waits for the reply hears of it at once.
[[nodiscard]] QueueReply to_queue_reply(const Error& error);
/// What a chat's reply says: the answer, or the error it failed with. Fails also: protocol_error
/// for a reply of another kind.
[[nodiscard]] Result<ChatResult> chat_of_reply(const Reply& reply);

/// What a chat's reply keeps of its request.
struct KeptRequest {
    std::string echo{};                                 ///< empty: none
    std::optional<std::vector<ChatMessage>> context{};  ///< without the answer; absent: not kept
};
/// Nothing of a reply that keeps nothing, or is of another kind.
[[nodiscard]] KeptRequest kept_of_reply(const Reply& reply);

}  // namespace baton::dispatch
