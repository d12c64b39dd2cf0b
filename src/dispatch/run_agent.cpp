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

#include "runtime/event.h"

namespace baton::dispatch {
namespace {

// Used inside coroutines, where the check does not see it.
using asio::experimental::awaitable_operators::operator&&;  // NOLINT(misc-unused-using-decls)

/// The text of a run on its way to the message's output. Use on one executor.
class Telling {
public:
    Telling(const Executor& executor, queue::Outputs& outputs, Receipt receipt)
        : outputs_(outputs), receipt_(receipt), changed_(executor) {}

    void say(std::string_view piece) {
        if (is_over_ || piece.empty()) return;
        waiting_ += piece;
        changed_.notify_all();
    }
    /// Nothing more will be said.
    void end() {
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
                events.emplace_back(std::exchange(waiting_, {}));
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
    queue::Outputs& outputs_;
    Receipt receipt_;
    Event changed_;
    std::string waiting_;
    bool is_over_ = false;
};

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
    telling.end();
    co_return reply;
}

}  // namespace

Task<Result<DialogReply>> run_agent(agents::Runtime& runtime, queue::Outputs& outputs,
    Receipt receipt, DialogMessage message, Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    Telling telling(executor, outputs, receipt);
    auto reply =
        co_await (guarded_run(runtime, telling, std::move(message), deadline) && telling.write());
    co_return reply;
}

}  // namespace baton::dispatch
