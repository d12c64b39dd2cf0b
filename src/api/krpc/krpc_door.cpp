#include "api/krpc/krpc_door.h"

#include <memory>
#include <string>
#include <utility>

#include "api/krpc/calls.h"
#include "api/krpc/envelope.h"
#include "api/krpc/krpc_metrics.h"
#include "api/krpc/perform.h"

namespace baton::api::krpc {
namespace {

/// Lives as long as the door's route, which owns it.
struct DoorState {
    DoorState(KrpcDeps given, Log given_log)
        : deps(given), metrics(given.metrics), log(std::move(given_log)) {}

    KrpcDeps deps;
    KrpcMetrics metrics;
    Log log;
};

net::Response ok(std::string body) {
    net::Response response;
    response.body = std::move(body);
    return response;
}

/// The token of the call, or the key in the usual header for who can set one.
Result<access::Identity> authenticate(
    const access::Access& access, const Envelope& envelope, const net::Request& request) {
    const std::string_view header = request.fields.get("Authorization");
    auto who = envelope.token.empty()
                   ? access.authenticate(header)
                   : access.authenticate("Bearer " + std::string(envelope.token.reveal()));
    if (!who && who.error().code == Errc::unauthenticated) {
        who.error().detail = "a valid key is needed, as the token `sys[1]`";
    }
    return who;
}

Task<Result<std::string>> answer(
    const DoorState& state, const Envelope& envelope, api::Call& call) {
    if (envelope.error) co_return fail(*envelope.error);
    BATON_CO_TRY(call.who, authenticate(state.deps.access, envelope, call.request));
    BATON_CO_TRY(auto parsed, read_call(envelope.method, call.request.body));
    std::string().swap(call.request.body);  // a long poll holds no memory of its call
    auto performing = perform(state.deps, call.who, std::move(parsed));
    co_return co_await std::move(performing);
}

bool is_ours(Errc code) noexcept {
    return code == Errc::internal || code == Errc::storage_io || code == Errc::storage_corrupt;
}

Task<Result<net::Response>> handle(std::shared_ptr<DoorState> state, api::Call& call) {
    const Envelope envelope = read_envelope(call.request.body);
    auto result = co_await answer(*state, envelope, call);
    // What the queues call a field that has another name here.
    if (!result && result.error().field == "queue") result.error().field = "queue_id";
    state->metrics.answered(envelope.method, result.has_value());
    if (result) co_return ok(result_text(envelope, *std::move(result)));
    if (is_ours(result.error().code)) {
        state->log.error(
            "kRPC call failed", {{"request_id", call.request_id}, {"method", envelope.method},
                                    {"error", to_string(result.error())}});
    }
    co_return ok(error_text(envelope, result.error()));
}

}  // namespace

Door make_krpc_door(KrpcDeps deps, Log log) {
    Door door;
    // Errors that come before the handler know no call.
    door.format_error = [](const Error& error) { return ok(error_text(Envelope(), error)); };
    const auto state = std::make_shared<DoorState>(deps, std::move(log));
    door.routes.push_back({{net::Method::post, "/kapi/msg_queue", Auth::in_body},
        [state](api::Call& call) { return handle(state, call); }});
    return door;
}

}  // namespace baton::api::krpc
