// Changing and ending conversations and messages to agents, as every protocol reaches it.
#pragma once

#include "access/access.h"
#include "base/clock.h"
#include "base/result.h"
#include "conversations/conversations.h"
#include "queue/queues.h"
#include "service/conversation_ending.h"

namespace baton::service {

/// Permission as everywhere: who has a key may. Safe to use from any thread; tasks resume on the
/// caller's executor. `who` and the service must outlive the task.
class ConversationService final {
public:
    /// What `deps` names must outlive the service.
    /// `idle_time`: as MessageServiceConfig::idle_time.
    ConversationService(const EndingDeps& deps, conversations::Conversations& conversations,
        Duration idle_time = Duration(0))
        : deps_(deps), conversations_(conversations), idle_time_(idle_time) {}

    /// Fails: conversation_not_found, conflict (no legal move, see is_legal_move), invalid_argument
    /// with the field.
    [[nodiscard]] Task<Result<Conversation>> change(
        const access::Identity& who, ConversationId id, conversations::ConversationChange change);

    /// Hides it at once, cancels its runs, deletes its messages. What a failure leaves behind the
    /// sweeper ends. Fails: conversation_not_found.
    [[nodiscard]] Task<Result<void>> remove(const access::Identity& who, ConversationId id);

    /// `cancelled` takes an unfinished message out of the queue and ends its run, `pending` has a
    /// dead letter tried again; of one that has died this moment, half a second later at most.
    /// Fails: message_not_found; conflict (no legal move, or the queue no longer has the message).
    [[nodiscard]] Task<Result<DialogMessage>> set_status(
        const access::Identity& who, MessageId id, DialogStatus status);

    /// A finished message, with its answer and its steps. Fails: message_not_found, conflict (not
    /// finished: cancel it first).
    [[nodiscard]] Task<Result<void>> delete_message(const access::Identity& who, MessageId id);

private:
    /// Fails: conversation_not_found, also when it is over and not swept yet.
    [[nodiscard]] Task<Result<void>> check_visible(ConversationId id);
    [[nodiscard]] Task<Result<DialogMessage>> settled(MessageId id);
    [[nodiscard]] Task<Result<void>> try_again(MessageId id);

    EndingDeps deps_;
    conversations::Conversations& conversations_;
    Duration idle_time_;
};

}  // namespace baton::service
