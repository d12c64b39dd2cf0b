#include "service/conversation_service.h"

#include <string>
#include <utility>

#include <fmt/core.h>

#include "dispatch/reconciler.h"
#include "dispatch/work_item.h"
#include "runtime/event.h"
#include "service/checks.h"
#include "service/dialog_checks.h"

namespace baton::service {

using access::Identity;

namespace {

// How long the end of a run may take from the queue to the row, in one daemon or between two.
constexpr Duration end_patience{500};
constexpr Duration recheck{10};

}  // namespace

Task<Result<void>> ConversationService::check_visible(ConversationId id) {
    BATON_CO_TRY(const auto found, co_await conversations_.get(std::move(id)));
    if (!is_over(found, idle_time_, deps_.clock.now())) co_return Result<void>();
    co_return fail(Errc::conversation_not_found, "no such conversation");
}

Task<Result<Conversation>> ConversationService::change(
    const Identity& who, ConversationId id, conversations::ConversationChange change) {
    BATON_CO_TRY_VOID(allow(who));
    if (change.title) {
        BATON_CO_TRY_VOID(check_title(*change.title));
    }
    if (change.context) {
        BATON_CO_TRY_VOID(check_context(*change.context));
    }
    if (change.metadata) {
        BATON_CO_TRY_VOID(check_metadata(*change.metadata));
    }
    if (change.changes_expiry) {
        BATON_CO_TRY_VOID(check_expiry(change.expires_at, deps_.clock.now()));
    }
    BATON_CO_TRY_VOID(co_await check_visible(id));
    auto changing = deps_.keeper.change(std::move(id), std::move(change), deps_.clock.now());
    co_return co_await std::move(changing);
}

Task<Result<void>> ConversationService::remove(const Identity& who, ConversationId id) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(co_await check_visible(id));
    auto removing = deps_.keeper.remove(id, deps_.clock.now());
    BATON_CO_TRY_VOID(co_await std::move(removing));
    BATON_CO_TRY(const auto deleted, co_await clear_conversation(deps_, id));
    static_cast<void>(deleted);
    co_return Result<void>();
}

/// A message that has just become a dead letter is `failed` for everybody who looks, while its row
/// is written a moment later. Who acts on it does so behind that write, or it would undo the act.
Task<Result<DialogMessage>> ConversationService::settled(MessageId id) {
    const Deadline patience = Deadline::after(end_patience);
    while (true) {
        BATON_CO_TRY(auto message, co_await conversations_.get_message(id));
        if (is_final(message.status)) co_return message;
        const auto queued = co_await deps_.queues.get(id);
        if (!queued || queued->state != MessageState::dead) co_return message;
        if (patience.expired()) {
            // Its scheduler is gone, and nobody has repaired it yet.
            conversations::FailedRun end{.id = id,
                .status = dispatch::status_of_dead(queued->dead_reason),
                .error = queued->dead_reason,
                .retry_count = queued->failures,
                .at = deps_.clock.now()};
            BATON_CO_TRY_VOID(co_await deps_.writer.fail(std::move(end)));
            co_return co_await conversations_.get_message(id);
        }
        const Deadline soon = Deadline::after(recheck).min(patience);
        co_await sleep_until(soon);
    }
}

Task<Result<void>> ConversationService::try_again(MessageId id) {
    RedriveRequest request;
    request.queue = QueueName(std::string(dispatch::llm_queue));
    request.ids.push_back(id);
    BATON_CO_TRY(const auto redriven, co_await deps_.queues.redrive(std::move(request)));
    if (redriven == 0) {
        co_return fail_field(
            Errc::conflict, "status", "the queue has no dead letter of this message");
    }
    co_return co_await deps_.keeper.reopen(id, deps_.clock.now());
}

Task<Result<DialogMessage>> ConversationService::set_status(
    const Identity& who, MessageId id, DialogStatus status) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY(const auto message, co_await settled(id));
    if (message.status == status) co_return message;
    if (!is_legal_move(message.status, status)) {
        co_return fail_field(Errc::conflict, "status",
            fmt::format("a message that is {} cannot be set to {}", to_string(message.status),
                to_string(status)));
    }
    auto moving = status == DialogStatus::cancelled ? cancel_message(deps_, id) : try_again(id);
    BATON_CO_TRY_VOID(co_await std::move(moving));
    co_return co_await conversations_.get_message(id);
}

Task<Result<void>> ConversationService::delete_message(const Identity& who, MessageId id) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY(const auto message, co_await conversations_.get_message(id));
    if (message.status == DialogStatus::failed || message.status == DialogStatus::timeout) {
        BATON_CO_TRY_VOID(co_await cancel_message(deps_, id));  // its dead letter
    }
    co_return co_await deps_.keeper.delete_message(id);
}

}  // namespace baton::service
