// /api/v1/users: what is known of those who send messages.
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/dialog.h"
#include "api/rest/input.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using net::Method;

/// Absent or null: as configured.
Result<std::optional<std::uint32_t>> read_limit(const Fields& fields, std::string_view name) {
    if (fields.find(name) == nullptr) return std::optional<std::uint32_t>();
    BATON_TRY(const auto number,
        fields.integer(name, {.max = std::numeric_limits<std::uint32_t>::max()}));
    return std::optional(static_cast<std::uint32_t>(number));
}

Result<service::NewUser> read_user(const Call& call) {
    static constexpr std::array<std::string_view, 4> known{
        "tier", "messages_per_minute", "messages_per_day", "metadata"};
    BATON_TRY_VOID(check_query(call.request, {}));
    JsonBody body;
    BATON_TRY(const auto fields, body.parse(call.request, known));
    service::NewUser user;
    user.id = UserId(std::string(call.params[0]));
    BATON_TRY(user.tier, fields.text("tier"));
    BATON_TRY(user.messages_per_minute, read_limit(fields, "messages_per_minute"));
    BATON_TRY(user.messages_per_day, read_limit(fields, "messages_per_day"));
    BATON_TRY(user.metadata, read_metadata(fields));
    return user;
}

/// The record with what holds for its user.
json::object shown(const Call& call, const User& user) {
    const auto one = [](const service::LimitInForce& limit) -> json::object {
        return {{"limit", limit.limit}, {"from", to_string(limit.from)}};
    };
    const auto limits = call.deps.users.limits_of(user);
    auto object = to_json(user);
    object["limits"] = json::object{
        {"messages_per_minute", one(limits.per_minute)}, {"messages_per_day", one(limits.per_day)}};
    return object;
}

Task<Result<net::Response>> put_user(Call& call) {
    BATON_CO_TRY(auto user, read_user(call));
    BATON_CO_TRY(const auto kept, co_await call.deps.users.put(call.who, std::move(user)));
    co_return success(200, shown(call, kept));
}

Task<Result<net::Response>> get_user(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    UserId id{std::string(call.params[0])};
    BATON_CO_TRY(const auto user, co_await call.deps.users.get(call.who, std::move(id)));
    co_return success(200, shown(call, user));
}

Task<Result<net::Response>> list_users(Call& call) {
    static constexpr std::array<std::string_view, 2> known{"after", "page_size"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    BATON_CO_TRY(const auto size, query_count(call.request, "page_size", 20));
    UserId after{std::string(call.request.query_value("after").value_or(""))};
    BATON_CO_TRY(const auto page, co_await call.deps.users.list(call.who, std::move(after), size));
    json::array users;
    for (const auto& user : page.users) users.push_back(shown(call, user));
    json::object data;
    data["users"] = std::move(users);
    data["next"] = page.next.empty() ? json::value(nullptr) : json::value(page.next.view());
    co_return success(200, std::move(data));
}

Task<Result<net::Response>> delete_user(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    UserId id{std::string(call.params[0])};
    BATON_CO_TRY_VOID(co_await call.deps.users.remove(call.who, id));
    co_return success(200, {{"id", id.view()}, {"deleted", true}});
}

constexpr std::array<Route, 4> table{{
    {{Method::put, "/api/v1/users/{id}", Auth::member}, put_user},
    {{Method::get, "/api/v1/users", Auth::member}, list_users},
    {{Method::get, "/api/v1/users/{id}", Auth::member}, get_user},
    {{Method::del, "/api/v1/users/{id}", Auth::member}, delete_user},
}};

}  // namespace

std::span<const Route> user_routes() { return table; }

}  // namespace baton::api::rest
