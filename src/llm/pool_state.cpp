#include "llm/pool_state.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

#include <fmt/core.h>

namespace baton::llm {

struct Target {
    std::size_t endpoint = 0;
    std::string real{};  ///< empty: as it is asked for, whose price is looked up then
    Price price{};
};

struct Route {
    explicit Route(std::size_t endpoints) : turns(endpoints) {}
    std::vector<Target> targets{};
    Turns turns;
    PeakAverage output{};  ///< tokens of answers
    PeakAverage input{};
    double took_ms = 0;  ///< average of answers, from pick to end
};

namespace {

constexpr double per_price = 1e6;              // prices are per million tokens
constexpr std::uint64_t output_unknown = 500;  // tokens of an answer while none was seen
constexpr Duration out_of_rotation{5'000};     // every weight is 0: when to look again
constexpr Duration share_wait{500};
constexpr double took_step = 0.1;  // of the way to the newest duration

Price price_of(const EndpointConfig& endpoint, std::string_view model) {
    const auto found = std::ranges::find(endpoint.prices, model, &ModelPrice::model);
    if (found == endpoint.prices.end()) return {};
    return {.input = found->input, .output = found->output};
}

double cost_of(std::uint64_t input, std::uint64_t output, const Price& price) {
    return (static_cast<double>(input) * price.input + static_cast<double>(output) * price.output) /
           per_price;
}

/// It is asked for, and what is left comes within this time or later.
Refusal wait_for_share(std::span<LimitBook* const> lacking, const Need& need, const Now& now) {
    for (LimitBook* const book : lacking) book->want(need, now.steady);
    return {.ready_at = now.steady + share_wait,
        .why = "no part of what is left of a limit has come yet",
        .lacks_share = true};
}

}  // namespace

PoolState::PoolState(const PoolConfig& config, std::vector<EndpointConfig> endpoints)
    : config_(config) {
    std::set<std::string> aliases;
    for (auto& endpoint : endpoints) {
        for (const auto& model : endpoint.models) aliases.insert(model.alias);
        endpoints_.push_back(std::make_unique<EndpointState>(std::move(endpoint), config_));
    }
    any_ = std::make_unique<Route>(endpoints_.size());
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        if (endpoints_[i]->config.models.empty()) any_->targets.push_back({.endpoint = i});
    }
    for (const auto& alias : aliases) {
        auto route = std::make_unique<Route>(endpoints_.size());
        for (std::size_t i = 0; i < endpoints_.size(); ++i) {
            const auto& endpoint = endpoints_[i]->config;
            const auto model = std::ranges::find(endpoint.models, alias, &ModelAlias::alias);
            if (model != endpoint.models.end()) {
                route->targets.push_back(
                    {.endpoint = i, .real = model->real, .price = price_of(endpoint, model->real)});
            } else if (endpoint.models.empty()) {
                route->targets.push_back(
                    {.endpoint = i, .real = alias, .price = price_of(endpoint, alias)});
            }
        }
        routes_.emplace(alias, std::move(route));
    }
    const auto keep = [](Books& books, const std::vector<NamedLimits>& named) {
        for (const auto& [name, limits] : named) {
            books.emplace(name, std::make_unique<LimitBook>(limits));
        }
    };
    keep(model_books_, config_.models);
    keep(tenant_books_, config_.tenants);
}

PoolState::~PoolState() = default;

Route* PoolState::route_of(std::string_view model) const {
    const auto found = routes_.find(model);
    if (found != routes_.end()) return found->second.get();
    return any_->targets.empty() ? nullptr : any_.get();
}

Price PoolState::price(const Target& target, std::string_view model) const {
    return target.real.empty() ? price_of(endpoints_[target.endpoint]->config, model)
                               : target.price;
}

/// The estimate, dear enough for whichever endpoint takes it.
Need PoolState::need_of(const Ask& ask, const Route& route) const {
    Need need{.input_tokens = ask.input_tokens,
        .output_tokens = ask.output_tokens.value_or(
            route.output.value() > 0 ? static_cast<std::uint64_t>(route.output.value())
                                     : output_unknown)};
    for (const auto& target : route.targets) {
        need.cost = std::max(
            need.cost, cost_of(need.input_tokens, need.output_tokens, price(target, ask.model)));
    }
    return need;
}

LimitBook* PoolState::book_of(const Books& books, std::string_view name) {
    if (books.empty()) return nullptr;
    const auto found = books.find(std::string(name));
    return found == books.end() ? nullptr : found->second.get();
}

std::expected<Grant, Refusal> PoolState::take(const Ask& ask, const Now& now, Draws draws) {
    Route* const route = route_of(ask.model);
    if (route == nullptr) {
        return std::unexpected(Refusal{.code = Errc::not_found,
            .ready_at = now.steady,
            .why = fmt::format("no LLM endpoint serves the model `{}`", ask.model)});
    }
    const Need need = need_of(ask, *route);
    std::array<Candidate, PoolConfig::endpoints_max> candidates;
    std::array<std::size_t, PoolConfig::endpoints_max> targets{};
    std::array<LimitBook*, PoolConfig::endpoints_max + 2> lacking{};  // nothing but their shares
    std::size_t count = 0;
    std::size_t lacking_count = 0;
    for (std::size_t i = 0; i < route->targets.size(); ++i) {
        const std::size_t place = route->targets[i].endpoint;
        auto& endpoint = *endpoints_[place];
        const bool tried = (ask.tried >> place & 1U) != 0;
        if (tried || endpoint.admits_at(need, now) > now.steady) continue;
        if (!endpoint.book.has_share(need, now.steady)) {
            lacking[lacking_count++] = &endpoint.book;
            continue;
        }
        candidates[count] = endpoint.candidate(place, now.steady);
        targets[count++] = i;
    }
    const auto free = [&](LimitBook* book) {
        return book == nullptr ||
               book->admits_at(need, now, now.steady + Duration(1)) <= now.steady;
    };
    const std::array owners{book_of(model_books_, ask.model), book_of(tenant_books_, ask.tenant)};
    if (count + lacking_count == 0 || !std::ranges::all_of(owners, free)) {
        return std::unexpected(refusal(ask, *route, need, now));
    }
    // Somebody else has one. Those without are given one only if they ask.
    const bool asks = count > 0 && lacking_count > 0;
    if (asks) {
        for (LimitBook* const book : std::span(lacking.data(), lacking_count)) {
            book->want(need, now.steady);
        }
        lacking_count = 0;
    }
    for (LimitBook* const book : owners) {
        if (book != nullptr && !book->has_share(need, now.steady)) lacking[lacking_count++] = book;
    }
    if (lacking_count > 0)
        return std::unexpected(wait_for_share({lacking.data(), lacking_count}, need, now));
    const std::size_t chosen = pick({candidates.data(), count},
        {.algorithm = config_.algorithm,
            .session_hash = ask.session_hash,
            .draw = draws.first,
            .second_draw = draws.second},
        route->turns);
    Grant granted = grant(ask, *route, targets[chosen], need, now);
    granted.lacks_share = asks;
    return granted;
}

Grant PoolState::grant(
    const Ask& ask, Route& route, std::size_t target, const Need& need, const Now& now) {
    const auto& chosen = route.targets[target];
    auto& endpoint = *endpoints_[chosen.endpoint];
    Grant grant{.endpoint = chosen.endpoint,
        .model = chosen.real.empty() ? std::string(ask.model) : chosen.real,
        .need = need,
        .began = now.steady,
        .route = &route,
        .model_book = book_of(model_books_, ask.model),
        .tenant_book = book_of(tenant_books_, ask.tenant),
        .price = price(chosen, ask.model)};
    grant.need.cost = cost_of(need.input_tokens, need.output_tokens, grant.price);
    grant.on_trial = endpoint.begin(grant.need, now);
    grant.waiting = endpoint.newest();
    if (grant.model_book != nullptr) grant.model_book->reserve(grant.need, now);
    if (grant.tenant_book != nullptr) grant.tenant_book->reserve(grant.need, now);
    return grant;
}

/// The first time at which an endpoint may take it, and why not now. For a request that failed
/// somewhere already only endpoints that work count: if there are none, its own failure stands.
Refusal PoolState::refusal(const Ask& ask, const Route& route, const Need& need, const Now& now) {
    SteadyTime first = SteadyTime::max();
    std::string why;
    for (const auto& target : route.targets) {
        auto& endpoint = *endpoints_[target.endpoint];
        const SteadyTime at = endpoint.admits_at(need, now);
        const bool works = endpoint.config.weight != 0 && endpoint.breaker.admits(now.steady);
        if (ask.tried != 0 && (!works || at <= now.steady)) continue;
        if (at < first || why.empty()) why = endpoint.why_not(now);
        first = std::min(first, at);
    }
    if (first == SteadyTime::max()) {
        first = why.empty() ? now.steady : now.steady + out_of_rotation;
    }
    const auto hold = [&](LimitBook* book, std::string_view kind, std::string_view name) {
        if (book == nullptr) return;
        const Duration usual(static_cast<std::int64_t>(std::clamp(route.took_ms, 20.0, 1000.0)));
        const SteadyTime at = book->admits_at(need, now, now.steady + usual);
        if (at <= now.steady || at <= first) return;
        first = at;
        why = fmt::format("{} `{}` is at its limits", kind, name);
    };
    hold(book_of(model_books_, ask.model), "the model", ask.model);
    hold(book_of(tenant_books_, ask.tenant), "the tenant", ask.tenant);
    return {.code = Errc::provider_rate_limited, .ready_at = first, .why = std::move(why)};
}

void PoolState::speaks(Grant& grant, const Now& now) {
    if (std::exchange(grant.has_spoken, true)) return;
    endpoints_[grant.endpoint]->speaks(grant.waiting, grant.began, now.steady);
}

void PoolState::report(const Grant& grant, const RateReport& report, const Now& now) {
    endpoints_[grant.endpoint]->report(report, now);
}

double PoolState::settle(const Grant& grant, const End& end, const Now& now) {
    auto& endpoint = *endpoints_[grant.endpoint];
    const auto took = std::chrono::duration_cast<Duration>(now.steady - grant.began);
    if (!grant.has_spoken && end.how == Ending::answered) {
        endpoint.speaks(grant.waiting, grant.began, now.steady);
    } else if (!grant.has_spoken) {
        endpoint.silent(grant.waiting);
    }
    Need fact;
    if (end.how == Ending::answered) {
        fact = {.input_tokens = end.usage.input_tokens, .output_tokens = end.usage.output_tokens};
        auto& route = *grant.route;
        const double ms =
            std::chrono::duration<double, std::milli>(now.steady - grant.began).count();
        route.took_ms += route.took_ms > 0 ? (ms - route.took_ms) * took_step : ms;
        route.output.add(static_cast<double>(fact.output_tokens), now.steady);
        route.input.add(static_cast<double>(fact.input_tokens), now.steady);
    } else if (grant.has_spoken || end.how == Ending::no_verdict) {
        fact.input_tokens = grant.need.input_tokens;  // it has read that much, and will charge it
    }
    fact.cost = cost_of(fact.input_tokens, fact.output_tokens, grant.price);
    endpoint.book.settle(grant.need, fact, grant.began, now);
    for (LimitBook* const book : {grant.model_book, grant.tenant_book}) {
        if (book != nullptr) book->settle(grant.need, fact, grant.began, now);
    }
    endpoint.cost += fact.cost;
    endpoint.end(end, grant.on_trial, took, now);
    return fact.cost;
}

void PoolState::blame(std::size_t endpoint, std::string_view why, const Now& now) {
    const End end{.how = Ending::failed, .why = std::string(why)};
    endpoints_[endpoint]->end(end, false, Duration(0), now);
}

void PoolState::share_limits() {
    for (const auto& endpoint : endpoints_) {
        shared_.add("endpoint", endpoint->config.name, endpoint->book);
    }
    for (const auto& [name, book] : model_books_) shared_.add("model", name, *book);
    for (const auto& [name, book] : tenant_books_) shared_.add("tenant", name, *book);
}

std::vector<std::string> PoolState::models() const {
    std::vector<std::string> names;
    for (const auto& [alias, route] : routes_) names.push_back(alias);
    std::ranges::sort(names);
    return names;
}

bool PoolState::serves(std::string_view model) const { return route_of(model) != nullptr; }

SteadyTime PoolState::ready_at(std::string_view model, const Now& now) {
    Route* const route = route_of(model);
    if (route == nullptr) return now.steady;  // it is refused at once
    const Ask ask{.model = model, .input_tokens = static_cast<std::uint64_t>(route->input.value())};
    return refusal(ask, *route, need_of(ask, *route), now).ready_at;
}

Rooms PoolState::rooms(std::string_view tenant, std::string_view model, const Now& now) {
    const auto of = [&](LimitBook* book) {
        return book == nullptr ? Rooms() : book->rooms(now.steady);
    };
    return tighter(of(book_of(tenant_books_, tenant)), of(book_of(model_books_, model)));
}

Duration PoolState::expected_time(std::string_view model) const {
    const Route* const route = route_of(model);
    return Duration(route == nullptr ? 0 : static_cast<std::int64_t>(route->took_ms));
}

bool PoolState::has_other(const Grant& grant) const { return grant.route->targets.size() > 1; }

std::vector<EndpointStatus> PoolState::status(const Now& now) {
    std::vector<EndpointStatus> all;
    all.reserve(endpoints_.size());
    for (const auto& endpoint : endpoints_) all.push_back(endpoint->status(now));
    return all;
}

bool PoolState::set_weight(std::string_view name, std::uint32_t weight) {
    for (const auto& endpoint : endpoints_) {
        if (endpoint->config.name != name) continue;
        endpoint->config.weight = weight;
        return true;
    }
    return false;
}

std::vector<CooldownRecord> PoolState::cooldowns(const Now& now) {
    std::vector<CooldownRecord> all;
    for (const auto& endpoint : endpoints_) {
        const bool cools = endpoint->cools_until > now.wall;
        all.push_back({.endpoint = endpoint->config.name,
            .until = cools ? endpoint->cools_until : TimePoint{},
            .reason = cools ? endpoint->reason : std::string()});
    }
    return all;
}

void PoolState::restore(const std::vector<CooldownRecord>& cooldowns, const Now& now) {
    for (const auto& record : cooldowns) {
        const auto named = [&](const auto& one) { return one->config.name == record.endpoint; };
        const auto found = std::ranges::find_if(endpoints_, named);
        if (found == endpoints_.end() || record.until <= now.wall) continue;
        (*found)->cool(now.steady + (record.until - now.wall), record.reason, now);
    }
}

void PoolState::claim_money() {
    for (const auto& endpoint : endpoints_) {
        purses_.add(PurseScope::endpoint, endpoint->config.name, endpoint->book.purse());
    }
    for (const auto& [name, book] : model_books_)
        purses_.add(PurseScope::model, name, book->purse());
    for (const auto& [name, book] : tenant_books_) {
        purses_.add(PurseScope::tenant, name, book->purse());
    }
}

bool PoolState::runs_short(const Grant& grant) const {
    const auto is_short = [](const LimitBook* book) {
        return book != nullptr && book->purse().runs_short();
    };
    return is_short(&endpoints_[grant.endpoint]->book) || is_short(grant.model_book) ||
           is_short(grant.tenant_book);
}

}  // namespace baton::llm
