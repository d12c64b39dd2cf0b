// What the pool counts, by endpoint.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "llm/pool.h"
#include "model/chat.h"

namespace baton::llm {

/// How a request to an endpoint ended, for people. Names are labels.
enum class Outcome : std::uint8_t {
    ok,
    rate_limited,
    unavailable,
    rejected,
    protocol,
    deadline,
    cancelled,
    other,
};
[[nodiscard]] Outcome outcome_of(Errc code) noexcept;

/// baton_llm_requests_total{endpoint,outcome}, baton_llm_tokens_total{endpoint,kind},
/// baton_llm_cost_total{endpoint}, baton_llm_request_seconds{endpoint},
/// baton_llm_first_token_seconds{endpoint}, baton_llm_in_flight_count{endpoint},
/// baton_llm_breaker_state{endpoint}, baton_llm_cooldown_until_seconds{endpoint},
/// baton_llm_cooldowns_total{endpoint,reason}, baton_llm_probes_total{endpoint,outcome},
/// baton_llm_weight{endpoint}, baton_llm_failovers_total, baton_llm_hedges_total,
/// baton_llm_waits_total. Thread-safe.
class PoolMetrics final {
public:
    PoolMetrics(MetricRegistry& registry, std::span<const std::string> endpoints);

    void began(std::size_t endpoint);
    void spoke(std::size_t endpoint, SteadyTime::duration after);
    void ended(std::size_t endpoint, Outcome outcome, SteadyTime::duration took);
    void used(std::size_t endpoint, const TokenUsage& usage, double cost);
    void probed(std::size_t endpoint, bool answered);
    void shows(std::size_t endpoint, BreakerState breaker, TimePoint cools_until);
    /// `said`: the endpoint refused a request; else it reported that nothing is left.
    void cools(std::size_t endpoint, bool said);
    void weighs(std::size_t endpoint, std::uint32_t weight);
    void failed_over();
    void hedged();
    void told_to_wait();

private:
    static constexpr std::size_t outcome_count = 8;
    struct Row {
        std::array<prometheus::Counter*, outcome_count> requests{};
        std::array<prometheus::Counter*, 3> tokens{};
        std::array<prometheus::Counter*, 2> cooldowns{};
        std::array<prometheus::Counter*, 2> probes{};
        prometheus::Counter* cost = nullptr;
        prometheus::Histogram* seconds = nullptr;
        prometheus::Histogram* first_token = nullptr;
        prometheus::Gauge* in_flight = nullptr;
        prometheus::Gauge* breaker = nullptr;
        prometheus::Gauge* cooldown_until = nullptr;
        prometheus::Gauge* weight = nullptr;
    };

    std::vector<Row> rows_;
    prometheus::Counter& failovers_;
    prometheus::Counter& hedges_;
    prometheus::Counter& waits_;
};

}  // namespace baton::llm
