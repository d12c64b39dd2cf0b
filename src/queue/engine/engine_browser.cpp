// EngineQueues: looking without touching.
#include <utility>

#include "queue/call_checks.h"
#include "queue/engine/engine_ports.h"

namespace baton::queue {

Task<Result<MessagePage>> EngineQueues::peek(PeekRequest request) {
    if (request.limit == 0 || request.limit > CallLimits::peek_max) {
        co_return fail_field(Errc::invalid_argument, "limit", "a page holds 1 to 1,000 messages");
    }
    while (true) {
        const auto look = [request](Engine& engine, TimePoint) { return engine.peek(request); };
        BATON_CO_TRY(auto page, co_await desk_.run(look));
        if (page.messages.empty()) co_return page;
        request.after_seq = page.messages.back().id.seq;
        std::vector<MessageView*> all;
        for (auto& view : page.messages) all.push_back(&view);
        BATON_CO_TRY_VOID(co_await desk_.fill(std::move(all)));
        std::erase_if(page.messages, [](const MessageView& view) { return !view.data; });
        if (!page.messages.empty() || !page.more) co_return page;
        // All of them have finished since the first look.
    }
}

Task<Result<MessageView>> EngineQueues::get(MessageId message) {
    const auto look = [=](Engine& engine, TimePoint now) { return engine.get(message, now); };
    auto view = co_await desk_.run(look);
    if (!view) co_return std::unexpected(view.error());
    std::vector<MessageView*> one{&*view};
    auto filled = co_await desk_.fill(std::move(one));
    if (!filled) co_return std::unexpected(filled.error());
    if (!view->data && view->state != MessageState::done) {
        co_return fail(Errc::message_not_found, "the message has finished");
    }
    co_return *std::move(view);
}

Task<Result<Explanation>> EngineQueues::explain(MessageId message) {
    const auto look = [=](Engine& engine, TimePoint now) { return engine.explain(message, now); };
    auto explanation = co_await desk_.run(look);
    if (!explanation) co_return std::unexpected(explanation.error());
    std::vector<MessageView*> one{&explanation->view};
    auto filled = co_await desk_.fill(std::move(one));
    if (!filled) co_return std::unexpected(filled.error());
    if (!explanation->view.data)
        co_return fail(Errc::message_not_found, "the message has finished");
    co_return *std::move(explanation);
}

}  // namespace baton::queue
