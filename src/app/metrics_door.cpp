#include "app/metrics_door.h"

#include "api/rest/rest_api.h"

namespace baton::app {
namespace {

Result<void> admit(
    const MetricsDoorConfig& config, const access::Access& access, const net::Request& request) {
    if (request.path != config.path) {
        return fail(Errc::route_not_found, "this port has only " + config.path);
    }
    if (request.method != net::Method::get && request.method != net::Method::head) {
        return fail(Errc::method_not_allowed, "metrics are read with GET");
    }
    if (config.open) return {};
    BATON_TRY_VOID(access.authenticate(request.fields.get("Authorization")));
    return {};
}

}  // namespace

net::Handler make_metrics_door(
    MetricsDoorConfig config, const access::Access& access, const MetricRegistry& metrics) {
    return [config = std::move(config), &access, &metrics](
               net::Request request) -> Task<net::Response> {
        const auto admitted = admit(config, access, request);
        if (!admitted) co_return api::rest::error_response(admitted.error());
        net::Response response;
        response.body = metrics.render();
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        co_return response;
    };
}

}  // namespace baton::app
