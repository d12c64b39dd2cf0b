// One request on its way through the door, and the table that says who answers it.
#pragma once

#include <cstdint>
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

/// What a route's handler gets.
struct Call : api::Call {
    Call(const RestDeps& all, net::Request incoming) : api::Call(std::move(incoming)), deps(all) {}

    const RestDeps& deps;
    std::string allowed_methods;  ///< for the Allow field; empty: none

    // Of a request with an idempotency key, on a route of `Repeats::once` (idempotency.h); else
    // empty.
    std::string dedup_key;   ///< of this caller's key, up to 80 bytes
    std::string draw;        ///< 32 random hex digits, the same in each attempt at this request
    bool is_repeat = false;  ///< the handler tells: what was to be made had been made
};

/// Decodes, calls a service, encodes. An error becomes the answer of its code in the shape of the
/// path.
using RouteHandler = Task<Result<net::Response>> (*)(Call& call);

/// What a second request with the same idempotency key means.
enum class Repeats : std::uint8_t {
    anew,  ///< the key is not looked at
    once,  ///< the first one: the route makes something, and heeds `Call::dedup_key` or `draw`
};

struct Route {
    RouteInfo info;
    RouteHandler handler;
    Repeats repeats = Repeats::anew;
};

/// The parts of the table, one per file.
[[nodiscard]] std::span<const Route> queue_routes();
[[nodiscard]] std::span<const Route> flow_routes();
[[nodiscard]] std::span<const Route> message_routes();
[[nodiscard]] std::span<const Route> dialog_routes();
[[nodiscard]] std::span<const Route> conversation_routes();
[[nodiscard]] std::span<const Route> user_routes();
[[nodiscard]] std::span<const Route> search_routes();
[[nodiscard]] std::span<const Route> status_routes();
[[nodiscard]] std::span<const Route> operator_routes();
[[nodiscard]] std::span<const Route> stream_routes();
[[nodiscard]] std::span<const Route> output_routes();
[[nodiscard]] std::span<const Route> log_routes();
[[nodiscard]] std::span<const Route> quota_routes();
[[nodiscard]] std::span<const Route> endpoint_routes();

}  // namespace baton::api::rest
