#include "dispatch/answer.h"

#include <variant>

#include "dispatch/run_work.h"

namespace baton::dispatch {
namespace {

Task<RunEnd> answer_chat(
    const DispatchDeps& deps, const Run& run, const ChatWork& chat, Deadline deadline) {
    if (deps.pool == nullptr) {
        co_return RunEnd{
            .error = Error{.code = Errc::unsupported, .detail = "no models are configured"}};
    }
    if (run.count.attempts > 1) {
        const auto reply = co_await deps.queues.get_reply(run.id);
        if (!reply) co_return RunEnd{.error = reply.error()};
        if (*reply && chat_of_reply(**reply)) {
            co_return RunEnd{.answer = QueueReply{(*reply)->result, (*reply)->metadata}};
        }
    }
    const auto answer = co_await run_chat(*deps.pool, deps.queues, run.receipt, chat, deadline);
    if (!answer) co_return RunEnd{.error = answer.error()};
    co_return RunEnd{.answer = to_queue_reply(*answer, chat), .cost = cost_of(answer->usage)};
}

Task<RunEnd> answer_message(
    const DispatchDeps& deps, const Run& run, const DialogMessage& message, Deadline deadline) {
    const auto marked =
        co_await deps.writer.mark_processing(run.id, run.failures_before, deps.clock.now());
    // A turn that a crash kept from the store is added by the run.
    if (!marked && marked.error().code != Errc::message_not_found) {
        co_return RunEnd{.error = marked.error()};
    }
    const auto answer =
        co_await run_agent(deps.runtime, deps.queues, run.receipt, message, deadline);
    if (!answer) co_return RunEnd{.error = answer.error()};
    co_return RunEnd{.answer = to_queue_reply(*answer), .cost = cost_of(answer->usage)};
}

}  // namespace

Task<RunEnd> answer(
    const DispatchDeps& deps, const Run& run, const WorkItem& item, Deadline deadline) {
    if (const auto* chat = std::get_if<ChatWork>(&item)) {
        return answer_chat(deps, run, *chat, deadline);
    }
    return answer_message(deps, run, std::get<DialogMessage>(item), deadline);
}

}  // namespace baton::dispatch
