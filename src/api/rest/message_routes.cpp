// /v1/messages: one message of any queue, and its reply.
#include <array>
#include <string>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/input.h"
#include "api/rest/output.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

using net::Method;

Task<Result<net::Response>> get_message(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(const auto id, message_of(call));
    BATON_CO_TRY(const auto message, co_await call.deps.queues.get(call.who, id));
    std::string body;
    append_json(body, message);
    co_return text_response(200, std::move(body));
}

Task<Result<net::Response>> delete_message(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(const auto id, message_of(call));
    BATON_CO_TRY_VOID(co_await call.deps.queues.cancel(call.who, id));
    co_return no_content();
}

Task<Result<net::Response>> post_reply(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(const auto id, message_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto* value, body.parse(call.request));
    BATON_CO_TRY(auto reply, new_reply_from_json(*value));
    BATON_CO_TRY_VOID(co_await call.deps.queues.reply(
        call.who, id, std::move(reply.result), std::move(reply.metadata)));
    co_return no_content();
}

Task<Result<net::Response>> get_reply(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"wait_ms"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    BATON_CO_TRY(const auto id, message_of(call));
    BATON_CO_TRY(const auto wait, query_milliseconds(call.request, "wait_ms", Duration(0)));
    BATON_CO_TRY(const auto reply, co_await call.deps.queues.get_reply(call.who, id, wait));
    if (!reply) co_return no_content();
    co_return json_response(200, to_json(*reply));
}

Task<Result<net::Response>> explain_message(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(const auto id, message_of(call));
    BATON_CO_TRY(const auto explanation, co_await call.deps.operations.explain(call.who, id));
    std::string body;
    append_json(body, explanation);
    co_return text_response(200, std::move(body));
}

/// `due_at` (RFC 3339 or Unix milliseconds), or `delay_ms` from now.
Result<TimePoint> read_due(const net::Request& request) {
    static constexpr std::array<std::string_view, 2> known{"due_at", "delay_ms"};
    BATON_TRY_VOID(check_query(request, {}));
    JsonBody body;
    BATON_TRY(const auto fields, body.parse(request, known));
    const bool absolute = fields.find("due_at") != nullptr;
    if (absolute == (fields.find("delay_ms") != nullptr)) {
        return fields.fail_at("due_at", std::string("give `due_at` or `delay_ms`, one of them"));
    }
    if (absolute) return fields.time("due_at", {});
    BATON_TRY(
        const auto delay, fields.integer("delay_ms", {.max = MessageLimits::period_max.count()}));
    return SystemClock().now() + Duration(delay);
}

Task<Result<net::Response>> reschedule_message(Call& call) {
    BATON_CO_TRY(const auto id, message_of(call));
    BATON_CO_TRY(const auto due, read_due(call.request));
    BATON_CO_TRY_VOID(co_await call.deps.operations.reschedule(call.who, id, due));
    co_return no_content();
}

constexpr std::array<Route, 6> table{{
    {{Method::get, "/v1/messages/{id}/explain", Auth::member}, explain_message},
    {{Method::post, "/v1/messages/{id}/reschedule", Auth::member}, reschedule_message},
    {{Method::get, "/v1/messages/{id}", Auth::member}, get_message},
    {{Method::del, "/v1/messages/{id}", Auth::member}, delete_message},
    {{Method::post, "/v1/messages/{id}/reply", Auth::member}, post_reply},
    {{Method::get, "/v1/messages/{id}/reply", Auth::member}, get_reply},
}};

}  // namespace

std::span<const Route> message_routes() { return table; }

}  // namespace baton::api::rest
