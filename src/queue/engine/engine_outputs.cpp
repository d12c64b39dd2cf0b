// EngineQueues: output streams of messages.
#include <utility>

#include <fmt/core.h>

#include "queue/call_checks.h"
#include "queue/engine/engine_ports.h"
#include "queue/engine/stream_commands.h"

namespace baton::queue {

Task<Result<std::uint64_t>> EngineQueues::append_output(
    Receipt receipt, std::vector<Bytes> events) {
    if (auto good = check_events(events.size()); !good) {
        return desk_.failed<std::uint64_t>(std::move(good).error());
    }
    return desk_.run([receipt, events = std::move(events)](Engine& engine, TimePoint now) mutable {
        return engine.append_output(receipt, std::move(events), now);
    });
}

Task<Result<OutputPage>> EngineQueues::read_output(OutputRequest request) {
    if (request.max == 0 || request.max > CallLimits::events_max) {
        co_return fail_field(Errc::invalid_argument, "max", "a page holds 1 to 1,000 events");
    }
    auto slice = co_await desk_.run_waiting<ReadOutputCommand>(request);
    if (!slice) co_return std::unexpected(slice.error());
    OutputPage page{.events = std::move(slice->events), .ended = slice->ended};
    if (slice->stored > 0) {
        const auto locate = [=](Engine& engine, TimePoint) {
            return engine.locate(request.message);
        };
        const auto at = co_await desk_.run(locate);
        if (!at) co_return std::unexpected(at.error());
        const auto read_it = [this, at = *at, from = request.from, count = slice->stored] {
            return pipeline_.store().read_output(at, from, count);
        };
        auto read = co_await desk_.run_blocking(read_it);
        if (!read) co_return std::unexpected(read.error());
        page.events = *std::move(read);
        if (page.events.empty()) {
            const auto look = [=](Engine& engine, TimePoint now) {
                return engine.read_output(request, now);
            };
            const auto again = co_await desk_.run(look);
            if (again && again->stored >= slice->stored) {
                co_return fail(Errc::storage_corrupt,
                    fmt::format("output of message {} lacks events", request.message.text()));
            }
        }
        // Of fewer: an answer holds no more, or its time ended between the two looks. The next read
        // says so.
        page.ended = page.ended && page.events.size() == slice->stored;
    }
    page.next = request.from + page.events.size();
    co_return page;
}

}  // namespace baton::queue
