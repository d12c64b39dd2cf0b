// What the choice of an endpoint costs: pick, reserve, first piece, settle.
#include <vector>

#include <benchmark/benchmark.h>

#include "llm/attempt.h"
#include "runtime/io_pool.h"

namespace baton::llm {
namespace {

/// All of the day, as by a database with nobody else.
void claim_all(Desk& desk, double limit) {
    desk.with([](PoolState& state, const Now&) { state.claim_money(); });
    Trip trip{.model = "fast", .input_tokens = 100, .output_tokens = 100};
    const auto refused = desk.take(trip);
    desk.with([&](PoolState& state, const Now& now) {
        const auto plan = state.purses().plan(now);
        state.purses().granted(
            std::vector<PurseGrant>(plan.claims.size(), {.claim = limit}), now.steady);
        return refused.has_value();
    });
}

void pick_and_settle(benchmark::State& bench) {
    static IoPool io(1);
    static SystemClock clock;
    static MetricRegistry metrics;
    static std::unique_ptr<Desk> desk;
    if (bench.thread_index() == 0) {
        PoolConfig config{.algorithm = static_cast<Algorithm>(bench.range(0))};
        std::vector<EndpointConfig> endpoints;
        for (int i = 0; i < bench.range(1); ++i) {
            endpoints.push_back({.name = std::to_string(i),
                .models = {{"fast", "gpt-4o-mini"}},
                .limits = {.requests_per_minute = 1'000'000'000, .cost_per_day = 1e9},
                .prices = {{"gpt-4o-mini", 0.15, 0.6}}});
        }
        desk = std::make_unique<Desk>(io.executor(0), config, endpoints, clock, metrics);
        if (bench.range(2) != 0) claim_all(*desk, 1e9);
    }
    for (auto _ : bench) {
        Trip trip{.model = "fast", .input_tokens = 100, .output_tokens = 100};
        auto grant = desk->take(trip);
        desk->speaks(*grant);
        const End end{.how = Ending::answered, .usage = {.input_tokens = 90, .output_tokens = 50}};
        desk->settle(*grant, end, Outcome::ok);
    }
}
BENCHMARK(pick_and_settle)
    ->ArgNames({"algorithm", "endpoints", "claimed"})
    ->ArgsProduct({{1, 4}, {3, 16}, {0, 1}})
    ->Threads(1)
    ->Threads(2);

void pick_only(benchmark::State& bench) {
    std::vector<EndpointConfig> endpoints;
    for (int i = 0; i < bench.range(1); ++i) {
        endpoints.push_back({.name = std::to_string(i), .models = {{"fast", "gpt-4o-mini"}}});
    }
    const PoolConfig config{.algorithm = static_cast<Algorithm>(bench.range(0))};
    PoolState state(config, endpoints);
    const SystemClock clock;
    const Ask ask{.model = "fast", .session_hash = 7, .input_tokens = 100, .output_tokens = 100};
    double draw = 0;
    for (auto _ : bench) {
        const Now now{clock.steady_now(), clock.now()};
        draw = draw > 0.9 ? 0 : draw + 0.07;
        const auto grant = state.take(ask, now, {.first = draw, .second = 1 - draw});
        state.settle(*grant, {.how = Ending::no_verdict}, now);
    }
}
BENCHMARK(pick_only)->ArgNames({"algorithm", "endpoints"})->ArgsProduct({{0, 1, 2, 3, 4, 5}, {3}});

}  // namespace
}  // namespace baton::llm
