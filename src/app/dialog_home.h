// Messages to agents, conversations and users of this daemon: the services, and what goes on beside
// requests (ends of conversations, samples of queues).
#pragma once

#include <cstddef>
#include <memory>

#include "agents/agent.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/log.h"
#include "conversations/conversations.h"
#include "queue/queues.h"
#include "runtime/io_pool.h"
#include "service/conversation_service.h"
#include "service/message_service.h"
#include "service/queue_history.h"
#include "service/search_service.h"
#include "service/trace_service.h"
#include "service/user_service.h"

namespace baton::app {

class DialogHome {
public:
    virtual ~DialogHome() = default;
    [[nodiscard]] virtual service::MessageService& messages() = 0;
    [[nodiscard]] virtual service::TraceService& traces() = 0;
    [[nodiscard]] virtual service::ConversationService& conversations() = 0;
    [[nodiscard]] virtual service::UserService& users() = 0;
    [[nodiscard]] virtual service::SearchService& search() = 0;
    [[nodiscard]] virtual service::QueueHistory& history() = 0;
    /// Ends what goes on beside requests, and the waits of those who wait for a message. Blocks.
    /// Call once, before the queues stop.
    virtual void stop() = 0;
};

/// The references must outlive the result; its tasks run on `executor` of `io`.
[[nodiscard]] std::unique_ptr<DialogHome> open_dialogs(const Config& config, queue::Queues& queues,
    conversations::Store& store, const agents::Runtime& agents, IoPool& io, std::size_t executor,
    const Clock& clock, const Log& log);

}  // namespace baton::app
