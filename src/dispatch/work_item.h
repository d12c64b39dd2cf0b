// What the LLM queue carries: a message to an agent as queue content, and its answer as the reply.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "conversations/conversations.h"
#include "model/conversation.h"
#include "model/message.h"

namespace baton::dispatch {

/// The queue of all messages to agents.
inline constexpr std::string_view llm_queue = "llm";

/// Content `{"v":1,"conversation_id","user_id","agent_id","content","metadata"}`; the ordering key
/// is the conversation, the fairness key the user.
[[nodiscard]] NewMessage to_work_item(const DialogMessage& message);

/// Fails: invalid_message when the content was not made by `to_work_item`.
[[nodiscard]] Result<DialogMessage> from_work_item(const MessageView& message);

/// What queue::Consumer::reply takes.
struct QueueReply {
    Bytes result{};
    std::string metadata{};
};

/// The answer's text; metadata `{"status":"completed","model","input_tokens","output_tokens"}`.
[[nodiscard]] QueueReply to_queue_reply(const DialogReply& answer);
/// No text; metadata `{"status","error"}`.
[[nodiscard]] QueueReply to_queue_reply(const conversations::FailedRun& failed);

}  // namespace baton::dispatch
