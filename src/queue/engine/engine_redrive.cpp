// EngineQueues: dead letters that are tried again, a portion at a time.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "queue/call_checks.h"
#include "queue/engine/engine_ports.h"

namespace baton::queue {
namespace {

constexpr std::size_t portion_max = 1'000;  // one command, one commit

/// How many letters the next portion may take.
std::size_t portion(const RedriveRequest& request, std::uint64_t done) {
    if (request.limit == 0) return portion_max;
    return static_cast<std::size_t>(std::min<std::uint64_t>(portion_max, request.limit - done));
}

}  // namespace

Task<Result<std::uint64_t>> EngineQueues::redrive(RedriveRequest request) {
    BATON_CO_TRY_VOID(check_redrive(request));
    const bool moves = request.target && *request.target != request.queue;
    RedriveSchedule schedule{.rate_per_second = request.rate_per_second};
    const auto read_time = [](Engine&, TimePoint now) { return Result<TimePoint>(now); };
    BATON_CO_TRY(schedule.start, co_await desk_.run(read_time));
    std::uint64_t after_seq = 0;
    bool more = true;
    while (more && (request.limit == 0 || schedule.first < request.limit)) {
        auto step = moves ? move_step(request, after_seq, schedule)
                          : redrive_step(request, after_seq, schedule);
        auto done = co_await std::move(step);
        if (!done) {
            if (schedule.first == 0) co_return std::unexpected(std::move(done).error());
            co_return fail(with_context(
                std::move(done).error(), fmt::format("{} were redriven, then", schedule.first)));
        }
        schedule.first += done->moved;
        after_seq = done->last_seq;
        more = done->more;
    }
    co_return schedule.first;
}

Task<Result<RedriveStep>> EngineQueues::redrive_step(
    const RedriveRequest& request, std::uint64_t after_seq, RedriveSchedule schedule) {
    return desk_.run(
        [=, &request, max = portion(request, schedule.first)](Engine& engine, TimePoint now) {
            return engine.redrive(request, after_seq, max, schedule, now);
        });
}

Task<Result<RedriveStep>> EngineQueues::move_step(
    const RedriveRequest& request, std::uint64_t after_seq, RedriveSchedule schedule) {
    const std::size_t max = portion(request, schedule.first);
    const auto find = [=, &request](Engine& engine, TimePoint now) -> Result<LetterPage> {
        // Also when there is no letter: who misspells the target should hear of it.
        const auto target = engine.uid_of(*request.target);
        if (!target) return fail_field(target.error().code, "target", target.error().detail);
        return engine.find_letters(request, after_seq, max, now);
    };
    BATON_CO_TRY(auto page, co_await desk_.run(find));
    if (page.letters.empty()) co_return RedriveStep{};
    RedriveStep step{.last_seq = page.last_seq, .more = page.more};
    std::vector<MessageView*> views;
    for (auto& letter : page.letters) views.push_back(&letter);
    BATON_CO_TRY_VOID(co_await desk_.fill(std::move(views)));
    const auto move = [&](Engine& engine, TimePoint now) {
        return engine.move(request.queue, *request.target, page.letters, schedule, now);
    };
    BATON_CO_TRY(step.moved, co_await desk_.run(move));
    co_return step;
}

}  // namespace baton::queue
