// RemoteQueues: dead letters that go from one partition to another.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "queue/remote/remote_ports.h"

namespace baton::queue::remote {

Task<Result<LetterPage>> RemoteQueues::find_letters(
    RedriveRequest request, std::uint64_t after_seq, std::uint32_t max) {
    const Route source = request.queue;
    FindLetters command{std::move(request), after_seq, max};
    return caller_.call(source, std::move(command));
}

Task<Result<std::uint64_t>> RemoteQueues::take_letters(LetterDelivery delivery) {
    const Route target = delivery.target;
    TakeLetters command{std::move(delivery)};
    return caller_.call(target, std::move(command));
}

Task<Result<std::uint64_t>> RemoteQueues::drop_letters(
    QueueName queue, std::vector<MessageId> letters) {
    DropLetters command{queue, std::move(letters)};
    return caller_.call(std::move(queue), std::move(command));
}

/// How far a redrive to another partition has come.
struct RemoteQueues::HandOver {
    RedriveRequest request;
    std::uint64_t after_seq = 0;
    std::uint64_t moved = 0;
    TimePoint start{};
};

/// One page: found, taken, and only then dropped. True when there may be more. A daemon that ends
/// in between leaves letters that were taken and not dropped; the next redrive drops them.
Task<Result<bool>> RemoteQueues::hand_over(HandOver& state) {
    const auto& request = state.request;
    const std::uint64_t left = request.limit == 0 ? page_max : request.limit - state.moved;
    const auto max = static_cast<std::uint32_t>(std::min<std::uint64_t>(page_max, left));
    BATON_CO_TRY(auto page, co_await find_letters(request, state.after_seq, max));
    if (state.start == TimePoint{}) state.start = page.now;
    state.after_seq = page.last_seq;
    if (page.letters.empty()) co_return page.more;
    std::vector<MessageId> ids;
    for (const auto& letter : page.letters) ids.push_back(letter.id);
    LetterDelivery delivery{.target = *request.target,
        .letters = std::move(page.letters),
        .start = state.start,
        .first = state.moved,
        .rate_per_second = request.rate_per_second};
    BATON_CO_TRY_VOID(co_await take_letters(std::move(delivery)));
    const std::uint64_t count = ids.size();
    BATON_CO_TRY_VOID(co_await drop_letters(request.queue, std::move(ids)));
    state.moved += count;
    co_return page.more;
}

Task<Result<std::uint64_t>> RemoteQueues::redrive_across(RedriveRequest request) {
    // Also when there is no letter: who misspells the target should hear of it.
    const auto target = co_await get_queue(*request.target);
    if (!target) co_return fail_field(target.error().code, "target", target.error().detail);
    HandOver state{.request = std::move(request)};
    bool more = true;
    while (more && (state.request.limit == 0 || state.moved < state.request.limit)) {
        auto step = co_await hand_over(state);
        if (!step) {
            if (state.moved == 0) co_return std::unexpected(std::move(step).error());
            co_return fail(with_context(
                std::move(step).error(), fmt::format("{} were redriven, then", state.moved)));
        }
        more = *step;
    }
    co_return state.moved;
}

}  // namespace baton::queue::remote
