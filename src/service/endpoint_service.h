// LLM endpoints as operators see and steer them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "access/access.h"
#include "llm/pool.h"

namespace baton::service {

/// For administrators only: addresses and money are not everybody's. Safe to use from any thread.
/// Every method fails with permission_denied for others.
class EndpointService final {
public:
    static constexpr std::uint64_t weight_max = 1'000;

    /// `pool` must outlive the service.
    explicit EndpointService(llm::Pool& pool) noexcept : pool_(pool) {}

    /// In the order of the configuration.
    [[nodiscard]] Result<std::vector<llm::EndpointStatus>> list(const access::Identity& who) const;

    /// In force for the next pick, until the daemon's end; 0 takes the endpoint out of rotation.
    /// Returns the endpoint as it is then. `weight`: 0..1,000. Fails: invalid_argument, not_found.
    [[nodiscard]] Result<llm::EndpointStatus> set_weight(
        const access::Identity& who, const std::string& endpoint, std::uint64_t weight);

private:
    llm::Pool& pool_;
};

}  // namespace baton::service
