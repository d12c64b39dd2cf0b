// EngineQueues: posting messages and fetching replies.
#include <utility>

#include "queue/call_checks.h"
#include "queue/engine/engine_ports.h"

namespace baton::queue {

Task<Result<Posted>> EngineQueues::post(
    QueueName queue, std::vector<NewMessage> messages, PostOptions options) {
    if (auto good = check_messages(messages); !good) {
        return desk_.failed<Posted>(std::move(good).error());
    }
    return desk_.run([queue = std::move(queue), messages = std::move(messages), options](
                         Engine& engine, TimePoint now) mutable {
        return engine.post(queue, std::move(messages), now, options);
    });
}

Task<Result<std::optional<Reply>>> EngineQueues::get_reply(MessageId message) {
    return wait_reply(message, Deadline::after(Duration(0)));
}

Task<Result<std::optional<Reply>>> EngineQueues::wait_reply(MessageId message, Deadline deadline) {
    auto kept = co_await desk_.run_waiting<WaitReplyCommand>(message, deadline);
    if (!kept) co_return std::unexpected(kept.error());
    if (!kept->has_value()) co_return std::optional<Reply>();
    std::shared_ptr<const Reply> reply = kept->value().reply;
    if (!reply) {
        const auto locate = [=](Engine& engine, TimePoint) { return engine.locate(message); };
        const auto locator = co_await desk_.run(locate);
        if (!locator) co_return std::unexpected(locator.error());
        const auto read_it = [this, at = *locator] { return pipeline_.store().read_reply(at); };
        auto read = co_await desk_.run_blocking(read_it);
        if (!read) co_return std::unexpected(read.error());
        reply = *std::move(read);
    }
    if (!reply) co_return std::optional<Reply>();
    Reply answer = *reply;
    answer.message = message;
    co_return std::optional<Reply>(std::move(answer));
}

Task<Result<void>> EngineQueues::reschedule(MessageId message, TimePoint due) {
    return desk_.run([=](Engine& engine, TimePoint now) -> Result<void> {
        if (due > now + MessageLimits::period_max) {
            return fail_field(
                Errc::invalid_argument, "deliver_at", "a message waits at most ten years");
        }
        return engine.reschedule(message, due, now);
    });
}

Task<Result<void>> EngineQueues::cancel(MessageId message) {
    return desk_.run([=](Engine& engine, TimePoint now) { return engine.cancel(message, now); });
}

}  // namespace baton::queue
