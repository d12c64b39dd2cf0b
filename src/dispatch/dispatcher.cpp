#include "dispatch/dispatcher.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <random>
#include <utility>
#include <variant>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "dispatch/adaptive_limit.h"
#include "dispatch/answer.h"
#include "dispatch/cancels.h"
#include "dispatch/lease_keeper.h"
#include "dispatch/metrics.h"
#include "dispatch/orphans.h"
#include "dispatch/reconciler.h"
#include "dispatch/settlement.h"
#include "dispatch/work_item.h"
#include "runtime/event.h"
#include "runtime/task_group.h"

namespace baton::dispatch {
namespace {

// Used inside coroutines, where the check does not see it.
using asio::experimental::awaitable_operators::operator||;  // NOLINT(misc-unused-using-decls)
using SteadyClock = std::chrono::steady_clock;

constexpr Duration pop_wait{30'000};  // a pop is renewed this often while nothing comes
constexpr std::uint32_t pop_max = 1'000;
// Between looks whether a model may be asked again: a pool tells nobody when that changes.
constexpr Duration look_again{1'000};
// Between pops that brought nothing but messages for models that cool.
constexpr Backoff put_off_pause{.initial = Duration(10), .max = Duration(1'000)};

using Popped = Result<std::vector<LeasedMessage>>;
/// Where a pop leaves its answer: a pop that lost against a change may have leased messages too.
using PopSlot = std::shared_ptr<std::optional<Popped>>;

/// A message in hand.
struct Taken {
    MessageView message;
    Run run;
    Result<WorkItem> item;
};

Taken taken(LeasedMessage leased) {
    auto item = parse_work_item(leased.message);
    const bool is_chat = item && std::holds_alternative<ChatWork>(*item);
    const Run run{.id = leased.message.id,
        .receipt = leased.receipt,
        .priority = leased.message.level,
        .count = {.attempts = leased.message.attempts, .failures = leased.message.failures + 1},
        .failures_before = leased.message.failures,
        .has_turn = !is_chat};
    return {.message = std::move(leased.message), .run = run, .item = std::move(item)};
}

RunEnd failed(Errc code, std::string detail) {
    return {.error = Error{.code = code, .detail = std::move(detail)}};
}

class QueueDispatcher final : public Dispatcher {
public:
    QueueDispatcher(const Executor& executor, const DispatchConfig& config,
        const DispatchDeps& deps, MetricRegistry& metrics, Log log)
        : config_(config),
          deps_(deps),
          metrics_(metrics),
          log_(std::move(log)),
          reconciler_(deps.queues, deps.conversations, deps.writer, deps.clock),
          settlement_({.config = config_,
              .queues = deps.queues,
              .writer = deps.writer,
              .clock = deps.clock,
              .log = log_,
              .draw = [this] { return draw(); },
              .check_needed =
                  [this] {
                      check_needed_ = true;
                      check_wanted_.notify_all();
                  }}),
          cancels_(executor, deps.queues),
          limit_({.min = std::min(config.workers_min, config.workers),
              .max = config.workers,
              .latency_target = config.latency_target}),
          changed_(executor),
          check_wanted_(executor),
          random_(std::random_device{}()),
          runs_(executor),
          housekeeping_(executor) {}

    Task<Result<void>> start() override {
        std::uint64_t orphans = 0;
        if (config_.is_only_one) {
            BATON_CO_TRY(orphans, co_await take_back_orphans(deps_.queues));
        }
        log_.info("dispatcher starts", {{"workers", config_.workers}, {"taken_back", orphans}});
        metrics_.limit_is(limit_.limit());
        housekeeping_.spawn([this] { return keep_reconciled(); });
        runs_.spawn([this] { return take(); });
        co_return Result<void>();
    }

    Task<void> stop(Deadline deadline) override {
        stopping_ = true;
        changed_.notify_all();
        co_await housekeeping_.stop();
        const std::size_t cut_short = co_await runs_.drain(deadline);
        log_.info("dispatcher stopped", {{"runs_cut_short", cut_short}});
    }

    std::uint32_t running() const override { return running_.load(); }

private:
    static QueueName queue_name() { return QueueName(std::string(llm_queue)); }

    /// From [0, 1).
    double draw() { return std::uniform_real_distribution<double>(0, 1)(random_); }

    // Taking messages

    /// How many more may run.
    [[nodiscard]] std::uint32_t room() const {
        const std::uint32_t running = running_.load();
        return limit_.limit() > running ? limit_.limit() - running : 0;
    }

    Task<void> take() {
        // A message that was popped is settled even when the cancellation came with it.
        co_await asio::this_coro::throw_if_cancelled(false);
        unsigned failures = 0;
        unsigned put_off = 0;
        while (!stopping_) {
            co_await until_work_is_welcome();
            if (stopping_) break;
            const auto slot = std::make_shared<std::optional<Popped>>();
            const std::uint32_t max = std::min(room(), pop_max);
            co_await (pop_into(slot, max) || until_less_room(max));
            if (!slot->has_value()) continue;
            Popped popped = *std::exchange(*slot, std::nullopt);
            if (popped) {
                failures = 0;
                const bool any_runs = co_await begin(*std::move(popped));
                put_off = any_runs ? 0 : put_off + 1;
                if (put_off > 0) co_await pause(backoff_delay(put_off_pause, put_off, draw()));
                continue;
            }
            // Called off when there was less room than it asked for.
            if (stopping_ || popped.error().code == Errc::cancelled) continue;
            if (++failures == 1) {
                log_.warn(
                    "taking messages failed; backing off", {{"error", to_string(popped.error())}});
            }
            co_await pause(backoff_delay(config_.retry, failures, draw()));
        }
    }

    /// Waits while as many run as may, and while every model cools: what would be popped could only
    /// be given back.
    Task<void> until_work_is_welcome() {
        while (!stopping_) {
            if (room() == 0) {
                const auto woken = co_await changed_.wait();
                static_cast<void>(woken);
                continue;
            }
            const Duration cools = cools_for();
            if (cools <= Duration(0)) co_return;
            co_await pause(std::min(cools, look_again));
        }
    }

    /// Until the first model may be asked.
    [[nodiscard]] Duration cools_for() const {
        if (deps_.pool == nullptr) return Duration(0);
        const TimePoint now = deps_.clock.now();
        TimePoint first = TimePoint::max();
        for (const auto& model : deps_.pool->models()) {
            first = std::min(first, deps_.pool->ready_at(model));
            if (first <= now) return Duration(0);
        }
        return first == TimePoint::max() ? Duration(0) : first - now;
    }

    /// Does not throw: of two that throw nobody could tell a cancellation from a fault.
    Task<void> pop_into(PopSlot slot, std::uint32_t max) {
        queue::PopRequest request{.queue = queue_name(),
            .max = max,
            .lease = config_.lease,
            .wait = Deadline::after(pop_wait)};
        try {
            auto popped = co_await deps_.queues.pop(std::move(request));
            slot->emplace(std::move(popped));
        } catch (const std::exception& e) {
            slot->emplace(fail(Errc::internal, e.what()));
        }
    }

    /// A pop that waits must not bring more than may run when it ends.
    Task<void> until_less_room(std::uint32_t wanted) {
        while (!stopping_ && room() >= wanted) {
            const auto woken = co_await changed_.wait();
            static_cast<void>(woken);
        }
    }

    Task<void> pause(Duration time) {
        const Deadline deadline = Deadline::after(time);
        while (!stopping_ && !deadline.expired()) {
            const auto woken = co_await changed_.wait(deadline);
            static_cast<void>(woken);
        }
    }

    /// Whether any of them runs now.
    Task<bool> begin(std::vector<LeasedMessage> popped) {
        bool any_runs = popped.empty();
        for (auto& leased : popped) {
            const auto work = std::make_shared<const Taken>(taken(std::move(leased)));
            any_runs |= !cooling(*work).has_value();
            ++running_;
            metrics_.run_started();
            // The group refuses once the daemon stops: then it is given back here.
            if (!runs_.spawn([this, work] { return handle(work); })) co_await handle(work);
        }
        co_return any_runs;
    }

    /// What a chat whose model can't be asked now fails with, without asking.
    [[nodiscard]] std::optional<Error> cooling(const Taken& work) const {
        const auto* chat = work.item ? std::get_if<ChatWork>(&*work.item) : nullptr;
        if (chat == nullptr || deps_.pool == nullptr) return std::nullopt;
        const TimePoint now = deps_.clock.now();
        const TimePoint ready = deps_.pool->ready_at(chat->request.model);
        if (ready <= now) return std::nullopt;
        return Error{.code = Errc::provider_rate_limited,
            .detail = "no endpoint of the model may be asked yet",
            .retry_after = ready - now};
    }

    // Running one

    Task<void> handle(std::shared_ptr<const Taken> work) {
        // From the pop on a message is settled, whoever cancels.
        co_await asio::this_coro::throw_if_cancelled(false);
        const Run& run = work->run;
        const SteadyTime began = deps_.clock.steady_now();
        RunEnd end = failed(Errc::cancelled, "");
        const auto cools = cooling(*work);
        if (cools) {
            end.error = *cools;
        } else if (!stopping_) {
            end = co_await guarded_attempt(*work);
        }

        co_await asio::this_coro::throw_if_cancelled(false);
        const auto state = co_await asio::this_coro::cancellation_state;
        end.interrupted = stopping_ && end.error &&
                          (state.cancelled() != asio::cancellation_type::none ||
                              end.error->code == Errc::cancelled);
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        const Outcome outcome = co_await settlement_.settle(run, end);
        co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());

        --running_;
        const auto took = deps_.clock.steady_now() - began;
        if (!cools) learn(end, began, std::chrono::duration_cast<Duration>(took));
        changed_.notify_all();
        metrics_.run_ended(outcome, took);
        log_.debug(
            "run ended", {{"message_id", run.id.text()}, {"priority", to_string(run.priority)},
                             {"retry_count", run.failures_before}, {"outcome", to_string(outcome)},
                             {"took_ms", std::chrono::duration_cast<Duration>(took).count()}});
    }

    /// How many may run follows from how it went.
    void learn(const RunEnd& end, SteadyTime began, Duration took) {
        const SteadyTime now = deps_.clock.steady_now();
        bool changed = false;
        if (end.answer) {
            changed = limit_.answered(began, took, now);
        } else if (end.error && (end.error->code == Errc::provider_rate_limited ||
                                    end.error->code == Errc::overloaded)) {
            changed = limit_.refused(began, now);
        }
        if (!changed) return;
        metrics_.limit_is(limit_.limit());
        log_.debug("how many may run has changed", {{"limit", limit_.limit()}});
    }

    /// Whatever the run throws is the end of that run, not of the daemon: one poisoned message must
    /// not take the others with it each time it is delivered.
    Task<RunEnd> guarded_attempt(const Taken& work) {
        try {
            co_await asio::this_coro::throw_if_cancelled(true);
            auto end = co_await attempt(work);
            co_return end;
        } catch (const boost::system::system_error& e) {
            const bool aborted = e.code() == asio::error::operation_aborted;
            co_return failed(aborted ? Errc::cancelled : Errc::internal, e.what());
        } catch (const std::exception& e) {
            co_return failed(Errc::internal, e.what());
        }
    }

    Task<RunEnd> attempt(const Taken& work) {
        if (!work.item) co_return RunEnd{.error = work.item.error()};
        const bool is_chat = !work.run.has_turn;
        const Deadline deadline = Deadline::after(is_chat ? config_.chat_timeout : config_.timeout);
        const auto cancel = cancels_.watch(work.run.id);
        const auto first =
            co_await (answer(deps_, work.run, *work.item, deadline) ||
                      hold_lease(deps_.queues, work.run.receipt, config_.lease, *cancel, log_));
        const auto* end = std::get_if<0>(&first);
        // The answer of a message stands in the store already; that of a chat would only take the
        // place of the word that it was cancelled.
        if (cancel->is_cancelled() && (end == nullptr || !end->answer || is_chat)) {
            co_return RunEnd{.cancelled = true};
        }
        if (end == nullptr) co_return RunEnd{.lease_lost = true};
        co_return *end;
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
    const DispatchDeps deps_;
    Metrics metrics_;
    Log log_;
    Reconciler reconciler_;
    Settlement settlement_;
    Cancels cancels_;
    AdaptiveLimit limit_;
    Event changed_;
    Event check_wanted_;
    std::minstd_rand random_;
    bool stopping_ = false;
    bool check_needed_ = false;
    std::atomic<std::uint32_t> running_ = 0;
    TaskGroup runs_;
    TaskGroup housekeeping_;
};

}  // namespace

std::unique_ptr<Dispatcher> make_dispatcher(Executor executor, DispatchConfig config,
    const DispatchDeps& deps, MetricRegistry& metrics, Log log) {
    return std::make_unique<QueueDispatcher>(executor, config, deps, metrics, std::move(log));
}

}  // namespace baton::dispatch
