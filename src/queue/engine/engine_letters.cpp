// EngineQueues: dead letters that go to a queue of another engine, or come from one.
#include <utility>

#include "queue/call_checks.h"
#include "queue/engine/engine_ports.h"

namespace baton::queue {

Task<Result<LetterPage>> EngineQueues::find_letters(
    RedriveRequest request, std::uint64_t after_seq, std::uint32_t max) {
    BATON_CO_TRY_VOID(check_redrive(request));
    if (max == 0 || max > page_max) {
        co_return fail_field(Errc::invalid_argument, "max", "a page has 1 to 1,000 letters");
    }
    const auto find = [&, after_seq, max](Engine& engine, TimePoint now) {
        return engine.find_letters(request, after_seq, max, now);
    };
    BATON_CO_TRY(auto page, co_await desk_.run(find));
    std::vector<MessageView*> views;
    for (auto& letter : page.letters) views.push_back(&letter);
    BATON_CO_TRY_VOID(co_await desk_.fill(std::move(views)));
    std::erase_if(page.letters, [](const MessageView& letter) { return !letter.data; });
    co_return page;
}

Task<Result<std::uint64_t>> EngineQueues::take_letters(LetterDelivery delivery) {
    if (delivery.letters.size() > page_max) {
        co_return fail_field(Errc::invalid_argument, "letters", "at most 1,000 letters at a time");
    }
    const auto take = [&](Engine& engine, TimePoint now) {
        return engine.take_letters(delivery, now);
    };
    co_return co_await desk_.run(take);
}

Task<Result<std::uint64_t>> EngineQueues::drop_letters(
    QueueName queue, std::vector<MessageId> letters) {
    if (letters.size() > page_max) {
        co_return fail_field(Errc::invalid_argument, "letters", "at most 1,000 letters at a time");
    }
    const auto drop = [&](Engine& engine, TimePoint now) {
        return engine.drop_letters(queue, letters, now);
    };
    co_return co_await desk_.run(drop);
}

}  // namespace baton::queue
