// What the doors of the HTTP port share: who may use a route, a request on its way, and the form in
// which a door of another protocol hands its routes to the one that listens (api/rest).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "net/http.h"
#include "runtime/task.h"

namespace baton::api {

/// Who may use a route.
enum class Auth : std::uint8_t {
    open,     ///< anybody
    metrics,  ///< anybody, or who has a key, as configured
    member,   ///< who has a key
    admin,    ///< who has an administrator's key
    in_body,  ///< who has a key, which the body brings: the handler looks at it
};

struct RouteInfo {
    net::Method method = net::Method::get;
    std::string_view pattern;  ///< "/v1/queues/{queue}/messages"; segments are whole
    Auth auth = Auth::member;
};

inline constexpr std::size_t route_params_max = 2;

/// A request that was let in. Lives in the frame of the task that answers it, and stays there:
/// `params` look into the request's path.
struct Call {
    explicit Call(net::Request incoming) : request(std::move(incoming)) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    net::Request request;
    std::array<std::string_view, route_params_max> params{};
    access::Identity who;  ///< nobody on open routes
    std::string request_id;
};

/// The routes of one protocol. `format_error` gives its errors their shape; retry hints that are
/// fields are its matter too.
struct Door {
    using Handler = std::function<Task<Result<net::Response>>(Call& call)>;
    struct Route {
        RouteInfo info;
        Handler handler;
    };
    std::vector<Route> routes{};
    std::function<net::Response(const Error& error)> format_error{};
    /// Adds what each answer of the door bears, errors included; `took`: until its head. May be
    /// empty.
    std::function<void(net::Response& response, Duration took)> complete{};
};

}  // namespace baton::api
