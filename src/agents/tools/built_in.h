// The tools that come with Baton: they work through its own queues and conversations.
#pragma once

#include <vector>

#include "agents/tool.h"
#include "agents/tools/waker.h"
#include "base/clock.h"
#include "base/id.h"
#include "conversations/conversations.h"
#include "queue/browser.h"
#include "queue/producer.h"

namespace baton::agents {

/// What the tools work with; all must outlive them.
struct BuiltInDeps {
    queue::Producer& producer;
    queue::Browser& browser;
    conversations::Conversations& conversations;
    Waker& waker;
    const Clock& clock;
    QueueName agent_queue;                             ///< messages to agents
    NewMessage (*to_work_item)(const DialogMessage&);  ///< what that queue carries
    std::vector<AgentId> agents;
};

/// How deep agents may ask agents that ask agents: a chain that goes on for ever ends there.
inline constexpr unsigned agent_depth_max = 8;

/// Where two agents talk on behalf of a conversation: it is the root's, at one depth more than the
/// one asked from. A conversation is worked on one message at a time, so that what waits for a
/// reply never waits for a conversation that is as deep as its own. Nothing when it is too deep.
[[nodiscard]] std::optional<ConversationId> side_conversation(
    const ConversationId& from, const AgentId& to);

/// send_to_agent, post_to_queue, wait_for_reply, read_conversation.
void add_built_in_tools(ToolBox& box, const BuiltInDeps& deps);

}  // namespace baton::agents
