// For operators and their machines: health, metrics, keys.
#include <array>
#include <string>
#include <utility>

#include <boost/json/array.hpp>

#include "api/rest/call.h"
#include "api/rest/dialog.h"
#include "api/rest/input.h"
#include "api/rest/output.h"
#include "base/text.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using net::Method;

Task<Result<net::Response>> health_live(Call&) {
    co_return text_response(200, R"({"status":"ok"})");
}

json::object components_object(const service::HealthReport& report) {
    json::object components;
    for (const auto& component : report.components) {
        json::object entry;
        entry["status"] = component.healthy ? "healthy" : "unhealthy";
        entry["response_time"] = static_cast<double>(component.response_time.count()) / 1000.0;
        components[component.name] = std::move(entry);
    }
    return components;
}

Task<Result<net::Response>> health_ready(Call& call) {
    const auto report = co_await call.deps.health.check();
    json::object body;
    body["status"] = report.ready ? "ready" : "not_ready";
    body["phase"] = report.phase;
    body["components"] = components_object(report);
    co_return json_response(report.ready ? 200 : 503, body);
}

Task<Result<net::Response>> health_report(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    const auto report = co_await call.deps.health.check();
    json::object components = components_object(report);
    for (const auto& component : report.components) {
        if (component.healthy) continue;
        components[component.name].as_object()["detail"] = component.detail;
    }
    json::object data;
    data["status"] = report.ready ? "healthy" : "unhealthy";
    data["phase"] = report.phase;
    data["uptime"] = report.uptime.count();
    data["version"] = report.version;
    data["components"] = std::move(components);
    if (report.cluster) data["cluster"] = to_json(*report.cluster);
    co_return success(200, std::move(data));
}

Task<Result<net::Response>> metrics(Call& call) {
    net::Response response = text_response(200, call.deps.metrics.render());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    co_return response;
}

json::object key_object(const access::KeyInfo& info) {
    json::object object;
    object["id"] = info.id.view();
    object["name"] = info.name;
    object["role"] = access::to_string(info.role);
    object["created_at"] = to_rfc3339(info.created_at);
    object["revoked_at"] =
        info.revoked_at ? json::value(to_rfc3339(*info.revoked_at)) : json::value(nullptr);
    object["chat_mode"] = nullptr;
    if (info.chat_mode) object["chat_mode"] = access::to_string(*info.chat_mode);
    return object;
}

Result<access::NewKey> read_key(const net::Request& request) {
    static constexpr std::array<std::string_view, 3> known{"name", "role", "chat_mode"};
    BATON_TRY_VOID(check_query(request, {}));
    JsonBody body;
    BATON_TRY(const auto fields, body.parse(request, known));
    access::NewKey key;
    BATON_TRY(key.name, fields.text("name"));
    if (key.name.empty()) return fields.fail_at("name", std::string("`name` is missing"));
    BATON_TRY(const auto role, fields.text("role"));
    if (!role.empty()) {
        const auto parsed = access::parse_role(role);
        if (!parsed) return fields.fail_at("role", parsed.error().detail);
        key.role = *parsed;
    }
    BATON_TRY(const auto mode, fields.text("chat_mode"));
    if (!mode.empty()) {
        const auto parsed = access::parse_chat_mode(mode);
        if (!parsed) return fields.fail_at("chat_mode", parsed.error().detail);
        key.chat_mode = *parsed;
    }
    return key;
}

Task<Result<net::Response>> create_key(Call& call) {
    BATON_CO_TRY(auto key, read_key(call.request));
    BATON_CO_TRY(const auto created, co_await call.deps.keys.create(call.who, std::move(key)));
    json::object body = key_object(created.info);
    body["key"] = created.text.reveal();
    co_return json_response(201, body);
}

Task<Result<net::Response>> list_keys(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(const auto infos, co_await call.deps.keys.list(call.who));
    json::array keys;
    for (const auto& info : infos) keys.push_back(key_object(info));
    json::object body;
    body["keys"] = std::move(keys);
    co_return json_response(200, body);
}

Task<Result<net::Response>> revoke_key(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    KeyId id{std::string(call.params[0])};
    BATON_CO_TRY_VOID(co_await call.deps.keys.revoke(call.who, std::move(id)));
    co_return no_content();
}

constexpr std::array<Route, 7> table{{
    {{Method::get, "/api/v1/health", Auth::member}, health_report},
    {{Method::get, "/health/live", Auth::open}, health_live},
    {{Method::get, "/health/ready", Auth::open}, health_ready},
    {{Method::get, "/metrics", Auth::metrics}, metrics},
    {{Method::post, "/admin/v1/keys", Auth::admin}, create_key},
    {{Method::get, "/admin/v1/keys", Auth::admin}, list_keys},
    {{Method::del, "/admin/v1/keys/{id}", Auth::admin}, revoke_key},
}};

}  // namespace

std::span<const Route> operator_routes() { return table; }

}  // namespace baton::api::rest
