#include "dispatch/reconciler.h"

#include <optional>
#include <utility>

#include "dispatch/work_item.h"

namespace baton::dispatch {
namespace {

/// How a message that the queue no longer works on ended; nothing while the queue has it in hand.
std::optional<conversations::FailedRun> ending_of(const Result<MessageView>& found) {
    using conversations::FailedRun;
    if (!found) {
        return FailedRun{.id = {},
            .status = DialogStatus::cancelled,
            .error = "its queue message is gone",
            .retry_count = 0,
            .at = {}};
    }
    FailedRun run{.id = found->id,
        .status = DialogStatus::failed,
        .error = {},
        .retry_count = found->failures,
        .at = {}};
    switch (found->state) {
        case MessageState::scheduled:
        case MessageState::ready:
        case MessageState::leased: return std::nullopt;
        case MessageState::dead:
            run.error = found->dead_reason;
            run.status = status_of_dead(found->dead_reason);
            break;
        case MessageState::done:
            run.error = "its queue message was finished without an answer";
            break;
        case MessageState::cancelled:
            run.status = DialogStatus::cancelled;
            run.error = "cancelled";
            break;
        case MessageState::expired:
            run.status = DialogStatus::timeout;
            run.error = "expired while it waited";
            break;
    }
    return run;
}

}  // namespace

DialogStatus status_of_dead(std::string_view reason) noexcept {
    return reason.starts_with(to_string(Errc::deadline_exceeded)) ? DialogStatus::timeout
                                                                  : DialogStatus::failed;
}

Task<Result<Reconciled>> Reconciler::run() {
    // In this order: a dead message whose turn is missing needs the turn before it can be marked
    // failed.
    BATON_CO_TRY(const std::uint64_t added, co_await add_missing());
    BATON_CO_TRY(Reconciled done, co_await finish_gone());
    done.added = added;
    co_return done;
}

Task<Result<std::uint64_t>> Reconciler::add_missing() {
    std::uint64_t added = 0;
    queue::PeekRequest request{.queue = QueueName(std::string(llm_queue)), .limit = page_size};
    while (true) {
        BATON_CO_TRY(const auto page, co_await queue_.peek(request));
        for (const auto& message : page.messages) {
            auto dialog = from_work_item(message);
            if (!dialog) continue;  // not a work item: its run will say so
            const auto is_new = co_await conversations_.add_message(*std::move(dialog));
            if (!is_new && is_new.error().code == Errc::conversation_not_found) {
                BATON_CO_TRY_VOID(co_await drop(message.id));
                continue;
            }
            if (!is_new) co_return fail(is_new.error());
            if (*is_new) ++added;
        }
        if (!page.more) co_return added;
        request.after_seq = page.messages.back().id.seq;
    }
}

Task<Result<void>> Reconciler::drop(MessageId id) {
    auto cancelled = co_await queue_.cancel(id);
    const bool is_gone = !cancelled && cancelled.error().code == Errc::message_not_found;
    if (is_gone) co_return Result<void>();
    co_return cancelled;
}

Task<Result<Reconciled>> Reconciler::finish_gone() {
    Reconciled done;
    std::optional<MessageId> after;
    while (true) {
        BATON_CO_TRY(const auto page, co_await writer_.unfinished(after, page_size));
        for (const MessageId id : page) {
            BATON_CO_TRY(const bool finished, co_await finish_if_gone(id));
            ++(finished ? done.finished : done.waiting);
        }
        if (page.size() < page_size) co_return done;
        after = page.back();
    }
}

Task<Result<bool>> Reconciler::finish_if_gone(MessageId id) {
    const auto found = co_await queue_.get(id);
    if (!found && found.error().code != Errc::message_not_found &&
        found.error().code != Errc::queue_not_found) {
        co_return fail(found.error());
    }
    auto ending = ending_of(found);
    if (!ending) co_return false;
    ending->id = id;
    ending->at = clock_.now();
    BATON_CO_TRY_VOID(co_await writer_.fail(*std::move(ending)));
    co_return true;
}

}  // namespace baton::dispatch
