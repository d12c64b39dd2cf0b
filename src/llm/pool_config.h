// What the pool is told: endpoints with their models, limits and prices, and how to choose.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "llm/balance.h"
#include "llm/breaker.h"
#include "llm/limits.h"

namespace baton::llm {

/// A model as clients ask for it, and as the endpoint calls it.
struct ModelAlias {
    std::string alias{};
    std::string real{};
    bool operator==(const ModelAlias&) const = default;
};

/// Money per million tokens of a model (as the endpoint calls it), in any one currency.
struct ModelPrice {
    std::string model{};
    double input = 0;
    double output = 0;
    bool operator==(const ModelPrice&) const = default;
};

struct EndpointConfig {
    std::string name{};                ///< unique
    std::string kind{};                ///< of its provider; for people
    std::string base_url{};            ///< for people
    std::vector<ModelAlias> models{};  ///< empty: any, under the name that is asked for
    std::uint32_t weight = 1;          ///< 0: takes nothing
    Limits limits{};
    std::vector<ModelPrice> prices{};  ///< a model without one costs nothing
};

/// Limits of a model (by alias) or a tenant, over all endpoints.
struct NamedLimits {
    std::string name{};
    Limits limits{};
    bool operator==(const NamedLimits&) const = default;
};

struct PoolConfig {
    static constexpr std::size_t endpoints_max = 64;

    Algorithm algorithm = Algorithm::weighted_round_robin;
    BreakerConfig breaker{};
    /// Active probes of endpoints that work; 0: none.
    Duration health_check_interval{30'000};
    /// … and of those that do not.
    Duration probe_interval{500};
    /// An endpoint whose first piece takes this many times what it usually does, and half a second
    /// more, gets next to nothing while others do better; 0: that is not looked at.
    double slow_factor = 5;
    /// Ask a second endpoint when the first has said nothing for longer than 95 % of its answers
    /// took to begin; who begins first goes on, the other is called off. Costs its input tokens.
    bool hedge = false;
    std::vector<NamedLimits> models{};
    std::vector<NamedLimits> tenants{};
};

}  // namespace baton::llm
