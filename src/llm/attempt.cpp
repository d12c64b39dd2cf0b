#include "llm/attempt.h"

#include "llm/provider_error.h"

namespace baton::llm {
namespace {

/// Whose deadline passes after less silence than this was in a hurry; the endpoint is not blamed.
constexpr Duration silence_blamed{5'000};

std::vector<std::string> names_of(const std::vector<EndpointConfig>& endpoints) {
    std::vector<std::string> names;
    for (const auto& endpoint : endpoints) names.push_back(endpoint.name);
    return names;
}

Ending ending_of(Errc code, bool has_spoken, SteadyTime::duration waited) noexcept {
    switch (code) {
        case Errc::provider_unavailable:
        case Errc::provider_protocol: return Ending::failed;
        case Errc::provider_rate_limited: return Ending::rate_limited;
        case Errc::deadline_exceeded:
            return !has_spoken && waited >= silence_blamed ? Ending::failed : Ending::no_verdict;
        default: return Ending::no_verdict;
    }
}

}  // namespace

Desk::Desk(const Executor& executor, const PoolConfig& config,
    std::vector<EndpointConfig> endpoints, const Clock& clock, MetricRegistry& metrics)
    : clock_(clock),
      state_(config, endpoints),
      random_(std::random_device{}()),
      metrics_(metrics, names_of(endpoints)),
      health_changed_(executor),
      cooldowns_changed_(executor),
      spending_changed_(executor) {
    for (std::size_t i = 0; i < endpoints.size(); ++i) metrics_.weighs(i, endpoints[i].weight);
}

std::expected<Grant, Refusal> Desk::take(Trip& trip) {
    const Ask ask{.model = trip.model,
        .tenant = trip.tenant,
        .session_hash = trip.session_hash,
        .input_tokens = trip.input_tokens,
        .output_tokens = trip.output_tokens,
        .tried = trip.tried};
    const auto draw = [this] {
        return static_cast<double>(random_() - std::minstd_rand::min()) /
               (static_cast<double>(std::minstd_rand::max() - std::minstd_rand::min()) + 1);
    };
    bool lacks_share = false;
    bool runs_short = false;
    auto granted = with([&](PoolState& state, const Now& now) {
        const Draws draws{.first = draw(), .second = draw()};
        auto taken = state.take(ask, now, draws);
        lacks_share = taken ? taken->lacks_share : taken.error().lacks_share;
        runs_short = lacks_share || (taken && state.runs_short(*taken));
        return taken;
    });
    if (runs_short) spending_changed_.raise();
    if (lacks_share && wake_) wake_();
    if (!granted) return granted;
    trip.tried |= std::uint64_t{1} << granted->endpoint;
    metrics_.began(granted->endpoint);
    return granted;
}

void Desk::speaks(Grant& grant) {
    const auto after = with([&](PoolState& state, const Now& now) {
        state.speaks(grant, now);
        return now.steady - grant.began;
    });
    metrics_.spoke(grant.endpoint, after);
}

void Desk::report(const Grant& grant, const RateReport& report) {
    const auto [before, after] = with([&](PoolState& state, const Now& now) {
        const auto& until = state.endpoint(grant.endpoint).cools_until;
        const TimePoint was = until;
        state.report(grant, report, now);
        return std::pair(was, until);
    });
    if (before == after) return;
    metrics_.cools(grant.endpoint, false);
    show(grant.endpoint, now());
    cooldowns_changed_.raise();
}

double Desk::settle(const Grant& grant, const End& end, Outcome outcome) {
    SteadyTime::duration took{0};
    const double cost = with([&](PoolState& state, const Now& now) {
        took = now.steady - grant.began;
        return state.settle(grant, end, now);
    });
    metrics_.ended(grant.endpoint, outcome, took);
    if (end.how == Ending::answered) metrics_.used(grant.endpoint, end.usage, cost);
    if (end.how == Ending::rate_limited) metrics_.cools(grant.endpoint, true);
    if (end.how == Ending::failed || end.how == Ending::rate_limited || grant.on_trial) {
        show(grant.endpoint, now());
        health_changed_.raise();
    }
    if (cost > 0) spending_changed_.raise();
    if (end.how == Ending::rate_limited) cooldowns_changed_.raise();
    return cost;
}

void Desk::probed(std::size_t endpoint, bool answered, Duration next, std::string_view why) {
    with([&](PoolState& state, const Now& now) {
        state.endpoint(endpoint).probed(answered, now.steady, now.steady + next, why);
        return 0;
    });
    metrics_.probed(endpoint, answered);
    show(endpoint, now());
}

void Desk::show(std::size_t endpoint, const Now& at) {
    const auto [breaker, until] = with([&](PoolState& state, const Now&) {
        const auto& one = state.endpoint(endpoint);
        return std::pair(one.breaker.state(at.steady), one.cools_until);
    });
    metrics_.shows(endpoint, breaker, until);
}

void Attempt::call_off() {
    if (!is_settled_) settle({.how = Ending::no_verdict}, Outcome::cancelled);
}

double Attempt::answered(const TokenUsage& usage) {
    speaks();
    return settle({.how = Ending::answered, .usage = usage}, Outcome::ok);
}

void Attempt::failed(const Error& error) {
    const auto waited = desk_.now().steady - grant_.began;
    const End end{.how = ending_of(error.code, grant_.has_spoken, waited),
        .retry_after = error.retry_after,
        .why = error.detail};
    settle(end, outcome_of(error.code));
}

double Attempt::settle(const End& end, Outcome outcome) {
    is_settled_ = true;
    return desk_.settle(grant_, end, outcome);
}

bool goes_on_after(const Error& error) noexcept {
    switch (error.code) {
        case Errc::provider_unavailable:
        case Errc::provider_protocol:
        case Errc::provider_rate_limited:
        case Errc::unsupported: return true;
        case Errc::provider_rejected: return lacks_model(error);
        default: return false;
    }
}

}  // namespace baton::llm
