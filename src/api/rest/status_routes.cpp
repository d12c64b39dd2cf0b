// /api/v1: queues, metrics and the configuration, for those who watch.
#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/dialog.h"
#include "api/rest/input.h"
#include "api/rest/metrics_json.h"
#include "api/rest/output.h"
#include "base/text.h"
#include "model/queue_config.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using net::Method;

constexpr Duration hour{3'600'000};

json::array levels_object(const service::QueueStatus& queue) {
    json::array levels;
    for (std::size_t i = 0; i < level_count; ++i) {
        const auto& level = queue.stats.levels[i];
        levels.push_back(json::object{{"priority", to_string(static_cast<Level>(i))},
            {"size", level.ready}, {"processing_count", level.leased},
            {"max_concurrent", queue.config.levels[i].max_concurrent}});
    }
    return levels;
}

/// The highest level that has messages waiting.
json::value waiting_level(const QueueStats& stats) {
    for (std::size_t i = 0; i < level_count; ++i) {
        if (stats.levels[i].ready != 0) return json::value(to_string(static_cast<Level>(i)));
    }
    return nullptr;
}

json::object status_object(const service::QueueStatus& queue) {
    const auto& stats = queue.stats;
    std::uint64_t concurrent = 0;
    for (const auto& level : queue.config.levels) concurrent += level.max_concurrent;
    return {{"name", stats.name.view()}, {"priority", waiting_level(stats)},
        {"size", stats.message_count}, {"max_size", stats.max_size},
        {"processing_count", stats.leased}, {"max_concurrent", concurrent},
        {"avg_wait_time", queue.window.wait_ms}, {"max_wait_time", queue.oldest_wait.count()},
        {"total_processed", stats.acked_total}, {"total_failed", stats.dead + stats.expired_total},
        {"paused", stats.paused}, {"last_updated", to_rfc3339(stats.last_accessed)},
        {"levels", levels_object(queue)}};
}

Task<Result<net::Response>> queue_status(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    std::optional<QueueName> all;
    BATON_CO_TRY(
        const auto queues, co_await call.deps.history.status(call.who, std::move(all), hour));
    json::array items;
    std::uint64_t size = 0;
    std::uint64_t running = 0;
    for (const auto& queue : queues) {
        items.push_back(status_object(queue));
        size += queue.stats.message_count;
        running += queue.stats.leased;
    }
    double load = 0;
    ::getloadavg(&load, 1);
    json::object data;
    data["queues"] = std::move(items);
    data["total_size"] = size;
    data["total_processing"] = running;
    data["system_load"] = load;
    co_return success(200, std::move(data));
}

json::object stats_object(const service::QueueStatus& queue) {
    const auto& window = queue.window;
    const auto held = queue.stats.message_count;
    const double utilisation =
        queue.stats.max_size == 0
            ? 0
            : static_cast<double>(held) / static_cast<double>(queue.stats.max_size);
    return {{"name", queue.stats.name.view()}, {"from", to_rfc3339(window.from)},
        {"to", to_rfc3339(window.to)}, {"total_posted", window.posted},
        {"total_processed", window.processed}, {"total_failed", window.failed},
        {"throughput_per_minute", window.per_minute}, {"error_rate", window.error_rate},
        {"avg_wait_time", window.wait_ms}, {"avg_processing_time", window.processing_ms},
        {"size", held}, {"utilisation", utilisation}, {"levels", levels_object(queue)}};
}

Task<Result<net::Response>> queue_stats(Call& call) {
    static constexpr std::array<std::string_view, 2> known{"queue_name", "time_range"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    const std::string range_text(call.request.query_value("time_range").value_or("1h"));
    const auto range = parse_duration(range_text);
    if (!range) {
        co_return fail_field(Errc::invalid_argument, "time_range",
            "`time_range` is a time such as 1h, 6h, 24h or 7d");
    }
    std::optional<QueueName> queue;
    if (const auto text = call.request.query_value("queue_name")) {
        auto name = parse_queue_name(*text);
        if (!name) co_return fail(renamed(std::move(name).error(), "", "queue_name"));
        queue = *std::move(name);
    }
    auto queues = co_await call.deps.history.status(call.who, std::move(queue), *range);
    if (!queues) co_return fail(renamed(std::move(queues).error(), "queue", "queue_name"));
    json::array items;
    for (const auto& each : *queues) items.push_back(stats_object(each));
    json::object data;
    data["time_range"] = range_text;
    data["queues"] = std::move(items);
    co_return success(200, std::move(data));
}

Task<Result<net::Response>> metrics(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"format"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    const auto format = call.request.query_value("format").value_or("json");
    if (format == "prometheus") {
        net::Response response = text_response(200, call.deps.metrics.render());
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        co_return response;
    }
    if (format != "json") {
        co_return fail_field(Errc::invalid_argument, "format", "`format` is json or prometheus");
    }
    json::object data;
    data["metrics"] = metrics_json(call.deps.metrics.render());
    co_return success(200, std::move(data));
}

Task<Result<net::Response>> configuration(Call& call) {
    BATON_CO_TRY_VOID(access::require(call.who, access::Role::admin));
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    json::object values;
    if (call.deps.config) {
        for (const auto& [key, value] : call.deps.config()) values[key] = value;
    }
    json::object data;
    data["config"] = std::move(values);
    co_return success(200, std::move(data));
}

constexpr std::array<Route, 4> table{{
    {{Method::get, "/api/v1/queues/status", Auth::member}, queue_status},
    {{Method::get, "/api/v1/queues/stats", Auth::member}, queue_stats},
    {{Method::get, "/api/v1/metrics", Auth::member}, metrics},
    {{Method::get, "/api/v1/config", Auth::member}, configuration},
}};

}  // namespace

std::span<const Route> status_routes() { return table; }

}  // namespace baton::api::rest
