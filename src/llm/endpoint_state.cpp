#include "llm/endpoint_state.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"

namespace baton::llm {
namespace {

/// First wait after a 429 that names none; twice as long after each further one, up to a minute.
constexpr Duration nameless_cooldown{1'000};
constexpr unsigned nameless_doublings_max = 6;
/// When to look again at an endpoint whose requests under way are as many as may be.
constexpr Duration ending_soonest{20};
constexpr Duration ending_latest{1'000};
/// Its delay counts as slow only from here on, and when so many answers say what is usual.
constexpr double slow_more_ms = 500;
constexpr std::uint64_t usual_needs = 20;
constexpr Duration usual_lookup{1'000};
/// Each slow answer raises what is usual by a little: what stays slow is the new usual one day.
constexpr double slow_drift = 1.001;

double in_ms(SteadyTime::duration time) noexcept {
    return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

EndpointState::EndpointState(EndpointConfig given, const PoolConfig& pool)
    : config(std::move(given)),
      book(config.limits),
      breaker(pool.breaker),
      slow_factor_(pool.slow_factor),
      name_hash_(stable_hash(config.name)) {}

SteadyTime EndpointState::admits_at(const Need& need, const Now& now) noexcept {
    if (config.weight == 0) return SteadyTime::max();
    const Duration usual(static_cast<std::int64_t>(delay_.value()));
    const SteadyTime ending = now.steady + std::clamp(usual, ending_soonest, ending_latest);
    return std::max({now.steady, cooling_until_, breaker.admits_at(now.steady),
        book.admits_at(need, now, ending)});
}

std::string EndpointState::why_not(const Now& now) const {
    if (config.weight == 0) return fmt::format("`{}` has weight 0", config.name);
    if (cooling_until_ > now.steady) {
        return fmt::format(
            "`{}` cools until {} ({})", config.name, to_rfc3339(cools_until), reason);
    }
    if (!breaker.admits(now.steady)) {
        return fmt::format("`{}` does not work ({})", config.name, reason);
    }
    return fmt::format("`{}` is at its limits", config.name);
}

double EndpointState::expected_delay_ms(SteadyTime now) const noexcept {
    const double waited = telling_ == waiting_.end() ? 0 : in_ms(now - telling_->began);
    return std::max(delay_.value(), delay_.value() > 0 ? waited : 0);
}

bool EndpointState::is_slow(double delay_ms) const noexcept {
    return slow_factor_ > 0 && usual_delay_ms_ > 0 &&
           delay_ms > std::max(usual_delay_ms_ * slow_factor_, usual_delay_ms_ + slow_more_ms);
}

Candidate EndpointState::candidate(std::size_t place, SteadyTime now) noexcept {
    leave_behind_stuck(now);
    const double delay_ms = expected_delay_ms(now);
    return {.endpoint = place,
        .name_hash = name_hash_,
        .weight = config.weight,
        .in_flight = book.in_flight() - stuck_,
        .delay_ms = delay_ms,
        .is_slow = is_slow(delay_ms),
        .idle_ms = in_ms(now - picked_at_)};
}

bool EndpointState::begin(const Need& estimate, const Now& now) {
    book.reserve(estimate, now);
    waiting_.push_back({.began = now.steady});
    if (telling_ == waiting_.end()) telling_ = newest();
    picked_at_ = now.steady;
    ++requests;
    return breaker.take(now.steady);
}

void EndpointState::speaks(Waiting::iterator place, SteadyTime began, SteadyTime now) {
    waits_no_more(place);
    learn_delay(std::chrono::duration_cast<Duration>(now - began), began, now);
}

void EndpointState::waits_no_more(Waiting::iterator place) {
    if (place == telling_) ++telling_;
    if (place->is_stuck) --stuck_;
    waiting_.erase(place);
}

/// Those that began before an answer that came in time, and wait for too long, hang in what is
/// over: they say nothing of the next one, and are no load for it.
void EndpointState::leave_behind_stuck(SteadyTime now) noexcept {
    while (telling_ != waiting_.end() && telling_->began <= timely_since_ &&
           is_slow(in_ms(now - telling_->began))) {
        telling_->is_stuck = true;
        ++stuck_;
        ++telling_;
    }
}

void EndpointState::learn_delay(Duration delay, SteadyTime began, SteadyTime now) {
    const auto ms = std::max(static_cast<double>(delay.count()), 0.5);
    first_token_.add(delay, now);
    if (is_slow(ms) && began <= timely_since_) return;  // old news: it has done better since
    // Back to what is usual: nothing is left of the trouble.
    if (is_slow(delay_.value()) && !is_slow(ms)) {
        delay_.set(ms, now);
    } else {
        delay_.add(ms, now);
    }
    if (is_slow(ms)) {
        usual_delay_ms_ *= slow_drift;
        return;
    }
    timely_since_ = std::max(timely_since_, began);
    usual_delay_.add(delay, now);
    if (now - usual_looked_at_ < usual_lookup) return;
    usual_looked_at_ = now;
    const bool enough = usual_delay_.count(now) >= usual_needs;
    if (enough) usual_delay_ms_ = static_cast<double>(usual_delay_.at(0.5, now).count());
}

void EndpointState::end(const End& end, bool on_trial, Duration latency, const Now& now) {
    switch (end.how) {
        case Ending::answered:
            breaker.succeeded();
            rate_limited_in_row_ = 0;
            latency_.add(latency, now.steady);
            tokens.input_tokens += end.usage.input_tokens;
            tokens.output_tokens += end.usage.output_tokens;
            tokens.cached_input_tokens += end.usage.cached_input_tokens;
            tokens.reasoning_tokens += end.usage.reasoning_tokens;
            return;
        case Ending::failed:
            ++failures;
            reason = end.why;
            breaker.failed(on_trial, now.steady);
            return;
        case Ending::rate_limited: {
            ++failures;
            breaker.ended(on_trial);
            const auto doubled = nameless_cooldown *
                                 (1U << std::min(rate_limited_in_row_++, nameless_doublings_max));
            const bool named = end.retry_after > Duration(0);
            // What a refusal asks for itself is its last word, whatever windows it reports beside.
            if (named && cools_by_report_) cooling_until_ = now.steady;
            cool(now.steady + (named ? end.retry_after : doubled), end.why, now);
            return;
        }
        case Ending::no_verdict: breaker.ended(on_trial); return;
    }
}

void EndpointState::cool(SteadyTime until, std::string why, const Now& now) {
    until = std::min<SteadyTime>(until, now.steady + cooldown_max);
    if (until <= cooling_until_) return;
    cooling_until_ = until;
    cools_by_report_ = false;
    cools_until = now.wall + std::chrono::ceil<Duration>(until - now.steady);
    reason = std::move(why);
}

void EndpointState::report(const RateReport& report, const Now& now) {
    const auto check = [&](const RateWindow& window, std::string_view what) {
        if (window.remaining != 0U || window.reset <= Duration(0)) return;
        const auto before = cooling_until_;
        cool(now.steady + window.reset, fmt::format("its {} are used up", what), now);
        cools_by_report_ = cools_by_report_ || cooling_until_ > before;
    };
    check(report.requests, "requests");
    check(report.input_tokens, "input tokens");
    check(report.output_tokens, "output tokens");
}

void EndpointState::probed(bool answered, SteadyTime now, SteadyTime next, std::string_view why) {
    if (answered) {
        breaker.probe_succeeded(now);
        return;
    }
    reason = why;
    breaker.probe_failed(now, next);
}

Duration EndpointState::usual_first_token(double share, SteadyTime now) const noexcept {
    return first_token_.count(now) >= usual_needs ? first_token_.at(share, now) : Duration(0);
}

EndpointStatus EndpointState::status(const Now& now) {
    EndpointStatus status{.name = config.name,
        .provider = config.kind,
        .base_url = config.base_url,
        .weight = config.weight,
        .breaker = breaker.state(now.steady),
        .cools_until = cooling_until_ > now.steady ? cools_until : TimePoint{},
        .cool_reason = reason,
        .in_flight = book.in_flight(),
        .requests = requests,
        .failures = failures,
        .latency_p50 = latency_.at(0.5, now.steady),
        .latency_p95 = latency_.at(0.95, now.steady),
        .latency_p99 = latency_.at(0.99, now.steady),
        .first_token_p50 = first_token_.at(0.5, now.steady),
        .first_token_p99 = first_token_.at(0.99, now.steady),
        .tokens = tokens,
        .cost = cost,
        .cost_today = book.purse().spent(now.wall)};
    for (const auto& model : config.models) status.models.push_back(model.alias);
    return status;
}

}  // namespace baton::llm
