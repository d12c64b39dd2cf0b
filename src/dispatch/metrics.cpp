#include "dispatch/metrics.h"

#include <string>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

namespace baton::dispatch {
namespace {

constexpr std::array<std::string_view, outcome_count> outcome_names{
    "completed", "retried", "dead", "returned", "lease_lost", "cancelled", "waiting"};

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
    return outcome_names[static_cast<std::size_t>(outcome)];
}

Metrics::Metrics(MetricRegistry& registry)
    : run_seconds_(registry.latency(
          "baton_dispatch_run_seconds", "Time from taking a message to settling it")),
      running_(registry.gauge("baton_dispatch_running_count", "Runs under way")),
      limit_(registry.gauge("baton_dispatch_limit_count", "Runs that may be under way at a time")),
      retries_(registry.counter(
          "baton_dispatch_retries_total", "Runs that failed and were put back to be tried again")) {
    for (std::size_t i = 0; i < outcome_count; ++i) {
        runs_[i] = &registry.counter("baton_dispatch_runs_total", "Runs by how they ended",
            {{"outcome", std::string(outcome_names[i])}});
    }
}

void Metrics::run_started() { running_.Increment(); }

void Metrics::limit_is(std::uint32_t runs) { limit_.Set(runs); }

void Metrics::run_ended(Outcome outcome, std::chrono::steady_clock::duration took) {
    running_.Decrement();
    runs_[static_cast<std::size_t>(outcome)]->Increment();
    run_seconds_.Observe(std::chrono::duration<double>(took).count());
    if (outcome == Outcome::retried) retries_.Increment();
}

}  // namespace baton::dispatch
