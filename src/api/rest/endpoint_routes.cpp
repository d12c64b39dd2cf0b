// /v1/endpoints: the LLM endpoints, and the share of the work that each gets.
#include <array>
#include <string>
#include <utility>

#include <boost/json/array.hpp>

#include "api/rest/call.h"
#include "api/rest/input.h"
#include "api/rest/output.h"
#include "base/text.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using net::Method;

json::object status_object(const llm::EndpointStatus& status) {
    json::object object;
    object["name"] = status.name;
    object["provider"] = status.provider;
    object["base_url"] = status.base_url;
    object["models"] = json::array(status.models.begin(), status.models.end());
    object["weight"] = status.weight;
    object["breaker"] = llm::to_string(status.breaker);
    const bool cools = status.cools_until != TimePoint{};
    object["cools_until"] = cools ? json::value(to_rfc3339(status.cools_until)) : json::value();
    object["reason"] = status.cool_reason.empty() ? json::value() : json::value(status.cool_reason);
    object["in_flight"] = status.in_flight;
    object["requests"] = status.requests;
    object["failures"] = status.failures;
    object["latency_ms"] = {{"p50", status.latency_p50.count()},
        {"p95", status.latency_p95.count()}, {"p99", status.latency_p99.count()}};
    object["first_token_ms"] = {
        {"p50", status.first_token_p50.count()}, {"p99", status.first_token_p99.count()}};
    object["tokens"] = {{"input", status.tokens.input_tokens},
        {"output", status.tokens.output_tokens},
        {"cached_input", status.tokens.cached_input_tokens},
        {"reasoning", status.tokens.reasoning_tokens}};
    object["cost"] = status.cost;
    object["cost_today"] = status.cost_today;
    return object;
}

Task<Result<net::Response>> list_endpoints(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(const auto all, call.deps.endpoints.list(call.who));
    json::array list;
    for (const auto& status : all) list.push_back(status_object(status));
    json::object body;
    body["endpoints"] = std::move(list);
    co_return json_response(200, body);
}

Task<Result<net::Response>> patch_endpoint(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"weight"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    if (fields.find("weight") == nullptr) {
        co_return fields.fail_at("weight", std::string("`weight` is missing"));
    }
    BATON_CO_TRY(const auto weight, fields.integer("weight"));
    const std::string name(call.params[0]);
    BATON_CO_TRY(const auto status,
        call.deps.endpoints.set_weight(call.who, name, static_cast<std::uint64_t>(weight)));
    co_return json_response(200, status_object(status));
}

constexpr std::array<Route, 2> table{{
    {{Method::get, "/v1/endpoints", Auth::member}, list_endpoints},
    {{Method::patch, "/v1/endpoints/{name}", Auth::member}, patch_endpoint},
}};

}  // namespace

std::span<const Route> endpoint_routes() { return table; }

}  // namespace baton::api::rest
