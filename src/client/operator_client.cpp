#include "client/operator_client.h"

#include <boost/json/object.hpp>

#include "client/decode.h"
#include "model/codec.h"
#include "model/json_text.h"
#include "net/http.h"

namespace baton::client {
namespace {

namespace json = boost::json;

ApiKey key_from(const json::object& object) {
    const FieldReader fields(object);
    return {.id = KeyId(fields.text("id")),
        .name = fields.text("name"),
        .role = fields.text("role"),
        .created_at = fields.time("created_at").value_or(TimePoint{}),
        .revoked_at = fields.time("revoked_at"),
        .chat_mode = fields.text("chat_mode")};
}

Health health_from(const json::object& object) {
    const FieldReader fields(object);
    Health health{.ready = fields.text("status") == "healthy",
        .phase = fields.text("phase"),
        .version = fields.text("version"),
        .uptime = std::chrono::seconds(fields.integer("uptime")),
        .components = {}};
    if (const auto* cluster = object.if_contains("cluster")) {
        if (auto state = cluster_state_from_json(*cluster)) health.cluster = *std::move(state);
    }
    const auto* components = fields.object("components");
    if (components == nullptr) return health;
    for (const auto& [name, value] : *components) {
        const auto* component = value.if_object();
        if (component == nullptr) continue;
        const FieldReader reader(*component);
        health.components.push_back(
            {std::string(name), reader.text("status") == "healthy", reader.text("detail")});
    }
    return health;
}

std::string quota_path(const std::string& tenant) {
    return "/admin/v1/quotas/" + net::percent_encode(tenant);
}

}  // namespace

Task<Result<Health>> OperatorClient::health() {
    Call call{.path = "/api/v1/health"};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(const auto* data, data_of(answer));
    co_return health_from(*data);
}

Task<Result<CreatedApiKey>> OperatorClient::create_key(NewApiKey key) {
    json::object body;
    body["name"] = key.name;
    body["role"] = key.role;
    if (!key.chat_mode.empty()) body["chat_mode"] = key.chat_mode;
    Call call{.method = net::Method::post, .path = "/admin/v1/keys", .body = json_text(body)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(const auto* object, as_object(answer));
    Secret text(FieldReader(*object).text("key"));
    co_return CreatedApiKey{key_from(*object), std::move(text)};
}

Task<Result<std::vector<ApiKey>>> OperatorClient::list_keys() {
    Call call{.path = "/admin/v1/keys"};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(const auto* list, list_of(answer, "keys"));
    std::vector<ApiKey> keys;
    for (const auto& value : *list) {
        BATON_CO_TRY(const auto* object, as_object(value));
        keys.push_back(key_from(*object));
    }
    co_return keys;
}

Task<Result<void>> OperatorClient::revoke_key(KeyId id) {
    Call call{.method = net::Method::del, .path = "/admin/v1/keys/" + net::percent_encode(id.text)};
    BATON_CO_TRY_VOID(co_await connection_.call(std::move(call)));
    co_return Result<void>();
}

Task<Result<StorageQuota>> OperatorClient::quota(std::string tenant) {
    Call call{.path = quota_path(tenant)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return storage_quota_from_json(answer);
}

Task<Result<StorageQuota>> OperatorClient::set_quota(std::string tenant, std::uint64_t bytes) {
    Call call{.method = net::Method::put,
        .path = quota_path(tenant),
        .body = json_text(json::object{{"limit_bytes", bytes}})};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return storage_quota_from_json(answer);
}

}  // namespace baton::client
