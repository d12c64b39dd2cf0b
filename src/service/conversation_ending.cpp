#include "service/conversation_ending.h"

#include <string>
#include <utility>

#include "runtime/event.h"

namespace baton::service {
namespace {

constexpr std::uint32_t messages_per_batch = 500;
constexpr std::uint32_t page_size = 100;

bool is_gone(const Error& error) noexcept {
    return error.code == Errc::message_not_found || error.code == Errc::queue_not_found;
}

Task<Result<std::uint64_t>> clear_removed(const EndingDeps& deps) {
    std::uint64_t messages = 0;
    ConversationId after;
    while (true) {
        BATON_CO_TRY(const auto page, co_await deps.keeper.removed(after, page_size));
        for (const auto& id : page) {
            BATON_CO_TRY(const auto deleted, co_await clear_conversation(deps, id));
            messages += deleted;
        }
        if (page.size() < page_size) co_return messages;
        after = page.back();
    }
}

}  // namespace

Task<Result<void>> cancel_message(const EndingDeps& deps, MessageId id) {
    const auto cancelled = co_await deps.queues.cancel(id);
    if (!cancelled && !is_gone(cancelled.error())) co_return fail(cancelled.error());
    conversations::FailedRun run{
        .id = id, .status = DialogStatus::cancelled, .error = "cancelled", .at = deps.clock.now()};
    co_return co_await deps.writer.fail(std::move(run));
}

Task<Result<std::uint64_t>> clear_conversation(const EndingDeps& deps, const ConversationId& id) {
    std::uint64_t messages = 0;
    const TimePoint stones_before = deps.clock.now() - SweepConfig{}.stone_time;
    while (true) {
        // The oldest of them are among the oldest messages, which go next. Dead letters too: the
        // check at start would take them for messages whose rows are missing.
        BATON_CO_TRY(const auto open, co_await deps.keeper.unfinished_of(id, messages_per_batch));
        for (const MessageId message : open) {
            BATON_CO_TRY_VOID(co_await cancel_message(deps, message));
        }
        auto purging = deps.keeper.purge(id, messages_per_batch, stones_before);
        BATON_CO_TRY(const auto deleted, co_await std::move(purging));
        messages += deleted;
        if (deleted < messages_per_batch) co_return messages;
    }
}

Task<Result<Swept>> sweep(const EndingDeps& deps, const SweepConfig& config) {
    Swept swept;
    const TimePoint now = deps.clock.now();
    const TimePoint idle_since =
        config.idle_time > Duration(0) ? now - config.idle_time : TimePoint::min();
    while (true) {
        auto removing = deps.keeper.remove_expired(now, idle_since, config.batch);
        BATON_CO_TRY(const auto removed, co_await std::move(removing));
        swept.conversations += removed;
        if (removed < config.batch) break;
    }
    BATON_CO_TRY(swept.messages, co_await clear_removed(deps));
    BATON_CO_TRY_VOID(co_await deps.users.forget_counts(now - std::chrono::days(2), 1'000));
    co_return swept;
}

Task<void> sweep_for_ever(EndingDeps deps, SweepConfig config, Log log) {
    while (true) {
        const Deadline next = Deadline::after(config.interval);
        co_await sleep_until(next);
        const auto swept = co_await sweep(deps, config);
        if (!swept) {
            log.warn(
                "conversations that are over stay for now", {{"error", to_string(swept.error())}});
        } else if (swept->conversations != 0 || swept->messages != 0) {
            log.info("conversations came to their end",
                {{"conversations", swept->conversations}, {"messages", swept->messages}});
        }
    }
}

}  // namespace baton::service
