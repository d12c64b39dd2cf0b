#include "client/endpoint_client.h"

#include <utility>

#include "client/decode.h"
#include "model/json_text.h"
#include "net/http.h"

namespace baton::client {
namespace {

namespace json = boost::json;

std::uint64_t count(const FieldReader& fields, std::string_view name) {
    return static_cast<std::uint64_t>(fields.integer(name));
}

LlmEndpoint endpoint_from(const json::object& object) {
    const FieldReader fields(object);
    LlmEndpoint endpoint{.name = fields.text("name"),
        .provider = fields.text("provider"),
        .weight = count(fields, "weight"),
        .breaker = fields.text("breaker"),
        .cools_until = fields.time("cools_until"),
        .reason = fields.text("reason"),
        .in_flight = count(fields, "in_flight"),
        .requests = count(fields, "requests"),
        .failures = count(fields, "failures"),
        .cost_today = fields.number("cost_today"),
        .whole = object};
    if (const auto* latency = fields.object("latency_ms")) {
        endpoint.latency_p50 = Duration(FieldReader(*latency).integer("p50"));
        endpoint.latency_p95 = Duration(FieldReader(*latency).integer("p95"));
    }
    if (const auto* first = fields.object("first_token_ms")) {
        endpoint.first_token_p50 = Duration(FieldReader(*first).integer("p50"));
    }
    if (const auto* tokens = fields.object("tokens")) {
        endpoint.input_tokens = count(FieldReader(*tokens), "input");
        endpoint.output_tokens = count(FieldReader(*tokens), "output");
    }
    return endpoint;
}

}  // namespace

Task<Result<std::vector<LlmEndpoint>>> EndpointClient::list() {
    Call call{.path = "/v1/endpoints"};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(const auto* list, list_of(answer, "endpoints"));
    std::vector<LlmEndpoint> endpoints;
    for (const auto& value : *list) {
        BATON_CO_TRY(const auto* object, as_object(value));
        endpoints.push_back(endpoint_from(*object));
    }
    co_return endpoints;
}

Task<Result<LlmEndpoint>> EndpointClient::set_weight(std::string name, std::uint64_t weight) {
    Call call{.method = net::Method::patch,
        .path = "/v1/endpoints/" + net::percent_encode(name),
        .body = json_text(json::object{{"weight", weight}})};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(const auto* object, as_object(answer));
    co_return endpoint_from(*object);
}

}  // namespace baton::client
