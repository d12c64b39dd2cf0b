#include "dispatch/orphans.h"

#include <string>
#include <utility>

#include "dispatch/work_item.h"

namespace baton::dispatch {
namespace {

constexpr std::uint32_t page_size = 500;

}  // namespace

Task<Result<std::uint64_t>> take_back_orphans(queue::Queues& queues) {
    std::uint64_t count = 0;
    queue::PeekRequest request{.queue = QueueName(std::string(llm_queue)),
        .state = MessageState::leased,
        .limit = page_size};
    while (true) {
        BATON_CO_TRY(const auto page, co_await queues.peek(request));
        for (const auto& message : page) {
            queue::NackRequest back{.receipt = {.message = message.id, .attempt = message.attempts},
                .reason = "the daemon ended while this ran"};
            const auto nacked = co_await queues.nack(std::move(back));
            if (nacked) {
                ++count;
            } else if (nacked.error().code != Errc::lease_lost) {
                co_return fail(nacked.error());
            }
        }
        if (page.size() < page_size) co_return count;
        request.after_seq = page.back().id.seq;
    }
}

}  // namespace baton::dispatch
