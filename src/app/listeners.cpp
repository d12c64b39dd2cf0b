#include "app/listeners.h"

#include <utility>

#include "api/rest/rest_api.h"

namespace baton::app {
namespace {

/// Null: the port is in use, and nobody asked for it.
Result<std::unique_ptr<net::Server>> open_metrics_door(
    const Config& config, IoPool& io, MetricRegistry& registry, const Log& log) {
    net::ServerConfig door;
    door.host = config.metrics.host;
    door.port = config.metrics.port;
    door.connections_max = 64;
    door.body_max = 1024;
    auto server = net::make_server(
        io, door, api::rest::refused_request_response, registry, log.channel("metrics"));
    if (server) return server;
    // The default port is Prometheus's own too: nobody asked for it here, so a clash must not stop
    // the daemon.
    if (server.error().code == Errc::address_in_use && !config.is_given("metrics.port")) {
        log.warn("metrics port in use; metrics are on the API's /metrics only",
            {{"port", config.metrics.port}});
        return nullptr;
    }
    return fail(with_context(std::move(server).error(), "metrics (`metrics.port`)"));
}

}  // namespace

Result<Listeners> open_listeners(const Config& config, IoPool& io, MetricRegistry& registry,
    MetricRegistry& metrics_door_registry, const Log& log) {
    Listeners listeners;
    auto server = net::make_server(
        io, config.server.http, api::rest::refused_request_response, registry, log.channel("http"));
    if (!server) return fail(with_context(std::move(server).error(), "HTTP API (`server.port`)"));
    listeners.api = *std::move(server);
    if (!config.metrics.enabled) return listeners;
    BATON_TRY(listeners.metrics, open_metrics_door(config, io, metrics_door_registry, log));
    return listeners;
}

}  // namespace baton::app
