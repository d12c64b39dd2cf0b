#include "queue/remote/remote_caller.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/core.h>
#include <prometheus/counter.h>

namespace baton::queue::remote {
namespace {

std::uint64_t random_number() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

/// Evenly in [0, 1), another one for each request.
double jitter_of(const RequestId& id, unsigned attempt) {
    std::uint64_t mixed = (id.client ^ id.number ^ attempt) * 0x9E3779B97F4A7C15;
    mixed ^= mixed >> 32;
    mixed *= 0xD6E8FEB86659FD93;
    return static_cast<double>(mixed >> 11) * 0x1.0p-53;
}

/// Of a caller who hears that it took too long already.
constexpr Duration come_again{1'000};

Error stopped() { return {.code = Errc::shutting_down, .detail = "the queues are stopping"}; }
Error called_off() { return {.code = Errc::cancelled, .detail = "the call was called off"}; }

bool is_unsent(Errc code) { return code == Errc::unavailable || code == Errc::queue_unavailable; }

Task<bool> is_cancelled() {
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

/// What callers of queues hear of servers that nobody reaches: the servers' own `unavailable` means
/// any of them. Certainly not executed.
Error queues_away(Error error) {
    error.code = Errc::queue_unavailable;
    error.retry_after = std::max(error.retry_after, come_again);
    return error;
}

/// False when the task was cancelled meanwhile.
Task<bool> pause_until(Deadline deadline) {
    asio::steady_timer timer(co_await asio::this_coro::executor, deadline.at());
    const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    const bool cancelled = co_await is_cancelled();
    co_return !error && !cancelled;
}

}  // namespace

struct RemoteCaller::Metrics {
    explicit Metrics(MetricRegistry& registry)
        : repeated(registry.counter(
              "baton_queue_remote_retries_total", "Queue commands sent to other daemons again")),
          unknown(registry.counter("baton_queue_remote_unknown_total",
              "Queue commands of which it is not known whether they were executed")),
          withdrawn(registry.counter("baton_queue_remote_withdrawn_total",
              "Queue commands withdrawn from other daemons")) {}

    prometheus::Counter& repeated;
    prometheus::Counter& unknown;
    prometheus::Counter& withdrawn;
};

/// Counts a call from its first attempt to its end, for `stop`.
class RemoteCaller::UnderWay {
public:
    explicit UnderWay(RemoteCaller& caller) : caller_(caller) {
        const std::scoped_lock lock(caller_.mutex_);
        ++caller_.under_way_;
    }
    ~UnderWay() {
        const std::scoped_lock lock(caller_.mutex_);
        if (--caller_.under_way_ == 0) caller_.ended_.notify_all();
    }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

private:
    RemoteCaller& caller_;
};

RemoteCaller::RemoteCaller(
    Transport& transport, const RemoteConfig& config, MetricRegistry& metrics)
    : transport_(transport),
      config_(config),
      metrics_(std::make_shared<Metrics>(metrics)),
      client_(random_number()) {}

RequestId RemoteCaller::next_id() noexcept {
    return {.client = client_, .number = numbers_.fetch_add(1)};
}

bool RemoteCaller::stopping() {
    const std::scoped_lock lock(mutex_);
    return stopping_;
}

Task<Result<Bytes>> RemoteCaller::run(const Exchange& exchange) {
    const UnderWay under_way(*this);
    // A cancellation must not throw between a server that leased messages and the withdrawal.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto answer = co_await attempt_all(exchange);
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (!answer && is_unsent(answer.error().code)) {
        co_return fail(queues_away(std::move(answer).error()));
    }
    co_return answer;
}

Task<Result<Bytes>> RemoteCaller::attempt_all(const Exchange& exchange) {
    const CommandInfo& info = exchange.info;
    const Deadline end = Deadline::after(config_.call_timeout + exchange.hold);
    const bool repeats = info.repeat == Repeat::harmless || exchange.may_repeat;
    RequestId id = next_id();
    Bytes request = exchange.encode(id);
    bool is_unknown = false;
    Deadline unhealthy = Deadline::never();  // so long the transport may be it
    for (unsigned number = 1;; ++number) {
        const Deadline slow = Deadline::after(config_.attempt_timeout + exchange.hold);
        auto answer = co_await attempt(exchange, id, request, repeats ? end.min(slow) : end);
        Verdict verdict = co_await decide(exchange, answer);
        if (verdict.step == NextStep::take) co_return answer;
        if (verdict.step == NextStep::give_up) co_return std::unexpected(verdict.error);
        is_unknown |= verdict.is_unknown;
        const Duration delay = std::max(verdict.error.retry_after,
            backoff_delay(config_.backoff, number, jitter_of(id, number)));
        const Deadline next = Deadline::after(delay);
        unhealthy = transport_.health()
                        ? Deadline::never()
                        : unhealthy.min(Deadline::after(config_.unhealthy_patience));
        const bool is_hopeless = verdict.error.code == Errc::queue_unavailable;
        if (is_hopeless || next >= end.min(unhealthy)) {
            if (is_unknown) metrics_->unknown.Increment();
            co_return std::unexpected(
                is_unknown ? outcome_unknown(verdict.error)
                           : with_context(verdict.error, fmt::format("after {} attempts", number)));
        }
        const bool waited = co_await pause_until(next);
        if (!waited) co_return std::unexpected(called_off());
        metrics_->repeated.Increment();
        if (!info.is_withdrawn) continue;  // the same id: a server that has executed it knows
        id = next_id();                    // the old one is withdrawn
        request = exchange.encode(id);
    }
}

/// One attempt; sees to it that nothing stays leased for an answer that nobody takes.
Task<Result<Bytes>> RemoteCaller::attempt(
    const Exchange& exchange, const RequestId& id, Bytes request, Deadline until) {
    if (request.size() > request_bytes_max) {
        co_return fail(Errc::payload_too_large, "a queue command of more than 64 MiB");
    }
    const bool is_withdrawn = exchange.info.is_withdrawn;
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_) co_return std::unexpected(stopped());
        if (is_withdrawn) withdrawable_.emplace(id, exchange.route);
    }
    auto answer = co_await transport_.call(exchange.route, std::move(request), until);
    if (is_withdrawn) {
        const std::scoped_lock lock(mutex_);
        withdrawable_.erase(id);
    }
    const bool cancelled = co_await is_cancelled();
    const bool is_lost = !answer && !is_unsent(answer.error().code);
    if (is_withdrawn && (cancelled || is_lost)) withdraw(exchange.route, id);
    if (cancelled && (is_withdrawn || !answer)) co_return std::unexpected(called_off());
    co_return answer;
}

Task<Verdict> RemoteCaller::decide(const Exchange& exchange, const Result<Bytes>& answer) {
    Verdict verdict = judge(exchange.info.repeat, answer);
    if (verdict.step == NextStep::take) co_return verdict;
    const bool stops = stopping();
    const bool is_withdrawn = verdict.error.code == Errc::cancelled && answer.has_value();
    if (stops && (verdict.step == NextStep::again || is_withdrawn)) {
        co_return Verdict{.step = NextStep::give_up,
            .error = verdict.is_unknown ? outcome_unknown(verdict.error) : stopped()};
    }
    if (verdict.step == NextStep::give_up && verdict.is_unknown) {
        bool may = false;
        if (exchange.may_repeat) may = co_await exchange.may_repeat();
        if (may) {
            verdict.step = NextStep::again;
        } else {
            metrics_->unknown.Increment();
        }
    }
    co_return verdict;
}

void RemoteCaller::withdraw(const Route& route, const RequestId& id) {
    metrics_->withdrawn.Increment();
    transport_.tell(route, encode_request(id, Withdraw{}));
}

void RemoteCaller::give_back(const Route& route, const std::vector<LeasedMessage>& messages) {
    Nack command;
    for (const auto& leased : messages) {
        command.requests.push_back({.receipt = leased.receipt, .blame = Blame::none});
    }
    if (!messages.empty()) transport_.tell(route, encode_request(next_id(), command));
}

void RemoteCaller::stop() {
    std::unordered_map<RequestId, Route> waits;
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        waits = withdrawable_;
    }
    for (const auto& [id, route] : waits) withdraw(route, id);
    {
        std::unique_lock lock(mutex_);
        ended_.wait_for(lock, config_.stop_grace, [&] { return under_way_ == 0; });
    }
    transport_.close();
}

}  // namespace baton::queue::remote
