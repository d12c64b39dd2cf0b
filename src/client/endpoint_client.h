// The daemon's LLM endpoints over the public API, for administrators.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "client/connection.h"
#include "runtime/task.h"

namespace baton::client {

struct LlmEndpoint {
    std::string name;
    std::string provider;
    std::uint64_t weight = 0;
    std::string breaker;
    std::optional<TimePoint> cools_until;
    std::string reason;
    std::uint64_t in_flight = 0;
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    Duration latency_p50{0};
    Duration latency_p95{0};
    Duration first_token_p50{0};
    std::uint64_t input_tokens = 0;
    std::uint64_t output_tokens = 0;
    double cost_today = 0;
    boost::json::object whole;  ///< as the daemon said it
};

/// Safe to use from any thread. Every method fails as Connection::call. `connection` must outlive
/// it.
class EndpointClient final {
public:
    explicit EndpointClient(Connection& connection) noexcept : connection_(connection) {}

    /// In the order of the daemon's configuration.
    [[nodiscard]] Task<Result<std::vector<LlmEndpoint>>> list();
    /// Returns the endpoint as it is then. Fails: not_found.
    [[nodiscard]] Task<Result<LlmEndpoint>> set_weight(std::string name, std::uint64_t weight);

private:
    Connection& connection_;
};

}  // namespace baton::client
