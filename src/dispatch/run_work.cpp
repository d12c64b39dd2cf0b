#include "dispatch/run_work.h"

#include <exception>
#include <string>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "dispatch/telling.h"
#include "model/output_text.h"

namespace baton::dispatch {
namespace {

// Used inside coroutines, where the check does not see it.
using asio::experimental::awaitable_operators::operator&&;  // NOLINT(misc-unused-using-decls)

/// Returns rather than throws, so that it always comes first when it ends.
template <class Answer, class Waiting>
Task<Result<Answer>> guarded(Task<Result<Answer>> run, Telling<Waiting>& telling) {
    Result<Answer> answer;
    try {
        answer = co_await std::move(run);
    } catch (const boost::system::system_error& e) {
        const bool aborted = e.code() == asio::error::operation_aborted;
        answer = fail(aborted ? Errc::cancelled : Errc::internal, e.what());
    } catch (const std::exception& e) {
        answer = fail(Errc::internal, e.what());
    }
    telling.end(answer.has_value());
    co_return answer;
}

template <class Waiting>
llm::ChatSink sink_of(Telling<Waiting>& telling) {
    return [&telling](const ChatDelta& delta) { telling.say(delta); };
}

/// What readers of the output have by now.
Task<Result<std::string>> told_by_earlier_tries(queue::Outputs& outputs, Receipt receipt) {
    std::string text;
    if (receipt.attempt <= 1) co_return text;
    queue::OutputRequest request{.message = receipt.message};
    while (true) {
        BATON_CO_TRY(const auto page, co_await outputs.read_output(request));
        if (page.events.empty()) co_return text;
        for (const auto& event : page.events) add_output_event(text, event.data.view());
        request.from = page.next;
    }
}

}  // namespace

Task<Result<DialogReply>> run_agent(agents::Runtime& runtime, queue::Outputs& outputs,
    Receipt receipt, DialogMessage message, Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    BATON_CO_TRY(auto told, co_await told_by_earlier_tries(outputs, receipt));
    Telling<WaitingText> telling(executor, outputs, receipt, WaitingText(std::move(told)));
    auto run = runtime.run(std::move(message), sink_of(telling), deadline);
    auto answer = co_await (guarded(std::move(run), telling) && telling.write());
    co_return answer;
}

Task<Result<ChatResult>> run_chat(
    llm::Pool& pool, queue::Outputs& outputs, Receipt receipt, ChatWork work, Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    Telling<WaitingPieces> telling(executor, outputs, receipt);
    llm::Asker asker{.tenant = std::move(work.tenant), .session = std::move(work.session)};
    auto run = pool.chat(std::move(asker), std::move(work.request), sink_of(telling), deadline);
    auto answer = co_await (guarded(std::move(run), telling) && telling.write());
    co_return answer;
}

}  // namespace baton::dispatch
