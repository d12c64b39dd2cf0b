// What an agent remembers of a conversation when its window is too small for all of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agents/agent.h"
#include "base/result.h"
#include "conversations/summaries.h"
#include "model/chat.h"
#include "model/conversation.h"

namespace baton::agents {

/// What the model may see beside instructions and the new message.
struct Memory {
    std::string context{};  ///< of the conversation; empty: none
    std::string summary{};  ///< of what came before `history`; empty: none
    std::vector<DialogMessage> history{};
};

/// Pure. Instructions, the conversation's context and its summary as system messages, then as many
/// whole exchanges as fit, newest kept, then the new message. All but the exchanges are always in.
[[nodiscard]] std::vector<ChatMessage> build_window(
    const AgentSpec& agent, const Memory& memory, const DialogMessage& message);

/// Pure. How many of the oldest exchanges are to be summarised: none while all fit; else so many
/// that the rest fills at most half of the room, and the next summary is far.
[[nodiscard]] std::size_t summarised_count(
    const AgentSpec& agent, const Memory& memory, const DialogMessage& message);

/// Pure. The request for a summary of the first `count` exchanges and the summary before them, of
/// which the newest fit into the agent's window.
[[nodiscard]] ChatRequest summary_request(
    const AgentSpec& agent, const Memory& memory, std::size_t count);

/// Pure. What a run has gathered, cut to `room` tokens: the oldest answers go together with the
/// results of their tool calls; the last such group stays.
[[nodiscard]] std::vector<ChatMessage> fit_gathered(
    const std::vector<ChatMessage>& gathered, std::uint64_t room);

/// The memory for a run of `message`: context, the last summary, the history behind it; with
/// ContextPolicy::summarise also a new summary when the window asks for one, kept before it is
/// used. One that the model does not give is done without: then the oldest exchanges are trimmed.
/// Fails: conversation_not_found, and what the store fails with.
[[nodiscard]] Task<Result<Memory>> recall(const RuntimeDeps& deps, const AgentSpec& agent,
    const DialogMessage& message, Log log, Deadline deadline);

}  // namespace baton::agents
