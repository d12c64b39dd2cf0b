// LLM endpoints.
#include <ostream>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "client/endpoint_client.h"

namespace baton::cli {
namespace {

namespace json = boost::json;

std::string health_of(const client::LlmEndpoint& endpoint) {
    if (endpoint.cools_until) return "cools until " + show_time(endpoint.cools_until);
    if (endpoint.breaker != "closed") return endpoint.breaker;
    return endpoint.weight == 0 ? "out of rotation" : "ok";
}

std::string milliseconds(Duration time) {
    return time.count() == 0 ? "-" : fmt::format("{} ms", time.count());
}

void print_table(Context& context, const std::vector<client::LlmEndpoint>& endpoints) {
    Table table({"NAME", "PROVIDER", "WEIGHT", "HEALTH", "RUNNING", "REQUESTS", "FAILED", "P50",
        "P95", "FIRST TOKEN", "TOKENS IN", "OUT", "COST TODAY", "LAST TROUBLE"});
    for (const auto& one : endpoints) {
        table.add({one.name, one.provider, std::to_string(one.weight), health_of(one),
            std::to_string(one.in_flight), std::to_string(one.requests),
            std::to_string(one.failures), milliseconds(one.latency_p50),
            milliseconds(one.latency_p95), milliseconds(one.first_token_p50),
            std::to_string(one.input_tokens), std::to_string(one.output_tokens),
            fmt::format("{:.4f}", one.cost_today), one.reason.empty() ? "-" : one.reason});
    }
    table.print(context.terminal.out, context.out_colours());
}

}  // namespace

Result<void> execute(Context& context, const EndpointsOptions& options) {
    client::EndpointClient client(context.connection());
    std::vector<client::LlmEndpoint> endpoints;
    if (options.weight) {
        BATON_TRY(auto changed, context.ask(client.set_weight(options.name, *options.weight)));
        endpoints.push_back(std::move(changed));
    } else {
        BATON_TRY(endpoints, context.ask(client.list()));
        if (!options.name.empty()) {
            std::erase_if(endpoints, [&](const auto& one) { return one.name != options.name; });
            if (endpoints.empty()) {
                return fail(Errc::not_found, "no LLM endpoint `" + options.name + "`");
            }
        }
    }
    if (!context.options.json) {
        print_table(context, endpoints);
        return {};
    }
    json::array list;
    for (auto& one : endpoints) list.push_back(std::move(one.whole));
    print_json(context, json::object{{"endpoints", std::move(list)}});
    return {};
}

}  // namespace baton::cli
