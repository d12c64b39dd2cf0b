#include "api/rest/rest_api.h"

#include <chrono>
#include <memory>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/errors.h"
#include "api/rest/gate.h"
#include "api/rest/idempotency.h"
#include "api/rest/rest_metrics.h"

namespace baton::api::rest {
namespace {

using SteadyClock = std::chrono::steady_clock;

const std::vector<Route>& route_table() {
    static const std::vector<Route> table = [] {
        std::vector<Route> all;
        for (const auto part : {queue_routes(), flow_routes(), message_routes(), dialog_routes(),
                 conversation_routes(), user_routes(), search_routes(), status_routes(),
                 operator_routes(), stream_routes(), output_routes(), log_routes(), quota_routes(),
                 endpoint_routes()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return table;
}

const std::vector<RouteInfo>& route_infos() {
    static const std::vector<RouteInfo> infos = [] {
        std::vector<RouteInfo> all;
        for (const Route& route : route_table()) all.push_back(route.info);
        return all;
    }();
    return infos;
}

/// The table's routes and, behind them, those of other doors.
std::vector<RouteInfo> all_routes(const std::vector<Door>& doors) {
    std::vector<RouteInfo> all = route_infos();
    for (const Door& door : doors) {
        for (const Door::Route& route : door.routes) all.push_back(route.info);
    }
    return all;
}

std::string method_list(const std::vector<net::Method>& methods) {
    std::string list;
    for (const net::Method method : methods) {
        if (!list.empty()) list += ", ";
        list += net::to_string(method);
    }
    return list;
}

/// The door's own state, shared by every request.
class RestApi final {
public:
    RestApi(RestDeps deps, RestConfig config, Log log)
        : deps_(std::move(deps)),
          config_(std::move(config)),
          log_(std::move(log)),
          routes_(all_routes(deps_.doors)),
          router_(routes_),
          metrics_(deps_.metrics, routes_),
          idempotency_(deps_.cache, {.ttl = config_.idempotency_ttl}, deps_.metrics, log_) {
        for (const Door& door : deps_.doors) {
            for (const Door::Route& route : door.routes) {
                foreign_.push_back({.door = &door, .handler = &route.handler});
            }
        }
    }

    /// Answers one request, whatever it is.
    static Task<net::Response> answer(std::shared_ptr<RestApi> self, net::Request request) {
        const auto started_at = SteadyClock::now();
        Call call(self->deps_, std::move(request));
        call.request_id = request_id_of(call.request);
        std::size_t route = self->routes_.size();
        Result<net::Response> result = fail(Errc::internal, "not answered");
        const auto admitted = self->admit(call, route);
        if (!admitted) {
            result = fail(admitted.error());
        } else if (is_preflight(call.request)) {
            result = preflight_response();
        } else {
            auto task = self->handle(route, call);
            result = co_await std::move(task);
        }
        net::Response response =
            result ? *std::move(result) : self->shaped(call, route, result.error());
        response.fields.set("X-Request-Id", call.request_id);
        if (admitted) add_cors(call.request, response);
        const auto took = SteadyClock::now() - started_at;
        if (const Door* door = self->door_of(route); door != nullptr && door->complete) {
            door->complete(response, std::chrono::duration_cast<Duration>(took));
        }
        self->note(call, route, response.status, took);
        co_return response;
    }

private:
    /// Who asks, for which route, and whether they may. `route` stays as it is when none matches.
    Result<void> admit(Call& call, std::size_t& route) const {
        BATON_TRY_VOID(check_caller(call.request, config_));
        if (is_preflight(call.request)) return {};
        const auto inner = inner_slashes_of(call.request.target);
        auto match = router_.match(call.request.method, call.request.path, inner);
        if (!match) {
            call.allowed_methods = method_list(match.error().allowed);
            if (call.allowed_methods.empty()) {
                return fail(Errc::route_not_found, "no route has this path");
            }
            return fail(Errc::method_not_allowed, "this path takes " + call.allowed_methods);
        }
        route = match->route;
        call.params = match->params;
        const Auth auth = routes_[route].auth;
        if (!config_.is_gateway && auth != Auth::open && auth != Auth::metrics) {
            return fail(Errc::unsupported,
                "this daemon has not the role `gateway`; it answers health and metrics only");
        }
        if (auth == Auth::in_body) return check_encoding(call.request);
        if (auth == Auth::open || (auth == Auth::metrics && config_.metrics_public)) return {};
        BATON_TRY(call.who, deps_.access.authenticate(call.request.fields.get("Authorization")));
        BATON_TRY_VOID(access::require(
            call.who, auth == Auth::admin ? access::Role::admin : access::Role::member));
        return check_encoding(call.request);
    }

    Task<Result<net::Response>> handle(std::size_t route, Call& call) {
        const auto& own = route_table();
        if (route >= own.size()) return (*foreign_[route - own.size()].handler)(call);
        const Route& found = own[route];
        const bool is_keyed = found.repeats == Repeats::once && Idempotency::concerns(call.request);
        return is_keyed ? idempotency_.answer(call, found.handler) : found.handler(call);
    }

    /// The door whose errors a path wears; null: ours.
    const Door* door_of(std::size_t route) const {
        const std::size_t own = route_table().size();
        return route < own || route >= routes_.size() ? nullptr : foreign_[route - own].door;
    }

    net::Response shaped(const Call& call, std::size_t route, const Error& error) const {
        if (error.code == Errc::internal || error.code == Errc::storage_io ||
            error.code == Errc::storage_corrupt) {
            log_.error(
                "request failed", {{"request_id", call.request_id}, {"path", call.request.path},
                                      {"error", to_string(error)}});
        }
        net::Response response;
        if (const Door* door = door_of(route)) {
            response = door->format_error(error);
        } else if (uses_envelope(call.request.path)) {
            response = envelope_error_response(error, SystemClock().now());
        } else {
            response = error_response(error);
        }
        if (!call.allowed_methods.empty()) response.fields.set("Allow", call.allowed_methods);
        return response;
    }

    void note(const Call& call, std::size_t route, int status, SteadyClock::duration took) {
        metrics_.answered(route, status, took);
        log_.debug("request answered",
            {{"request_id", call.request_id}, {"method", net::to_string(call.request.method)},
                {"path", call.request.path}, {"status", status},
                {"us", std::chrono::duration_cast<std::chrono::microseconds>(took).count()}});
    }

    RestDeps deps_;
    RestConfig config_;
    Log log_;
    std::vector<RouteInfo> routes_;
    Router router_;
    RestMetrics metrics_;
    Idempotency idempotency_;
    struct Foreign {
        const Door* door;
        const Door::Handler* handler;
    };
    std::vector<Foreign> foreign_;  ///< behind the table's own, in the order of routes_
};

}  // namespace

std::vector<RouteInfo> routes() { return route_infos(); }

net::Handler make_rest_handler(RestDeps deps, RestConfig config, Log log) {
    const auto api = std::make_shared<RestApi>(std::move(deps), std::move(config), std::move(log));
    return [api](net::Request request) { return RestApi::answer(api, std::move(request)); };
}

}  // namespace baton::api::rest
