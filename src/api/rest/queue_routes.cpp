// /v1/queues: configure, inspect and operate queues.
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <boost/json/array.hpp>

#include "api/rest/call.h"
#include "api/rest/input.h"
#include "api/rest/output.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using net::Method;

/// `owner` of the query: whose quota the queue counts for.
Result<std::optional<TenantId>> owner_of(const net::Request& request) {
    const auto text = request.query_value("owner");
    if (!text) return std::nullopt;
    auto owner = parse_tenant_id(*text);
    if (!owner) return fail_field(Errc::invalid_argument, "owner", owner.error().detail);
    return *std::move(owner);
}

Task<Result<net::Response>> put_queue(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"owner"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    BATON_CO_TRY(auto name, queue_of(call));
    BATON_CO_TRY(auto owner, owner_of(call.request));
    JsonBody body;
    BATON_CO_TRY(const auto* value, body.parse(call.request));
    BATON_CO_TRY(auto config, queue_config_from_json(*value));
    auto putting =
        call.deps.queues.put_queue(call.who, std::move(name), std::move(config), std::move(owner));
    BATON_CO_TRY(const auto outcome, co_await std::move(putting));
    co_return json_response(outcome.created ? 201 : 200, to_json(outcome.info));
}

Task<Result<net::Response>> get_queue(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto name, queue_of(call));
    BATON_CO_TRY(const auto info, co_await call.deps.queues.get_queue(call.who, std::move(name)));
    co_return json_response(200, to_json(info));
}

Task<Result<net::Response>> list_queues(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(const auto infos, co_await call.deps.queues.list_queues(call.who));
    json::array queues;
    for (const QueueInfo& info : infos) queues.push_back(to_json(info));
    json::object body;
    body["queues"] = std::move(queues);
    co_return json_response(200, body);
}

Task<Result<net::Response>> delete_queue(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto name, queue_of(call));
    BATON_CO_TRY_VOID(co_await call.deps.queues.delete_queue(call.who, std::move(name)));
    co_return no_content();
}

/// Operations on a queue take no body but, for the sake of picky clients, an empty object.
Result<QueueName> queue_without_input(const Call& call) {
    BATON_TRY_VOID(check_query(call.request, {}));
    constexpr std::array<std::string_view, 1> none{""};
    JsonBody body;
    BATON_TRY_VOID(body.parse(call.request, none));
    return queue_of(call);
}

Task<Result<net::Response>> purge_queue(Call& call) {
    BATON_CO_TRY(auto name, queue_without_input(call));
    BATON_CO_TRY(const auto purged, co_await call.deps.queues.purge(call.who, std::move(name)));
    json::object body;
    body["purged"] = purged;
    co_return json_response(200, body);
}

/// What is to be paused: the queue, or one key of it.
struct PauseInput {
    QueueName queue;
    std::optional<service::KeyPath> key;
};

Result<PauseInput> read_pause(const Call& call) {
    static constexpr std::array<std::string_view, 2> known{"ordering_key", "fairness_key"};
    BATON_TRY_VOID(check_query(call.request, {}));
    PauseInput input;
    BATON_TRY(input.queue, queue_of(call));
    JsonBody body;
    BATON_TRY(const auto fields, body.parse(call.request, known));
    const bool ordering = fields.find("ordering_key") != nullptr;
    if (!ordering && fields.find("fairness_key") == nullptr) return input;
    if (ordering && fields.find("fairness_key") != nullptr) {
        return fields.fail_at("fairness_key", std::string("one key at a time"));
    }
    BATON_TRY(const auto key, fields.text(ordering ? "ordering_key" : "fairness_key"));
    input.key = service::KeyPath{.queue = input.queue,
        .kind = ordering ? KeyKind::ordering : KeyKind::fairness,
        .key = std::string(key)};
    return input;
}

Task<Result<net::Response>> set_paused(Call& call, bool paused) {
    BATON_CO_TRY(auto input, read_pause(call));
    if (input.key) {
        const auto* const name =
            input.key->kind == KeyKind::ordering ? "ordering_key" : "fairness_key";
        auto pausing = call.deps.operations.pause_key(call.who, *std::move(input.key), paused);
        const auto done = co_await std::move(pausing);
        if (!done) co_return fail(renamed(done.error(), "key", name));
    } else {
        auto& queues = call.deps.queues;
        BATON_CO_TRY_VOID(co_await queues.set_paused(call.who, std::move(input.queue), paused));
    }
    json::object body;
    body["paused"] = paused;
    co_return json_response(200, body);
}

Task<Result<net::Response>> pause_queue(Call& call) { return set_paused(call, true); }
Task<Result<net::Response>> resume_queue(Call& call) { return set_paused(call, false); }

Task<Result<net::Response>> redrive(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(const auto name, queue_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto* value, body.parse(call.request));
    BATON_CO_TRY(auto request, redrive_from_json(name, *value));
    BATON_CO_TRY(
        const auto count, co_await call.deps.operations.redrive(call.who, std::move(request)));
    json::object answer;
    answer["redriven"] = count;
    co_return json_response(200, answer);
}

Task<Result<net::Response>> queue_stats(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto name, queue_of(call));
    BATON_CO_TRY(const auto stats, co_await call.deps.queues.stats(call.who, std::move(name)));
    co_return json_response(200, to_json(stats));
}

constexpr std::array<Route, 9> table{{
    {{Method::get, "/v1/queues", Auth::member}, list_queues},
    {{Method::put, "/v1/queues/{queue}", Auth::member}, put_queue},
    {{Method::get, "/v1/queues/{queue}", Auth::member}, get_queue},
    {{Method::del, "/v1/queues/{queue}", Auth::member}, delete_queue},
    {{Method::post, "/v1/queues/{queue}/purge", Auth::member}, purge_queue},
    {{Method::post, "/v1/queues/{queue}/pause", Auth::member}, pause_queue},
    {{Method::post, "/v1/queues/{queue}/resume", Auth::member}, resume_queue},
    {{Method::post, "/v1/queues/{queue}/redrive", Auth::member}, redrive},
    {{Method::get, "/v1/queues/{queue}/stats", Auth::member}, queue_stats},
}};

}  // namespace

std::span<const Route> queue_routes() { return table; }

}  // namespace baton::api::rest
