// One request on its way through the door, and the table that says who answers it.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "access/access.h"
#include "api/rest/rest_api.h"
#include "base/result.h"
#include "net/http.h"
#include "runtime/task.h"

namespace baton::api::rest {

/// What a route's handler gets. Lives in the frame of the task that answers the request, and stays
/// there: `params` look into the request's path.
struct Call {
    Call(const RestDeps& all, net::Request incoming) : deps(all), request(std::move(incoming)) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    const RestDeps& deps;
    net::Request request;
    std::array<std::string_view, RouteMatch::params_max> params{};
    access::Identity who;  ///< nobody on open routes
    std::string request_id;
    std::string allowed_methods;  ///< for the Allow field; empty: none
};

/// Decodes, calls a service, encodes. An error becomes the answer of its code in the shape of the
/// path.
using RouteHandler = Task<Result<net::Response>> (*)(Call& call);

struct Route {
    RouteInfo info;
    RouteHandler handler;
};

/// The parts of the table, one per file.
[[nodiscard]] std::span<const Route> queue_routes();
[[nodiscard]] std::span<const Route> flow_routes();
[[nodiscard]] std::span<const Route> message_routes();
[[nodiscard]] std::span<const Route> dialog_routes();
[[nodiscard]] std::span<const Route> conversation_routes();
[[nodiscard]] std::span<const Route> operator_routes();
[[nodiscard]] std::span<const Route> stream_routes();
[[nodiscard]] std::span<const Route> output_routes();
[[nodiscard]] std::span<const Route> log_routes();
[[nodiscard]] std::span<const Route> quota_routes();
[[nodiscard]] std::span<const Route> endpoint_routes();

}  // namespace baton::api::rest
