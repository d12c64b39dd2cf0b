#include "llm/pool_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

namespace baton::llm {
namespace {

constexpr std::array<std::string_view, 8> outcome_names{
    "ok", "rate_limited", "unavailable", "rejected", "protocol", "deadline", "cancelled", "other"};
constexpr std::array<std::string_view, 3> token_kinds{"input", "output", "cached_input"};
constexpr std::array<std::string_view, 2> cooldown_reasons{"reported", "refused"};
constexpr std::array<std::string_view, 2> probe_outcomes{"failed", "ok"};

double seconds(SteadyTime::duration time) { return std::chrono::duration<double>(time).count(); }

template <std::size_t size>
std::array<prometheus::Counter*, size> counters(MetricRegistry& registry, const std::string& name,
    const std::string& help, const std::string& endpoint, const std::string& label,
    const std::array<std::string_view, size>& values) {
    std::array<prometheus::Counter*, size> all{};
    for (std::size_t i = 0; i < size; ++i) {
        all[i] = &registry.counter(
            name, help, {{"endpoint", endpoint}, {label, std::string(values[i])}});
    }
    return all;
}

}  // namespace

Outcome outcome_of(Errc code) noexcept {
    switch (code) {
        case Errc::provider_rate_limited: return Outcome::rate_limited;
        case Errc::provider_unavailable: return Outcome::unavailable;
        case Errc::provider_rejected: return Outcome::rejected;
        case Errc::provider_protocol: return Outcome::protocol;
        case Errc::deadline_exceeded: return Outcome::deadline;
        case Errc::cancelled: return Outcome::cancelled;
        default: return Outcome::other;
    }
}

PoolMetrics::PoolMetrics(MetricRegistry& registry, std::span<const std::string> endpoints)
    : failovers_(registry.counter("baton_llm_failovers_total",
          "Requests that went on to another endpoint after one had failed")),
      hedges_(registry.counter(
          "baton_llm_hedges_total", "Second requests because the first one was slow to begin")),
      waits_(registry.counter("baton_llm_waits_total",
          "Requests that no endpoint could take, and that were told when one may")) {
    for (const auto& name : endpoints) {
        const MetricRegistry::Labels one{{"endpoint", name}};
        rows_.push_back({
            .requests = counters(registry, "baton_llm_requests_total",
                "Requests to LLM endpoints by how they ended", name, "outcome", outcome_names),
            .tokens = counters(registry, "baton_llm_tokens_total",
                "Tokens read and written by models; cached_input is part of input", name, "kind",
                token_kinds),
            .cooldowns = counters(registry, "baton_llm_cooldowns_total",
                "Times an endpoint began to cool: refused (429), reported (nothing left)", name,
                "reason", cooldown_reasons),
            .probes = counters(registry, "baton_llm_probes_total", "Active health probes", name,
                "outcome", probe_outcomes),
            .cost = &registry.counter(
                "baton_llm_cost_total", "Money, in the currency of the configured prices", one),
            .seconds = &registry.latency(
                "baton_llm_request_seconds", "Time from pick to the end of the answer", one),
            .first_token = &registry.latency("baton_llm_first_token_seconds",
                "Time from pick to the first piece of the answer", one),
            .in_flight = &registry.gauge("baton_llm_in_flight_count", "Requests under way", one),
            .breaker =
                &registry.gauge("baton_llm_breaker_state", "0 closed, 1 half open, 2 open", one),
            .cooldown_until = &registry.gauge("baton_llm_cooldown_until_seconds",
                "Unix time at which the latest cooldown ends; 0: there was none", one),
            .weight = &registry.gauge("baton_llm_weight", "Share of the work", one),
        });
    }
}

void PoolMetrics::began(std::size_t endpoint) { rows_[endpoint].in_flight->Increment(); }

void PoolMetrics::spoke(std::size_t endpoint, SteadyTime::duration after) {
    rows_[endpoint].first_token->Observe(seconds(after));
}

void PoolMetrics::ended(std::size_t endpoint, Outcome outcome, SteadyTime::duration took) {
    Row& row = rows_[endpoint];
    row.in_flight->Decrement();
    row.requests[static_cast<std::size_t>(outcome)]->Increment();
    if (outcome == Outcome::ok) row.seconds->Observe(seconds(took));
}

void PoolMetrics::used(std::size_t endpoint, const TokenUsage& usage, double cost) {
    Row& row = rows_[endpoint];
    row.tokens[0]->Increment(static_cast<double>(usage.input_tokens));
    row.tokens[1]->Increment(static_cast<double>(usage.output_tokens));
    row.tokens[2]->Increment(static_cast<double>(usage.cached_input_tokens));
    if (cost > 0) row.cost->Increment(cost);
}

void PoolMetrics::probed(std::size_t endpoint, bool answered) {
    rows_[endpoint].probes[answered ? 1 : 0]->Increment();
}

void PoolMetrics::shows(std::size_t endpoint, BreakerState breaker, TimePoint cools_until) {
    const double state = breaker == BreakerState::closed ? 0
                         : breaker == BreakerState::open ? 2
                                                         : 1;
    rows_[endpoint].breaker->Set(state);
    rows_[endpoint].cooldown_until->Set(static_cast<double>(to_unix_ms(cools_until)) / 1000.0);
}

void PoolMetrics::cools(std::size_t endpoint, bool said) {
    rows_[endpoint].cooldowns[said ? 1 : 0]->Increment();
}

void PoolMetrics::weighs(std::size_t endpoint, std::uint32_t weight) {
    rows_[endpoint].weight->Set(weight);
}

void PoolMetrics::failed_over() { failovers_.Increment(); }
void PoolMetrics::hedged() { hedges_.Increment(); }
void PoolMetrics::told_to_wait() { waits_.Increment(); }

}  // namespace baton::llm
