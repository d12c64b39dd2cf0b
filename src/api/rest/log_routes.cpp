// Queues in log mode: subscriptions, fetching, cursors.
#include <array>
#include <limits>
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

Result<service::SubscriptionPath> subscription_of(const Call& call) {
    service::SubscriptionPath path;
    BATON_TRY(path.queue, queue_of(call));
    auto name = parse_subscription_name(call.params[1]);
    if (!name) return fail_field(Errc::invalid_argument, "subscription", name.error().detail);
    path.name = *std::move(name);
    return path;
}

/// "earliest", "latest", or a seq, as a number or as text.
Result<LogStart> read_start(const Fields& fields, std::string_view name) {
    const auto* value = fields.find(name);
    if (value == nullptr) return LogStart{};
    if (value->is_string()) {
        auto start = parse_log_start(value->get_string());
        if (!start) return fields.fail_at(name, std::move(start).error());
        return start;
    }
    BATON_TRY(const auto seq, fields.integer(name, {.min = 1}));
    return LogStart{.kind = LogStart::Kind::seq, .seq = static_cast<std::uint64_t>(seq)};
}

Result<std::uint64_t> read_seq(const Fields& fields, std::string_view name) {
    if (fields.find(name) == nullptr) {
        return fields.fail_at(name, "`" + std::string(name) + "` is missing");
    }
    BATON_TRY(const auto seq, fields.integer(name));
    return static_cast<std::uint64_t>(seq);
}

net::Response committed_response(std::uint64_t committed) {
    json::object body;
    body["committed"] = committed;
    return json_response(200, body);
}

Task<Result<net::Response>> subscribe(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"from"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto path, subscription_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    BATON_CO_TRY(const auto start, read_start(fields, "from"));
    auto subscribing = call.deps.logs.subscribe(call.who, std::move(path), start);
    const auto committed = co_await std::move(subscribing);
    if (!committed) co_return fail(renamed(committed.error(), "start", "from"));
    co_return committed_response(*committed);
}

Task<Result<net::Response>> unsubscribe(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto path, subscription_of(call));
    BATON_CO_TRY_VOID(co_await call.deps.logs.unsubscribe(call.who, std::move(path)));
    co_return no_content();
}

Task<Result<net::Response>> list_subscriptions(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto name, queue_of(call));
    BATON_CO_TRY(const auto all, co_await call.deps.logs.subscriptions(call.who, std::move(name)));
    json::array list;
    for (const Subscription& subscription : all) list.push_back(to_json(subscription));
    json::object body;
    body["subscriptions"] = std::move(list);
    co_return json_response(200, body);
}

Result<service::FetchOptions> read_fetch(const Fields& fields) {
    service::FetchOptions options;
    if (fields.find("after") != nullptr) {
        BATON_TRY(options.after, read_seq(fields, "after"));
    }
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    BATON_TRY(const auto max, fields.integer("max", {.fallback = options.max, .max = most}));
    options.max = static_cast<std::uint32_t>(max);
    BATON_TRY(options.wait, milliseconds(fields, "wait_ms", options.wait));
    return options;
}

Task<Result<net::Response>> fetch(Call& call) {
    static constexpr std::array<std::string_view, 3> known{"after", "max", "wait_ms"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto path, subscription_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    BATON_CO_TRY(const auto options, read_fetch(fields));
    auto fetching = call.deps.logs.fetch(call.who, std::move(path), options);
    BATON_CO_TRY(const auto messages, co_await std::move(fetching));
    co_return text_response(200, messages_json(messages));
}

Task<Result<net::Response>> commit(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"seq"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto path, subscription_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    BATON_CO_TRY(const auto seq, read_seq(fields, "seq"));
    BATON_CO_TRY_VOID(co_await call.deps.logs.commit(call.who, std::move(path), seq));
    co_return committed_response(seq);
}

Task<Result<net::Response>> seek(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"to"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto path, subscription_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    if (fields.find("to") == nullptr)
        co_return fields.fail_at("to", std::string("`to` is missing"));
    BATON_CO_TRY(const auto start, read_start(fields, "to"));
    auto seeking = call.deps.logs.seek(call.who, std::move(path), start);
    const auto committed = co_await std::move(seeking);
    if (!committed) co_return fail(renamed(committed.error(), "start", "to"));
    co_return committed_response(*committed);
}

Task<Result<net::Response>> truncate(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"before"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto name, queue_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    BATON_CO_TRY(const auto seq, read_seq(fields, "before"));
    auto truncating = call.deps.logs.truncate_before(call.who, std::move(name), seq);
    const auto removed = co_await std::move(truncating);
    if (!removed) co_return fail(renamed(removed.error(), "seq", "before"));
    json::object answer;
    answer["removed"] = *removed;
    co_return json_response(200, answer);
}

constexpr std::string_view one = "/v1/queues/{queue}/subscriptions/{subscription}";
constexpr std::array<Route, 7> table{{
    {{Method::get, "/v1/queues/{queue}/subscriptions", Auth::member}, list_subscriptions},
    {{Method::put, one, Auth::member}, subscribe},
    {{Method::del, one, Auth::member}, unsubscribe},
    {{Method::post, "/v1/queues/{queue}/subscriptions/{subscription}/fetch", Auth::member}, fetch},
    {{Method::post, "/v1/queues/{queue}/subscriptions/{subscription}/commit", Auth::member},
        commit},
    {{Method::post, "/v1/queues/{queue}/subscriptions/{subscription}/seek", Auth::member}, seek},
    {{Method::post, "/v1/queues/{queue}/truncate", Auth::member}, truncate},
}};

}  // namespace

std::span<const Route> log_routes() { return table; }

}  // namespace baton::api::rest
