#include "queue/remote/command_server.h"

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/this_coro.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "queue/remote/command_start.h"
#include "queue/remote/command_table.h"
#include "queue/remote/request_memory.h"
#include "runtime/task_group.h"

namespace baton::queue::remote {
namespace {

struct Metrics {
    explicit Metrics(MetricRegistry& registry)
        : commands(registry.counter(
              "baton_queue_remote_commands_total", "Commands of other daemons executed")),
          refused(registry.counter("baton_queue_remote_refused_total",
              "Commands of other daemons refused: too many were under way")),
          repeated(registry.counter("baton_queue_remote_repeated_total",
              "Commands that came again and were not executed again")),
          given_back(registry.counter("baton_queue_remote_given_back_total",
              "Messages leased for a daemon that did not take them, and given back")),
          running(
              registry.gauge("baton_queue_remote_running", "Commands of other daemons under way")) {
    }

    prometheus::Counter& commands;
    prometheus::Counter& refused;
    prometheus::Counter& repeated;
    prometheus::Counter& given_back;
    prometheus::Gauge& running;
};

/// A command that has been executed.
struct Served {
    Bytes answer{};
    std::vector<Receipt> leased{};
    Errc refusal = Errc::internal;  ///< the error's code, when there is one
    bool is_error = false;

    /// Certainly nothing was done.
    [[nodiscard]] bool was_refused() const noexcept {
        return is_error && (refusal == Errc::unavailable || refusal == Errc::overloaded ||
                               refusal == Errc::shutting_down);
    }
};

template <class T>
std::size_t wire_size(const T& value) {
    Sizer sizer;
    each(sizer, value);
    return sizer.size;
}

/// How many of the elements an answer holds: all, or up to the one that reaches the limit.
template <class T>
std::size_t fitting(const std::vector<T>& elements, std::size_t bytes_max) {
    std::size_t count = 0;
    for (std::size_t bytes = 0; count < elements.size() && bytes < bytes_max; ++count) {
        bytes += wire_size(elements[count]);
    }
    return count;
}

std::vector<Receipt> receipts_of(const std::vector<LeasedMessage>& messages) {
    std::vector<Receipt> receipts;
    for (const auto& leased : messages) receipts.push_back(leased.receipt);
    return receipts;
}

/// Takes out what an answer does not hold; returns the receipts of what was leased and is not in
/// it.
std::vector<Receipt> cut(std::vector<LeasedMessage>& messages, std::size_t bytes_max) {
    const auto rest = static_cast<std::ptrdiff_t>(fitting(messages, bytes_max));
    std::vector<Receipt> left_out;
    for (auto leased = messages.begin() + rest; leased != messages.end(); ++leased) {
        left_out.push_back(leased->receipt);
    }
    messages.erase(messages.begin() + rest, messages.end());
    return left_out;
}
std::vector<Receipt> cut(AckedAndPopped& popped, std::size_t bytes_max) {
    return cut(popped.messages, bytes_max);
}
std::vector<Receipt> cut(MessagePage& page, std::size_t bytes_max) {
    const auto count = fitting(page.messages, bytes_max);
    page.more = page.more || count < page.messages.size();
    page.messages.resize(count);
    return {};
}
std::vector<Receipt> cut(std::vector<MessageView>& messages, std::size_t bytes_max) {
    messages.resize(fitting(messages, bytes_max));
    return {};
}
std::vector<Receipt> cut(OutputPage& page, std::size_t bytes_max) {
    const auto count = fitting(page.events, bytes_max);
    if (count == page.events.size()) return {};
    page.next -= page.events.size() - count;
    page.events.resize(count);
    page.ended = false;
    return {};
}
template <class T>
std::vector<Receipt> cut(T&, std::size_t) {
    return {};
}

}  // namespace

struct CommandServer::Impl {
    Impl(Queues& queues_in, const Executor& executor, CommandServerConfig config_in,
        MetricRegistry& registry, EventSink events)
        : queues(queues_in),
          config(config_in),
          metrics(registry),
          memory(config.remembered_max, config.remembered_bytes_max),
          group(executor) {
        if (!events) return;
        watch = queues.watch_cancels(
            [tell = std::move(events)](const MessageId& id) { tell(encode_cancelled(id)); });
    }

    struct Running {
        CommandInfo info{};
        std::vector<Completion<Bytes>> answers;  // of the request, and of its repetitions
        std::function<void()> cancel;
        bool withdrawn = false;
    };

    Queues& queues;
    CommandServerConfig config;
    Metrics metrics;
    RequestMemory memory;
    std::unordered_map<RequestId, Running> running;
    bool stopping = false;
    std::unique_ptr<Watch> watch;
    TaskGroup group;

    /// Answers at once what is not executed; returns what is left to do.
    Result<AnyCommand> admit(const RequestHead& head);
    void execute_soon(const RequestHead& head, AnyCommand command, Completion<Bytes> answer);
    Task<void> run(RequestId id, AnyCommand command);
    template <class C>
    Task<Served> execute(C command);
    void finish(const RequestId& id, Served served);
    void withdraw(const RequestId& id);
    void give_back(const std::vector<Receipt>& receipts);
};

Result<AnyCommand> CommandServer::Impl::admit(const RequestHead& head) {
    if (stopping) return fail(Errc::unavailable, "this server of the queues is stopping");
    if (running.size() >= config.commands_max) {
        metrics.refused.Increment();
        return fail(Error{.code = Errc::overloaded,
            .detail = "too many queue commands of other daemons are under way",
            .retry_after = Duration(100)});
    }
    return decode_command(head);
}

void CommandServer::Impl::execute_soon(
    const RequestHead& head, AnyCommand command, Completion<Bytes> answer) {
    auto& entry = running[head.id];
    entry.info = command_info(head.type);
    entry.answers.push_back(std::move(answer));
    metrics.commands.Increment();
    metrics.running.Set(static_cast<double>(running.size()));
    const auto shared = std::make_shared<AnyCommand>(std::move(command));
    auto cancel = group.spawn_cancellable(
        [this, id = head.id, shared]() -> Task<void> { return run(id, std::move(*shared)); });
    const auto found = running.find(head.id);
    if (found != running.end()) found->second.cancel = std::move(cancel);
}

Task<void> CommandServer::Impl::run(RequestId id, AnyCommand command) {
    // A cancelled command still has an answer, and what it leased must be known.
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto found = running.find(id);
    if (stopping || found->second.withdrawn) {
        finish(id, {});
        co_return;
    }
    auto task = std::visit([this](auto& one) { return execute(std::move(one)); }, command);
    Served served = co_await std::move(task);
    finish(id, std::move(served));
}

template <class C>
Task<Served> CommandServer::Impl::execute(C command) {
    auto result = co_await start(queues, std::move(command));
    Served served;
    if (!result) {
        served.is_error = true;
        served.refusal = result.error().code;
    } else if constexpr (!std::is_void_v<typename C::Answer>) {
        auto left_out = cut(*result, config.answer_bytes);
        if (!left_out.empty()) give_back(left_out);
        if constexpr (std::is_same_v<C, Pop>) served.leased = receipts_of(*result);
        if constexpr (std::is_same_v<C, AckAndPop>) served.leased = receipts_of(result->messages);
    }
    served.answer = encode_answer<C>(result);
    co_return served;
}

void CommandServer::Impl::finish(const RequestId& id, Served served) {
    const auto found = running.find(id);
    Running entry = std::move(found->second);
    running.erase(found);
    metrics.running.Set(static_cast<double>(running.size()));
    const bool is_unwanted = entry.withdrawn && !served.leased.empty();
    const bool called_off =
        served.is_error ? served.refusal == Errc::cancelled : is_unwanted || served.answer.empty();
    if (called_off) {
        if (!served.leased.empty()) give_back(std::exchange(served.leased, {}));
        const bool moves = stopping && !entry.withdrawn;
        served.refusal = moves ? Errc::shutting_down : Errc::cancelled;
        served.is_error = true;
        served.answer = encode_refusal({.code = served.refusal,
            .detail = moves ? "this server of the queues is stopping" : "the wait was called off"});
    }
    const bool matters =
        entry.info.repeat != Repeat::harmless || entry.info.type == CommandType::pop;
    if ((matters || entry.withdrawn) && !served.was_refused()) {
        memory.keep(id, {.answer = served.answer, .leased = std::move(served.leased)});
    }
    for (auto& answer : entry.answers) answer(served.answer);
}

void CommandServer::Impl::withdraw(const RequestId& id) {
    const auto found = running.find(id);
    if (found != running.end()) {
        found->second.withdrawn = true;
        if (const auto cancel = found->second.cancel) cancel();
        return;
    }
    const auto cancelled =
        encode_refusal({.code = Errc::cancelled, .detail = "the request was called off"});
    PastRequest* const past = memory.find(id);
    if (past == nullptr) {
        memory.keep(id, {.answer = cancelled});
    } else if (!past->leased.empty()) {
        give_back(std::exchange(past->leased, {}));
        past->answer = cancelled;
    }
}

void CommandServer::Impl::give_back(const std::vector<Receipt>& receipts) {
    std::vector<NackRequest> requests;
    for (const auto& receipt : receipts) {
        requests.push_back({.receipt = receipt, .blame = Blame::none});
    }
    metrics.given_back.Increment(static_cast<double>(requests.size()));
    group.spawn([this, requests = std::move(requests)]() -> Task<void> {
        // A receipt that has ended meanwhile is no matter, nor are queues that have stopped: then
        // the leases end by themselves.
        auto nacked = co_await queues.nack(requests);
        static_cast<void>(nacked);
    });
}

CommandServer::CommandServer(Queues& queues, const Executor& executor, CommandServerConfig config,
    MetricRegistry& metrics, EventSink events)
    : impl_(std::make_unique<Impl>(queues, executor, config, metrics, std::move(events))) {}

CommandServer::~CommandServer() = default;

void CommandServer::receive(const Bytes& request, Completion<Bytes> answer) {
    const auto head = read_request_head(request.view());
    if (!head) return answer(encode_refusal(head.error()));
    if (head->type == CommandType::withdraw) {
        impl_->withdraw(head->id);
        return answer(encode_answer<Withdraw>({}));
    }
    if (const auto under_way = impl_->running.find(head->id); under_way != impl_->running.end()) {
        impl_->metrics.repeated.Increment();
        under_way->second.answers.push_back(std::move(answer));
        return;
    }
    if (const PastRequest* past = impl_->memory.find(head->id)) {
        impl_->metrics.repeated.Increment();
        return answer(past->answer);
    }
    auto command = impl_->admit(*head);
    if (!command) return answer(encode_refusal(command.error()));
    impl_->execute_soon(*head, *std::move(command), std::move(answer));
}

Task<Bytes> CommandServer::serve(Bytes request) {
    const auto head = read_request_head(request.view());
    const RequestId id = head ? head->id : RequestId{};
    return await_completion<Bytes>(
        [this, request = std::move(request)](
            Completion<Bytes> answer) { receive(request, std::move(answer)); },
        [this, id] { withdraw(id); });
}

void CommandServer::withdraw(const RequestId& id) { impl_->withdraw(id); }

Task<void> CommandServer::stop() {
    impl_->stopping = true;
    impl_->watch.reset();
    co_await impl_->group.stop();
}

std::size_t CommandServer::running() const noexcept { return impl_->running.size(); }

}  // namespace baton::queue::remote
