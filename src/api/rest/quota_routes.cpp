// /admin/v1/quotas: how much the queues of a tenant may keep.
#include <array>
#include <string>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/input.h"
#include "api/rest/output.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

using net::Method;

Result<TenantId> tenant_of(const Call& call) {
    auto tenant = parse_tenant_id(call.params[0]);
    if (!tenant) return fail_field(Errc::invalid_argument, "tenant", tenant.error().detail);
    return tenant;
}

Task<Result<net::Response>> get_quota(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto tenant, tenant_of(call));
    BATON_CO_TRY(
        const auto quota, co_await call.deps.operations.quota(call.who, std::move(tenant)));
    co_return json_response(200, to_json(quota));
}

Task<Result<net::Response>> put_quota(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"limit_bytes"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto tenant, tenant_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    if (fields.find("limit_bytes") == nullptr) {
        co_return fields.fail_at("limit_bytes", std::string("`limit_bytes` is missing"));
    }
    BATON_CO_TRY(const auto limit, fields.integer("limit_bytes"));
    const auto bytes = static_cast<std::uint64_t>(limit);
    BATON_CO_TRY(const auto quota,
        co_await call.deps.operations.set_quota(call.who, std::move(tenant), bytes));
    co_return json_response(200, to_json(quota));
}

constexpr std::array<Route, 2> table{{
    {{Method::get, "/admin/v1/quotas/{tenant}", Auth::admin}, get_quota},
    {{Method::put, "/admin/v1/quotas/{tenant}", Auth::admin}, put_quota},
}};

}  // namespace

std::span<const Route> quota_routes() { return table; }

}  // namespace baton::api::rest
