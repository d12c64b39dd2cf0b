#include "llm/endpoint_pool.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "llm/attempt.h"
#include "llm/estimate.h"
#include "llm/provider_error.h"
#include "llm/race.h"
#include "llm/upkeep.h"
#include "runtime/event.h"

namespace baton::llm {
namespace {

std::vector<EndpointConfig> configs_of(const std::vector<PoolEndpoint>& endpoints) {
    std::vector<EndpointConfig> configs;
    for (const auto& endpoint : endpoints) configs.push_back(endpoint.config);
    return configs;
}

std::vector<Provider*> providers_of(const std::vector<PoolEndpoint>& endpoints) {
    std::vector<Provider*> providers;
    for (const auto& endpoint : endpoints) providers.push_back(endpoint.provider.get());
    return providers;
}

/// A trip's failures so far.
struct Failures {
    std::optional<Error> last{};
    std::vector<std::pair<std::size_t, std::string>> rejected{};  ///< by whom, with which words

    void add(std::size_t endpoint, Error error) {
        if (error.code == Errc::provider_rejected) rejected.emplace_back(endpoint, error.detail);
        last = std::move(error);
    }
};

/// A request whose share is on its way asks again after this, then after twice as much, …
constexpr Duration share_wait_min{4};
constexpr Duration share_wait_max{256};

/// The pool's books for who knows the other daemons.
class DeskLimits final : public SharedLimits {
public:
    explicit DeskLimits(Desk& desk) : desk_(desk) {}

    std::vector<NamedUse> uses() override {
        return desk_.with(
            [](PoolState& state, const Now& now) { return state.shared().uses(now.steady); });
    }
    void lower(const std::vector<ShareBound>& bounds) override {
        desk_.with(
            [&](PoolState& state, const Now& now) { state.shared().lower(bounds, now.steady); });
    }
    void allow(const std::vector<ShareBound>& bounds, SteadyTime until) override {
        desk_.with([&](PoolState& state, const Now&) { state.shared().allow(bounds, until); });
    }
    void on_want(std::function<void()> wake) override { desk_.on_want(std::move(wake)); }

private:
    Desk& desk_;
};

class ServingPool final : public EndpointPool {
public:
    ServingPool(const PoolDeps& deps, const PoolConfig& config, std::vector<PoolEndpoint> endpoints,
        Log log)
        : hedges_(config.hedge),
          endpoints_(std::move(endpoints)),
          providers_(providers_of(endpoints_)),
          log_(std::move(log)),
          desk_(deps.executor, config, configs_of(endpoints_), deps.clock, deps.metrics),
          limits_(desk_),
          upkeep_(deps.executor, config, desk_, providers_, deps.records, log_) {
        desk_.with([&](PoolState& state, const Now&) {
            if (deps.records != nullptr) state.claim_money();
            if (deps.shares_limits) state.share_limits();
        });
    }

    /// Blocks.
    Result<void> restore(PoolRecords& records) {
        const TimePoint day = std::chrono::floor<std::chrono::days>(desk_.now().wall);
        BATON_TRY(const auto cooldowns, records.cooldowns());
        BATON_TRY(const auto sums, records.sums(day));
        desk_.with([&](PoolState& state, const Now& now) {
            state.restore(cooldowns, now);
            state.purses().restore(day, sums);
        });
        return {};
    }

    Task<void> start() override {
        upkeep_.start();
        co_return;
    }
    Task<void> stop() override { return upkeep_.stop(); }
    SharedLimits& shared_limits() override { return limits_; }

    Task<Result<ChatResult>> chat(
        Asker asker, ChatRequest request, ChatSink sink, Deadline deadline) override {
        Trip trip = trip_of(asker, request.model, estimate_input(request));
        trip.output_tokens = request.options.max_output_tokens;
        Failures failures;
        while (true) {
            auto granted = desk_.take(trip);
            if (!granted && granted.error().lacks_share) {
                auto later = co_await take_when_shared(trip, deadline);
                granted = std::move(later);
            }
            if (!granted) co_return fail(verdict(granted.error(), failures));
            Attempt attempt(desk_, *std::move(granted));
            auto end = co_await run(attempt, trip, request, sink, deadline);
            if (end.result) {
                blame(failures);
                end.result->endpoint = endpoints_[end.endpoint].config.name;
                co_return std::move(end.result);
            }
            Error error = heard(end.endpoint, std::move(end.result).error());
            const bool goes_on = !end.has_spoken && goes_on_after(error);
            if (!goes_on || deadline.expired()) co_return fail(std::move(error));
            note(end.endpoint, error);
            failures.add(end.endpoint, std::move(error));
        }
    }

    Task<Result<EmbeddingResult>> embed(
        Asker asker, EmbeddingRequest request, Deadline deadline) override {
        Trip trip = trip_of(asker, request.model, estimate_input(request));
        trip.output_tokens = 0;
        Failures failures;
        while (true) {
            auto granted = desk_.take(trip);
            if (!granted && granted.error().lacks_share) {
                auto later = co_await take_when_shared(trip, deadline);
                granted = std::move(later);
            }
            if (!granted) co_return fail(verdict(granted.error(), failures));
            Attempt attempt(desk_, *std::move(granted));
            const std::size_t endpoint = attempt.grant().endpoint;
            request.model = attempt.grant().model;
            auto result = co_await providers_[endpoint]->embed(request, deadline);
            if (result) {
                attempt.answered({.input_tokens = result->input_tokens});
                blame(failures);
                co_return result;
            }
            attempt.failed(result.error());
            Error error = heard(endpoint, std::move(result).error());
            if (!goes_on_after(error) || deadline.expired()) co_return fail(std::move(error));
            note(endpoint, error);
            failures.add(endpoint, std::move(error));
        }
    }

    std::vector<std::string> models() const override {
        return desk_.with([](const PoolState& state, const Now&) { return state.models(); });
    }

    bool serves(std::string_view model) const override {
        return desk_.with([&](const PoolState& state, const Now&) { return state.serves(model); });
    }

    TimePoint ready_at(std::string_view model) const override {
        return desk_.with([&](PoolState& state, const Now& now) {
            const auto wait = state.ready_at(model, now) - now.steady;
            // Not the time of this look: who looked at the clock a moment before would wait for it.
            if (wait <= wait.zero()) return TimePoint::min();
            return now.wall + std::chrono::ceil<Duration>(wait);
        });
    }

    Rooms rooms(const Asker& asker, std::string_view model) const override {
        return desk_.with([&](PoolState& state, const Now& now) {
            return state.rooms(asker.tenant.text, model, now);
        });
    }

    Duration expected_time(std::string_view model) const override {
        return desk_.with(
            [&](const PoolState& state, const Now&) { return state.expected_time(model); });
    }

    std::vector<EndpointStatus> status() const override {
        return desk_.with([](PoolState& state, const Now& now) { return state.status(now); });
    }

    Result<void> set_weight(std::string_view endpoint, std::uint32_t weight) override {
        const bool done = desk_.with(
            [&](PoolState& state, const Now&) { return state.set_weight(endpoint, weight); });
        if (!done) return fail(Errc::not_found, fmt::format("no LLM endpoint `{}`", endpoint));
        for (std::size_t i = 0; i < endpoints_.size(); ++i) {
            if (endpoints_[i].config.name == endpoint) desk_.metrics().weighs(i, weight);
        }
        log_.info(
            "weight of an LLM endpoint was set", {{"endpoint", endpoint}, {"weight", weight}});
        return {};
    }

private:
    static Trip trip_of(const Asker& asker, const std::string& model, std::uint64_t tokens) {
        return {.model = model,
            .tenant = asker.tenant.text,
            .session_hash = asker.session.empty() ? 0 : stable_hash(asker.session),
            .input_tokens = tokens};
    }

    /// For as long as a share may be on its way.
    Task<std::expected<Grant, Refusal>> take_when_shared(Trip& trip, Deadline deadline) {
        std::expected<Grant, Refusal> granted;
        for (Duration wait = share_wait_min; wait <= share_wait_max; wait *= 2) {
            co_await sleep_until(Deadline::after(wait).min(deadline));
            granted = desk_.take(trip);
            if (granted || !granted.error().lacks_share || deadline.expired()) break;
        }
        co_return granted;
    }

    /// One attempt, or two of which one goes on.
    Task<RaceEnd> run(Attempt& attempt, Trip& trip, const ChatRequest& request, ChatSink sink,
        Deadline deadline) {
        const std::size_t endpoint = attempt.grant().endpoint;
        if (const Duration patience = patience_with(attempt); patience > Duration(0)) {
            RaceRules rules{.patience = patience, .second = [this, &trip] { return second(trip); }};
            auto end = co_await race(
                attempt, std::move(rules), providers_, request, std::move(sink), deadline);
            co_return end;
        }
        RaceEnd end{.endpoint = endpoint};
        end.result =
            co_await ask_one(attempt, *providers_[endpoint], request, std::move(sink), deadline);
        end.has_spoken = attempt.has_spoken();
        co_return end;
    }

    /// How long it may be silent before another endpoint is asked too; 0: for ever.
    Duration patience_with(const Attempt& attempt) {
        if (!hedges_) return Duration(0);
        return desk_.with([&](PoolState& state, const Now& now) {
            if (!state.has_other(attempt.grant())) return Duration(0);
            constexpr double share = 0.95;
            return state.endpoint(attempt.grant().endpoint).usual_first_token(share, now.steady);
        });
    }

    std::unique_ptr<Attempt> second(Trip& trip) {
        auto granted = desk_.take(trip);
        if (!granted) return nullptr;
        desk_.metrics().hedged();
        return std::make_unique<Attempt>(desk_, *std::move(granted));
    }

    /// Nobody is left to ask: a failure that stands, or a time at which to come again.
    Error verdict(const Refusal& refusal, const Failures& failures) {
        const auto wait = std::chrono::ceil<Duration>(refusal.ready_at - desk_.now().steady);
        const bool others_may_later = wait > Duration(0);
        const bool stands = failures.last && (failures.last->code == Errc::provider_rejected ||
                                                 failures.last->code == Errc::unsupported);
        if (failures.last && (stands || !others_may_later)) return *failures.last;
        if (refusal.code == Errc::provider_rate_limited) desk_.metrics().told_to_wait();
        return {.code = refusal.code,
            .detail = refusal.why,
            .retry_after =
                refusal.code == Errc::not_found ? Duration(0) : std::max(wait, Duration(1))};
    }

    /// What others refused has been answered: they refuse what they should not.
    void blame(const Failures& failures) {
        for (const auto& [endpoint, why] : failures.rejected) {
            desk_.with([&](PoolState& state, const Now& now) {
                state.blame(endpoint, why, now);
                return 0;
            });
            desk_.health_changed().raise();
        }
    }

    /// As who asked hears it: the key that was refused is the endpoint's, not that of the request.
    Error heard(std::size_t endpoint, Error error) const {
        if (!refuses_access(error)) return error;
        error.field.clear();
        return with_context(std::move(error),
            fmt::format("the LLM endpoint `{}` does not work", endpoints_[endpoint].config.name));
    }

    void note(std::size_t endpoint, const Error& error) {
        desk_.metrics().failed_over();
        log_.debug("an LLM endpoint failed; another is asked if there is one",
            {{"endpoint", endpoints_[endpoint].config.name}, {"error", to_string(error)}});
    }

    const bool hedges_;
    std::vector<PoolEndpoint> endpoints_;
    std::vector<Provider*> providers_;
    Log log_;
    mutable Desk desk_;
    DeskLimits limits_;
    Upkeep upkeep_;
};

}  // namespace

Result<std::unique_ptr<EndpointPool>> make_endpoint_pool(
    const PoolDeps& deps, const PoolConfig& config, std::vector<PoolEndpoint> endpoints, Log log) {
    if (endpoints.empty() || endpoints.size() > PoolConfig::endpoints_max) {
        return fail(Errc::invalid_argument,
            fmt::format("a pool has 1 to {} endpoints", PoolConfig::endpoints_max));
    }
    std::set<std::string_view> names;
    for (const auto& endpoint : endpoints) {
        if (names.insert(endpoint.config.name).second) continue;
        return fail(Errc::invalid_argument,
            fmt::format("two LLM endpoints are called `{}`", endpoint.config.name));
    }
    auto pool = std::make_unique<ServingPool>(deps, config, std::move(endpoints), std::move(log));
    if (deps.records != nullptr) {
        BATON_TRY_VOID(pool->restore(*deps.records));
    }
    return pool;
}

}  // namespace baton::llm
