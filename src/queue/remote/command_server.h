// Executes the commands that come from other daemons on queues of this one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/answer_budget.h"
#include "base/bytes.h"
#include "base/metrics.h"
#include "queue/queues.h"
#include "queue/remote/command_codec.h"
#include "runtime/task.h"

namespace baton::queue::remote {

struct CommandServerConfig {
    /// Commands under way, those that wait for messages included; one more fails with overloaded.
    std::size_t commands_max = 100'000;
    /// Requests that are remembered, so that they are not executed twice …
    std::size_t remembered_max = 10'000;
    /// … and the bytes of their answers.
    std::size_t remembered_bytes_max = 16 * 1024 * 1024;
    /// An answer with many messages or events ends with the one that reaches this size. Twice what
    /// the queues put into one, so that none is leased and then left out for its keys and numbers.
    std::size_t answer_bytes = 2 * AnswerBudget::bytes_max;
};

/// Serves one `Queues`. Use on one executor (`receive` and all else); stop it before it goes and
/// before the queues stop.
///
/// A request whose id is under way or among those remembered is not executed again: it gets the
/// answer of the first, also when that comes later. That holds for commands that are not harmless
/// to repeat (command_table.h) and for those that lease messages, inside one server; what another
/// server executed before it is not known here. What was refused with unavailable, overloaded or
/// shutting_down was not executed, and is not remembered.
///
/// `Withdraw` ends the wait of its request; what that has leased goes back without blame, also
/// after it was answered. A withdrawn request that comes later fails with cancelled.
///
/// Decoding fails with protocol_error. When an answer would become too large, popped messages that
/// do not fit are given back without blame.
class CommandServer final {
public:
    /// Hears events (read with decode_cancelled) on a thread of the queues; must be short.
    using EventSink = std::function<void(Bytes event)>;

    /// The references must outlive it. `events` may be empty.
    CommandServer(Queues& queues, const Executor& executor, CommandServerConfig config,
        MetricRegistry& metrics, EventSink events);
    ~CommandServer();
    CommandServer(const CommandServer&) = delete;
    CommandServer& operator=(const CommandServer&) = delete;

    /// `answer` is called once, on the executor, maybe before this returns.
    void receive(const Bytes& request, Completion<Bytes> answer);

    /// The same as a task. Cancelling it withdraws the request.
    [[nodiscard]] Task<Bytes> serve(Bytes request);

    /// As the command `Withdraw`: for a transport that can't deliver an answer, or knows that who
    /// asked has gone.
    void withdraw(const RequestId& id);

    /// Refuses new requests with unavailable, ends waits with shutting_down, finishes the rest.
    [[nodiscard]] Task<void> stop();

    [[nodiscard]] std::size_t running() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace baton::queue::remote
