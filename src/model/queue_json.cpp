// Queues in JSON, as the daemon shows them and the client reads them back.
#include <utility>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_fields.h"

namespace baton {
namespace {

namespace json = boost::json;

Result<std::uint64_t> count(const Fields& fields, std::string_view name) {
    BATON_TRY(const auto number, fields.integer(name));
    return static_cast<std::uint64_t>(number);
}

Result<QueueName> queue_name(const Fields& fields, std::string_view name) {
    BATON_TRY(const auto text, fields.text(name));
    auto queue = parse_queue_name(text);
    if (!queue) return fields.fail_at(name, std::move(queue).error());
    return queue;
}

Result<LevelStats> level_stats_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    LevelStats stats;
    BATON_TRY(stats.ready, count(fields, "ready"));
    BATON_TRY(stats.leased, count(fields, "leased"));
    return stats;
}

/// The configuration in a daemon's answer: what this program does not know is left out.
Result<QueueConfig> config_of(const Fields& fields) {
    static constexpr std::string_view known[] = {"mode", "max_size", "max_bytes",
        "max_message_size", "persistence", "durability", "retention_period", "dedup_window",
        "max_failures", "reply_ttl", "overflow", "levels", "rates", "fairness_weights",
        "scheduling"};
    BATON_TRY(const auto* object, fields.object("config"));
    json::object part;
    for (const auto name : known) {
        const auto* value = object == nullptr ? nullptr : object->if_contains(name);
        if (value != nullptr) part.emplace(name, *value);
    }
    auto config = queue_config_from_json(part);
    if (!config) return fields.fail_at("config", std::move(config).error());
    return config;
}

}  // namespace

json::object to_json(const QueueInfo& info) {
    return {{"name", info.name.view()}, {"owner", info.owner.view()},
        {"config", to_json(info.config)}, {"created_at", to_rfc3339(info.created_at)},
        {"paused", info.paused}};
}

json::object to_json(const QueueStats& stats) {
    json::object levels;
    for (std::size_t i = 0; i < level_count; ++i) {
        levels.emplace(level_names[i],
            json::object{{"ready", stats.levels[i].ready}, {"leased", stats.levels[i].leased}});
    }
    return {{"queue_id", stats.name.view()}, {"message_count", stats.message_count},
        {"max_size", stats.max_size}, {"used_storage", stats.used_storage},
        {"created_at", to_rfc3339(stats.created_at)},
        {"last_accessed", to_rfc3339(stats.last_accessed)}, {"ready", stats.ready},
        {"scheduled", stats.scheduled}, {"leased", stats.leased}, {"dead", stats.dead},
        {"levels", std::move(levels)}, {"posted_total", stats.posted_total},
        {"acked_total", stats.acked_total}, {"expired_total", stats.expired_total},
        {"paused", stats.paused}};
}

Result<QueueInfo> queue_info_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    QueueInfo info;
    BATON_TRY(info.name, queue_name(fields, "name"));
    BATON_TRY(info.config, config_of(fields));
    BATON_TRY(const auto owner, fields.text("owner"));
    if (!owner.empty()) info.owner = TenantId(std::string(owner));
    BATON_TRY(info.created_at, fields.time("created_at", {}));
    BATON_TRY(info.paused, fields.boolean("paused", false));
    return info;
}

Result<QueueStats> queue_stats_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    QueueStats stats;
    BATON_TRY(stats.name, queue_name(fields, "queue_id"));
    BATON_TRY(stats.message_count, count(fields, "message_count"));
    BATON_TRY(stats.max_size, count(fields, "max_size"));
    BATON_TRY(stats.used_storage, count(fields, "used_storage"));
    BATON_TRY(stats.created_at, fields.time("created_at", {}));
    BATON_TRY(stats.last_accessed, fields.time("last_accessed", {}));
    BATON_TRY(stats.ready, count(fields, "ready"));
    BATON_TRY(stats.scheduled, count(fields, "scheduled"));
    BATON_TRY(stats.leased, count(fields, "leased"));
    BATON_TRY(stats.dead, count(fields, "dead"));
    BATON_TRY(stats.posted_total, count(fields, "posted_total"));
    BATON_TRY(stats.acked_total, count(fields, "acked_total"));
    BATON_TRY(stats.expired_total, count(fields, "expired_total"));
    BATON_TRY(stats.paused, fields.boolean("paused", false));
    BATON_TRY(const auto* levels, fields.object("levels"));
    for (std::size_t i = 0; levels != nullptr && i < level_count; ++i) {
        const auto* level = levels->if_contains(level_names[i]);
        if (level == nullptr) continue;
        auto parsed = level_stats_from_json(*level);
        if (!parsed) return fields.fail_at("levels", std::move(parsed).error());
        stats.levels[i] = *parsed;
    }
    return stats;
}

}  // namespace baton
