#include "dispatch/run_agent.h"

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "model/output_text.h"
#include "runtime/event.h"

namespace baton::dispatch {
namespace {

// Used inside coroutines, where the check does not see it.
using asio::experimental::awaitable_operators::operator&&;  // NOLINT(misc-unused-using-decls)

/// The text of a run on its way to the message's output. Use on one executor.
class Telling {
public:
    /// `told`: what earlier tries have said.
    Telling(const Executor& executor, queue::Outputs& outputs, Receipt receipt, std::string told)
        : outputs_(outputs), receipt_(receipt), changed_(executor), text_(std::move(told)) {}

    void say(std::string_view piece) {
        if (!is_over_) add(text_.say(piece));
    }
    /// Nothing more will be said; `is_whole`: and all of it was.
    void end(bool is_whole) {
        if (!is_over_ && is_whole) add(text_.end());
        is_over_ = true;
        changed_.notify_all();
    }

    /// Appends until the end. Does not throw: it is a listener, and not what the run depends on.
    Task<void> write() {
        try {
            while (!is_over_ || !waiting_.empty()) {
                if (waiting_.empty()) {
                    const auto woken = co_await changed_.wait();
                    static_cast<void>(woken);
                    continue;
                }
                std::vector<Bytes> events;
                for (auto& event : waiting_) events.emplace_back(std::move(event));
                waiting_.clear();
                const auto appended = co_await outputs_.append_output(receipt_, std::move(events));
                if (!appended) break;
            }
        } catch (const std::exception&) {
            is_over_ = true;  // cancelled, and the run with it
        }
        is_over_ = true;
        waiting_.clear();
    }

private:
    /// What waits while an append is under way goes into one event.
    void add(std::vector<std::string> events) {
        for (auto& event : events) {
            const bool joins =
                !waiting_.empty() && !taken_back_to(waiting_.back()) && !taken_back_to(event);
            if (joins) {
                waiting_.back() += event;
            } else {
                waiting_.push_back(std::move(event));
            }
        }
        if (!waiting_.empty()) changed_.notify_all();
    }

    queue::Outputs& outputs_;
    Receipt receipt_;
    Event changed_;
    RetoldText text_;
    std::vector<std::string> waiting_;  ///< a few events
    bool is_over_ = false;
};

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

/// Returns rather than throws, so that it always comes first when it ends.
Task<Result<DialogReply>> guarded_run(
    agents::Runtime& runtime, Telling& telling, DialogMessage message, Deadline deadline) {
    Result<DialogReply> reply;
    try {
        llm::ChatSink sink = [&telling](const ChatDelta& delta) { telling.say(delta.text); };
        reply = co_await runtime.run(std::move(message), std::move(sink), deadline);
    } catch (const boost::system::system_error& e) {
        const bool aborted = e.code() == asio::error::operation_aborted;
        reply = fail(aborted ? Errc::cancelled : Errc::internal, e.what());
    } catch (const std::exception& e) {
        reply = fail(Errc::internal, e.what());
    }
    telling.end(reply.has_value());
    co_return reply;
}

}  // namespace

Task<Result<DialogReply>> run_agent(agents::Runtime& runtime, queue::Outputs& outputs,
    Receipt receipt, DialogMessage message, Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    BATON_CO_TRY(auto told, co_await told_by_earlier_tries(outputs, receipt));
    Telling telling(executor, outputs, receipt, std::move(told));
    auto reply =
        co_await (guarded_run(runtime, telling, std::move(message), deadline) && telling.write());
    co_return reply;
}

}  // namespace baton::dispatch
