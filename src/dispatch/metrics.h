// What the dispatcher counts.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/metrics.h"

namespace baton::dispatch {

/// How a run ended.
enum class Outcome : std::uint8_t {
    completed,   ///< answered and settled
    retried,     ///< failed; back in the queue
    dead,        ///< failed for good
    returned,    ///< given back because the daemon stops
    lease_lost,  ///< the queue took it back
    cancelled,   ///< somebody cancelled the message
    waiting,     ///< rests without a worker until a reply is there
};
inline constexpr std::size_t outcome_count = 7;
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;

/// baton_dispatch_runs_total{outcome}, baton_dispatch_run_seconds, baton_dispatch_running_count,
/// baton_dispatch_limit_count, baton_dispatch_retries_total. Thread-safe.
class Metrics final {
public:
    explicit Metrics(MetricRegistry& registry);

    void run_started();
    /// So many may run at a time.
    void limit_is(std::uint32_t runs);
    void run_ended(Outcome outcome, std::chrono::steady_clock::duration took);

private:
    std::array<prometheus::Counter*, outcome_count> runs_{};
    prometheus::Histogram& run_seconds_;
    prometheus::Gauge& running_;
    prometheus::Gauge& limit_;
    prometheus::Counter& retries_;
};

}  // namespace baton::dispatch
