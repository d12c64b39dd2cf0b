#include "dispatch/dispatcher.h"

#include <atomic>
#include <exception>
#include <optional>
#include <random>
#include <utility>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "dispatch/cancels.h"
#include "dispatch/lease_keeper.h"
#include "dispatch/metrics.h"
#include "dispatch/orphans.h"
#include "dispatch/reconciler.h"
#include "dispatch/run_agent.h"
#include "dispatch/work_item.h"
#include "runtime/event.h"
#include "runtime/task_group.h"

namespace baton::dispatch {
namespace {

// Used inside coroutines, where the check does not see it.
using asio::experimental::awaitable_operators::operator||;  // NOLINT(misc-unused-using-decls)
using SteadyClock = std::chrono::steady_clock;

constexpr Duration pop_wait{30'000};  // a worker's pop is renewed this often while nothing comes
constexpr std::string_view stopping_reason = "daemon stopping";

using Popped = Result<std::vector<LeasedMessage>>;
/// Where a pop leaves its answer: a pop that lost against the stop may have leased a message too.
using PopSlot = std::shared_ptr<std::optional<Popped>>;

/// How a run ended: with an answer, an error, or without its lease.
struct RunEnd {
    std::optional<DialogReply> answer{};
    std::optional<Error> error{};
    bool lease_lost = false;
    bool cancelled = false;
};

/// One run of one message, for settling and for the log.
struct Run {
    MessageId id;
    Receipt receipt;
    Level priority = Level::normal;
    RunCount count;  ///< as it will be if this run fails
    std::uint32_t failures_before = 0;
};

class QueueDispatcher final : public Dispatcher {
public:
    QueueDispatcher(const Executor& executor, const DispatchConfig& config, queue::Queues& queues,
        agents::Runtime& runtime, conversations::Conversations& conversations,
        conversations::DialogWriter& writer, const Clock& clock, MetricRegistry& metrics, Log log)
        : config_(config),
          queues_(queues),
          runtime_(runtime),
          writer_(writer),
          clock_(clock),
          metrics_(metrics),
          log_(std::move(log)),
          reconciler_(queues, conversations, writer, clock),
          stop_begun_(executor),
          check_wanted_(executor),
          cancels_(executor, queues),
          random_(std::random_device{}()),
          workers_(executor),
          housekeeping_(executor) {}

    Task<Result<void>> start() override {
        BATON_CO_TRY(const std::uint64_t orphans, co_await take_back_orphans(queues_));
        log_.info("dispatcher starts", {{"workers", config_.workers}, {"taken_back", orphans}});
        housekeeping_.spawn([this] { return keep_reconciled(); });
        for (std::uint32_t i = 0; i < config_.workers; ++i) {
            workers_.spawn([this] { return work(); });
        }
        co_return Result<void>();
    }

    Task<void> stop(Deadline deadline) override {
        stopping_ = true;
        stop_begun_.notify_all();
        co_await housekeeping_.stop();
        const std::size_t cut_short = co_await workers_.drain(deadline);
        log_.info("dispatcher stopped", {{"runs_cut_short", cut_short}});
    }

    std::uint32_t running() const override { return running_.load(); }

private:
    static QueueName queue_name() { return QueueName(std::string(llm_queue)); }

    /// From [0, 1).
    double draw() { return std::uniform_real_distribution<double>(0, 1)(random_); }

    // Taking messages

    Task<void> work() {
        // A message that was popped is settled even when the cancellation came with it.
        co_await asio::this_coro::throw_if_cancelled(false);
        unsigned failures = 0;
        while (!stopping_) {
            const auto slot = std::make_shared<std::optional<Popped>>();
            co_await (pop_into(slot) || until_stopping());
            if (!slot->has_value()) continue;
            const Popped popped = *std::exchange(*slot, std::nullopt);
            if (popped) {
                failures = 0;
                for (const auto& leased : *popped) co_await handle(leased);
                continue;
            }
            if (stopping_) continue;
            if (++failures == 1) {
                log_.warn(
                    "taking messages failed; backing off", {{"error", to_string(popped.error())}});
            }
            co_await until_stopping(
                Deadline::after(backoff_delay(config_.retry, failures, draw())));
        }
    }

    /// Does not throw: of two that throw nobody could tell a cancellation from a fault.
    Task<void> pop_into(PopSlot slot) {
        queue::PopRequest request{.queue = queue_name(),
            .max = 1,
            .lease = config_.lease,
            .wait = Deadline::after(pop_wait)};
        try {
            auto popped = co_await queues_.pop(std::move(request));
            slot->emplace(std::move(popped));
        } catch (const std::exception& e) {
            slot->emplace(fail(Errc::internal, e.what()));
        }
    }

    Task<void> until_stopping(Deadline deadline = Deadline::never()) {
        while (!stopping_ && !deadline.expired()) {
            const auto woken = co_await stop_begun_.wait(deadline);
            static_cast<void>(woken);
        }
    }

    // Running one

    Task<void> handle(const LeasedMessage& leased) {
        const auto began = SteadyClock::now();
        const Run run{.id = leased.message.id,
            .receipt = leased.receipt,
            .priority = leased.message.level,
            .count = {.attempts = leased.message.attempts, .failures = leased.message.failures + 1},
            .failures_before = leased.message.failures};
        ++running_;
        metrics_.run_started();
        RunEnd end{.error = Error{.code = Errc::cancelled, .detail = std::string(stopping_reason)}};
        if (!stopping_) end = co_await guarded_attempt(leased.message, run);

        // From here on the message is settled, whoever cancels; the group asks again after that.
        co_await asio::this_coro::throw_if_cancelled(false);
        const auto state = co_await asio::this_coro::cancellation_state;
        const bool interrupted = stopping_ && end.error &&
                                 (state.cancelled() != asio::cancellation_type::none ||
                                     end.error->code == Errc::cancelled);
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        const Outcome outcome = co_await settle(run, end, interrupted);
        co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());

        --running_;
        const auto took = SteadyClock::now() - began;
        metrics_.run_ended(outcome, took);
        log_.debug(
            "run ended", {{"message_id", run.id.text()}, {"priority", to_string(run.priority)},
                             {"retry_count", run.failures_before}, {"outcome", to_string(outcome)},
                             {"took_ms", std::chrono::duration_cast<Duration>(took).count()}});
    }

    /// Whatever the run throws is the end of that run, not of the daemon: one poisoned message must
    /// not take the others with it each time it is delivered.
    Task<RunEnd> guarded_attempt(const MessageView& message, const Run& run) {
        try {
            co_await asio::this_coro::throw_if_cancelled(true);
            auto end = co_await attempt(message, run);
            co_return end;
        } catch (const boost::system::system_error& e) {
            const Errc code =
                e.code() == asio::error::operation_aborted ? Errc::cancelled : Errc::internal;
            co_return RunEnd{.error = Error{.code = code, .detail = e.what()}};
        } catch (const std::exception& e) {
            co_return RunEnd{.error = Error{.code = Errc::internal, .detail = e.what()}};
        }
    }

    Task<RunEnd> attempt(const MessageView& message, const Run& run) {
        auto item = from_work_item(message);
        if (!item) co_return RunEnd{.error = std::move(item).error()};
        const auto marked =
            co_await writer_.mark_processing(run.id, run.failures_before, clock_.now());
        // A turn that a crash kept from the store is added by the run.
        if (!marked && marked.error().code != Errc::message_not_found) {
            co_return RunEnd{.error = marked.error()};
        }
        const Deadline deadline = Deadline::after(config_.timeout);
        const auto cancel = cancels_.watch(run.id);
        const auto first =
            co_await (run_agent(runtime_, queues_, run.receipt, *std::move(item), deadline) ||
                      hold_lease(queues_, run.receipt, config_.lease, *cancel, log_));
        const auto* answered = std::get_if<0>(&first);
        if (cancel->is_cancelled() && (answered == nullptr || !*answered)) {
            co_return RunEnd{.cancelled = true};
        }
        if (answered == nullptr) co_return RunEnd{.lease_lost = true};
        const auto& answer = *answered;
        if (!answer) co_return RunEnd{.error = answer.error()};
        co_return RunEnd{.answer = *answer};
    }

    // Settling it

    Task<Outcome> settle(const Run& run, const RunEnd& end, bool interrupted) {
        if (end.cancelled) {
            co_await finish(run, DialogStatus::cancelled, "cancelled", run.failures_before);
            co_return Outcome::cancelled;
        }
        if (end.lease_lost) {
            co_await finish_if_dead(run);
            co_return Outcome::lease_lost;
        }
        if (end.answer) {
            co_await tell(run, to_queue_reply(*end.answer));
            const auto acked = co_await queues_.ack(run.receipt);
            // Harmless: the answer is stored, and the next delivery finds it there.
            if (!acked) note("acking an answered message failed", run, acked.error());
            co_return Outcome::completed;
        }
        const Verdict verdict = interrupted
                                    ? Verdict{.action = Verdict::Action::retry_without_blame}
                                    : judge(*end.error, run.count, config_, draw());
        const std::string reason =
            interrupted ? std::string(stopping_reason) : to_string(*end.error);
        const Outcome outcome = co_await give_back(run, verdict, reason);
        if (outcome != Outcome::retried) co_return outcome;
        if (interrupted) co_return Outcome::returned;
        co_return end.error->code == Errc::run_waiting ? Outcome::waiting : Outcome::retried;
    }

    Task<Outcome> give_back(const Run& run, const Verdict& verdict, const std::string& reason) {
        queue::NackRequest request{.receipt = run.receipt,
            .delay = verdict.delay,
            .reason = reason,
            .blame = blame_of(verdict)};
        if (verdict.action != Verdict::Action::bury) {
            // Before the nack: after it another worker may have the message already.
            const std::uint32_t retries =
                verdict.action == Verdict::Action::retry ? run.count.failures : run.failures_before;
            const auto marked =
                co_await writer_.mark_waiting(run.id, retries, reason, clock_.now());
            if (!marked) note("marking a message as waiting failed", run, marked.error());
        }
        const auto nacked = co_await queues_.nack(std::move(request));
        if (!nacked) {
            note("giving a message back failed; its lease will end", run, nacked.error());
            co_return Outcome::lease_lost;
        }
        if (*nacked == queue::NackOutcome::returned) {
            log_.debug("run will be tried again",
                {{"message_id", run.id.text()}, {"priority", to_string(run.priority)},
                    {"retry_count", run.count.failures}, {"delay_ms", verdict.delay.count()},
                    {"reason", reason}});
            co_return Outcome::retried;
        }
        log_.warn("message is dead",
            {{"message_id", run.id.text()}, {"priority", to_string(run.priority)},
                {"retry_count", run.failures_before}, {"reason", reason}});
        co_await finish(run, status_of_dead(reason), reason, run.failures_before);
        co_return Outcome::dead;
    }

    Task<void> finish(
        const Run& run, DialogStatus status, std::string reason, std::uint32_t retries) {
        conversations::FailedRun failed{.id = run.id,
            .status = status,
            .error = std::move(reason),
            .retry_count = retries,
            .at = clock_.now()};
        auto reply = to_queue_reply(failed);
        const auto written = co_await writer_.fail(std::move(failed));
        co_await tell(run, std::move(reply));
        if (written || written.error().code == Errc::message_not_found) co_return;
        log_.error("the end of a message could not be written; the check will repeat it",
            {{"message_id", run.id.text()}, {"error", to_string(written.error())}});
        check_needed_ = true;
        check_wanted_.notify_all();
    }

    /// A lost lease counts as a failure, and may have been the message's last.
    Task<void> finish_if_dead(const Run& run) {
        log_.warn("lost the lease of a message under way",
            {{"message_id", run.id.text()}, {"priority", to_string(run.priority)},
                {"retry_count", run.failures_before}});
        const auto found = co_await queues_.get(run.id);
        if (!found || found->state != MessageState::dead) co_return;
        const std::string reason = found->dead_reason;
        co_await finish(run, status_of_dead(reason), reason, found->failures);
    }

    /// Whoever waits for the message's reply hears it now. Nothing depends on it: the rows have it.
    Task<void> tell(const Run& run, QueueReply reply) {
        const auto told =
            co_await queues_.reply(run.id, std::move(reply.result), std::move(reply.metadata));
        if (!told) note("storing the reply in the queue failed", run, told.error());
    }

    void note(std::string_view what, const Run& run, const Error& error) const {
        log_.warn(what, {{"message_id", run.id.text()}, {"priority", to_string(run.priority)},
                            {"retry_count", run.failures_before}, {"error", to_string(error)}});
    }

    // Checking both stores

    Task<void> keep_reconciled() {
        unsigned failures = 0;
        while (true) {
            check_needed_ = false;
            const auto done = co_await reconciler_.run();
            if (done) {
                log_.info("queue and conversations agree",
                    {{"added", done->added}, {"finished", done->finished},
                        {"waiting", done->waiting}});
                failures = 0;
                while (!check_needed_) {
                    const auto woken = co_await check_wanted_.wait();
                    static_cast<void>(woken);
                }
            } else if (++failures == 1) {
                log_.warn("checking queue against conversations failed; it will be repeated",
                    {{"error", to_string(done.error())}});
            }
            co_await sleep_until(
                Deadline::after(backoff_delay(config_.retry, std::max(failures, 1U), draw())));
        }
    }

    const DispatchConfig config_;
    queue::Queues& queues_;
    agents::Runtime& runtime_;
    conversations::DialogWriter& writer_;
    const Clock& clock_;
    Metrics metrics_;
    Log log_;
    Reconciler reconciler_;
    Event stop_begun_;
    Event check_wanted_;
    Cancels cancels_;
    std::minstd_rand random_;
    bool stopping_ = false;
    bool check_needed_ = false;
    std::atomic<std::uint32_t> running_ = 0;
    TaskGroup workers_;
    TaskGroup housekeeping_;
};

}  // namespace

std::unique_ptr<Dispatcher> make_dispatcher(Executor executor, DispatchConfig config,
    queue::Queues& queues, agents::Runtime& runtime, conversations::Conversations& conversations,
    conversations::DialogWriter& writer, const Clock& clock, MetricRegistry& metrics, Log log) {
    return std::make_unique<QueueDispatcher>(
        executor, config, queues, runtime, conversations, writer, clock, metrics, std::move(log));
}

}  // namespace baton::dispatch
