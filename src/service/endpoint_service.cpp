#include "service/endpoint_service.h"

#include <algorithm>
#include <utility>

#include "service/checks.h"

namespace baton::service {

Result<std::vector<llm::EndpointStatus>> EndpointService::list(const access::Identity& who) const {
    BATON_TRY_VOID(access::require(who, access::Role::admin));
    return pool_.status();
}

Result<llm::EndpointStatus> EndpointService::set_weight(
    const access::Identity& who, const std::string& endpoint, std::uint64_t weight) {
    BATON_TRY_VOID(access::require(who, access::Role::admin));
    BATON_TRY_VOID(in_range<std::uint64_t>("weight", weight, 0, weight_max));
    BATON_TRY_VOID(pool_.set_weight(endpoint, static_cast<std::uint32_t>(weight)));
    auto all = pool_.status();
    const auto found = std::ranges::find(all, endpoint, &llm::EndpointStatus::name);
    if (found == all.end()) return fail(Errc::not_found, "no LLM endpoint has this name");
    return std::move(*found);
}

}  // namespace baton::service
