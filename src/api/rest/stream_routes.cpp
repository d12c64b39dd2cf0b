// /v1/stream: where a request becomes a WebSocket.
#include <array>
#include <string>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/input.h"
#include "net/web_socket.h"

namespace baton::api::rest {
namespace {

using net::Method;

/// RFC 6455, 4.4: who asks wrongly is told what is spoken.
net::Response refuse_handshake(const Error& error) {
    net::Response response = error_response(error);
    response.fields.set("Upgrade", "websocket");
    response.fields.set("Sec-WebSocket-Version", "13");
    return response;
}

Task<Result<net::Response>> open_stream(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    const auto good = net::check_web_socket(call.request);
    if (!good) co_return refuse_handshake(good.error());
    auto still_allowed = [&access = call.deps.access,
                             key = std::string(call.request.fields.get("Authorization"))] {
        return access.authenticate(key).has_value();
    };
    auto serve = [stream = call.deps.stream, who = call.who,
                     still_allowed = std::move(still_allowed)](
                     net::WebSocket& socket) { return stream(who, still_allowed, socket); };
    co_return net::web_socket_response(call.request, std::move(serve));
}

constexpr std::array<Route, 1> table{{
    {{Method::get, "/v1/stream", Auth::member}, open_stream},
}};

}  // namespace

std::span<const Route> stream_routes() { return table; }

}  // namespace baton::api::rest
