#include "dispatch/orphans.h"

#include <string>
#include <utility>

#include "dispatch/settlement.h"
#include "dispatch/work_item.h"

namespace baton::dispatch {
namespace {

constexpr std::uint32_t page_size = 500;
constexpr std::string_view orphan_reason = "the daemon ended while this ran";

/// Who waits for the reply of a chat hears that there will be none. Turns are the reconciler's.
Task<void> tell_dead_chat(queue::Queues& queues, const MessageView& message) {
    const auto item = parse_work_item(message);
    if (!item || !std::holds_alternative<ChatWork>(*item)) co_return;
    // It may have been answered, and only its ack was lost.
    const auto kept = co_await queues.get_reply(message.id);
    if (kept && *kept && chat_of_reply(**kept)) co_return;
    auto reply = to_queue_reply(error_of_reason(orphan_reason));
    const auto told =
        co_await queues.reply(message.id, std::move(reply.result), std::move(reply.metadata));
    static_cast<void>(told);  // the message is dead, as whoever asks for it sees
}

}  // namespace

Task<Result<std::uint64_t>> take_back_orphans(queue::Queues& queues) {
    std::uint64_t count = 0;
    queue::PeekRequest request{.queue = QueueName(std::string(llm_queue)),
        .state = MessageState::leased,
        .limit = page_size};
    while (true) {
        BATON_CO_TRY(const auto page, co_await queues.peek(request));
        for (const auto& message : page.messages) {
            queue::NackRequest back{.receipt = {.message = message.id, .attempt = message.attempts},
                .reason = std::string(orphan_reason)};
            const auto nacked = co_await queues.nack(std::move(back));
            if (nacked) {
                ++count;
                if (*nacked == queue::NackOutcome::dead) co_await tell_dead_chat(queues, message);
            } else if (nacked.error().code != Errc::lease_lost) {
                co_return fail(nacked.error());
            }
        }
        if (!page.more) co_return count;
        request.after_seq = page.messages.back().id.seq;
    }
}

}  // namespace baton::dispatch
