#include "dispatch/settlement.h"

#include <utility>

#include "dispatch/reconciler.h"

namespace baton::dispatch {
namespace {

constexpr std::string_view stopping_reason = "daemon stopping";

}  // namespace

Error error_of_reason(std::string_view reason) {
    const auto colon = reason.find(": ");
    const auto name = reason.substr(0, colon);
    const Errc code = errc_from_name(name);
    if (colon == std::string_view::npos || to_string(code) != name) {
        return {.code = Errc::unavailable, .detail = std::string(reason)};
    }
    return {.code = code, .detail = std::string(reason.substr(colon + 2))};
}

Task<Outcome> Settlement::settle(const Run& run, const RunEnd& end) {
    if (end.cancelled) {
        const Error error{.code = Errc::cancelled, .detail = "it was cancelled"};
        co_await finish(run, DialogStatus::cancelled, "cancelled", run.failures_before, error);
        co_return Outcome::cancelled;
    }
    if (end.lease_lost) {
        co_await finish_if_dead(run);
        co_return Outcome::lease_lost;
    }
    if (end.answer) {
        const auto told = co_await tell(run, *end.answer);
        if (!told && !run.has_turn) {
            // Nothing else holds the answer of a chat.
            auto verdict = judge(told.error(), run.count, deps_.config, deps_.draw());
            auto outcome = co_await give_back(run, verdict, to_string(told.error()));
            co_return outcome;
        }
        if (end.cost) {
            const queue::Charge charge{.receipt = run.receipt, .cost = *end.cost};
            const auto charged = co_await deps_.queues.charge(charge);
            if (!charged) note("charging an answered message failed", run, charged.error());
        }
        const auto acked = co_await deps_.queues.ack(run.receipt);
        // Harmless: the answer is stored, and the next delivery finds it there.
        if (!acked) note("acking an answered message failed", run, acked.error());
        co_return Outcome::completed;
    }
    const bool is_orphan =
        !end.interrupted && run.has_turn && end.error->code == Errc::conversation_not_found;
    if (is_orphan) {
        const auto outcome = co_await drop(run);
        co_return outcome;
    }
    const Verdict verdict = end.interrupted
                                ? Verdict{.action = Verdict::Action::retry_without_blame}
                                : judge(*end.error, run.count, deps_.config, deps_.draw());
    std::string reason(stopping_reason);
    if (!end.interrupted) reason = to_string(*end.error);
    const Outcome outcome = co_await give_back(run, verdict, std::move(reason));
    if (outcome != Outcome::retried) co_return outcome;
    if (end.interrupted) co_return Outcome::returned;
    co_return end.error->code == Errc::run_waiting ? Outcome::waiting : Outcome::retried;
}

Task<Outcome> Settlement::give_back(const Run& run, const Verdict& verdict, std::string reason) {
    queue::NackRequest request{.receipt = run.receipt,
        .delay = verdict.delay,
        .reason = reason,
        .blame = blame_of(verdict)};
    if (run.has_turn && verdict.action != Verdict::Action::bury) {
        // Before the nack: after it another worker may have the message already.
        const std::uint32_t retries =
            verdict.action == Verdict::Action::retry ? run.count.failures : run.failures_before;
        const auto marked =
            co_await deps_.writer.mark_waiting(run.id, retries, reason, deps_.clock.now());
        if (!marked) note("marking a message as waiting failed", run, marked.error());
    }
    const auto nacked = co_await deps_.queues.nack(std::move(request));
    if (!nacked) {
        note("giving a message back failed; its lease will end", run, nacked.error());
        co_return Outcome::lease_lost;
    }
    if (*nacked == queue::NackOutcome::returned) {
        deps_.log.debug("run will be tried again",
            {{"message_id", run.id.text()}, {"priority", to_string(run.priority)},
                {"retry_count", run.count.failures}, {"delay_ms", verdict.delay.count()},
                {"reason", reason}});
        co_return Outcome::retried;
    }
    deps_.log.warn(
        "message is dead", {{"message_id", run.id.text()}, {"priority", to_string(run.priority)},
                               {"retry_count", run.failures_before}, {"reason", reason}});
    co_await finish_dead(run, std::move(reason), run.failures_before);
    co_return Outcome::dead;
}

Task<Outcome> Settlement::drop(const Run& run) {
    const auto cancelled = co_await deps_.queues.cancel(run.id);
    if (!cancelled && cancelled.error().code != Errc::message_not_found) {
        note("cancelling a message of a deleted conversation failed; its lease will end", run,
            cancelled.error());
        co_return Outcome::lease_lost;
    }
    const Error error{.code = Errc::cancelled, .detail = "its conversation was deleted"};
    co_await finish(run, DialogStatus::cancelled, "cancelled", run.failures_before, error);
    co_return Outcome::cancelled;
}

Task<void> Settlement::finish_dead(const Run& run, std::string reason, std::uint32_t retries) {
    const auto status = status_of_dead(reason);
    Error error = error_of_reason(reason);
    return finish(run, status, std::move(reason), retries, std::move(error));
}

Task<void> Settlement::finish(
    const Run& run, DialogStatus status, std::string reason, std::uint32_t retries, Error error) {
    if (!run.has_turn) {
        const auto told = co_await tell(run, to_queue_reply(error));
        static_cast<void>(told);  // noted, and nobody to tell
        co_return;
    }
    conversations::FailedRun failed{.id = run.id,
        .status = status,
        .error = std::move(reason),
        .retry_count = retries,
        .at = deps_.clock.now()};
    auto reply = to_queue_reply(failed);
    const auto written = co_await deps_.writer.fail(std::move(failed));
    const auto told = co_await tell(run, std::move(reply));
    static_cast<void>(told);  // noted; the row has it
    if (written || written.error().code == Errc::message_not_found) co_return;
    deps_.log.error("the end of a message could not be written; the check will repeat it",
        {{"message_id", run.id.text()}, {"error", to_string(written.error())}});
    deps_.check_needed();
}

Task<void> Settlement::finish_if_dead(const Run& run) {
    deps_.log.warn("lost the lease of a message under way",
        {{"message_id", run.id.text()}, {"priority", to_string(run.priority)},
            {"retry_count", run.failures_before}});
    const auto found = co_await deps_.queues.get(run.id);
    if (!found || found->state != MessageState::dead) co_return;
    co_await finish_dead(run, found->dead_reason, found->failures);
}

/// Whoever waits for the message's reply hears it now. Nothing of a turn depends on it: the rows
/// have it.
Task<Result<void>> Settlement::tell(const Run& run, QueueReply reply) {
    auto told = co_await deps_.queues.reply(run.id, std::move(reply.result), reply.metadata);
    if (!told && told.error().code == Errc::message_too_large && !reply.bare.empty()) {
        // The answer matters more than what it keeps of its request.
        told =
            co_await deps_.queues.reply(run.id, std::move(reply.bare), std::move(reply.metadata));
    }
    if (!told) note("storing the reply in the queue failed", run, told.error());
    co_return told;
}

void Settlement::note(std::string_view what, const Run& run, const Error& error) const {
    deps_.log.warn(what, {{"message_id", run.id.text()}, {"priority", to_string(run.priority)},
                             {"retry_count", run.failures_before}, {"error", to_string(error)}});
}

}  // namespace baton::dispatch
