// Queue configuration in JSON: what an operator writes, and what the daemon answers.
#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_fields.h"

namespace baton {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 15> config_fields{"mode", "max_size", "max_bytes",
    "max_message_size", "persistence", "durability", "retention_period", "dedup_window",
    "max_failures", "reply_ttl", "overflow", "levels", "fairness_weights", "rates", "scheduling"};
constexpr std::array<std::string_view, 3> level_fields{"name", "max_wait_time", "max_concurrent"};
constexpr std::array<std::string_view, 2> scheduling_fields{"strategy", "level_weights"};
constexpr std::array<std::string_view, 2> rate_fields{"post_per_second", "pop_per_second"};

constexpr std::int64_t message_size_max = 1 << 30;  // 1 GiB: a message is held in memory at once
constexpr std::int64_t count_max = 1'000'000;       // failures, leases of a level
constexpr std::size_t weights_max = 10'000;
constexpr std::int64_t weight_max = 1'000;

Result<std::uint64_t> unsigned_field(
    const Fields& fields, std::string_view name, std::uint64_t fallback) {
    BATON_TRY(
        const auto number, fields.integer(name, {.fallback = static_cast<std::int64_t>(fallback)}));
    return static_cast<std::uint64_t>(number);
}

/// 0..1,000,000
Result<std::uint32_t> count_field(
    const Fields& fields, std::string_view name, std::uint32_t fallback) {
    BATON_TRY(const auto number, fields.integer(name, {.fallback = fallback, .max = count_max}));
    return static_cast<std::uint32_t>(number);
}

Result<std::chrono::seconds> seconds_field(
    const Fields& fields, std::string_view name, std::chrono::seconds fallback) {
    BATON_TRY(const auto duration,
        fields.duration(name, {.fallback = fallback, .unit = std::chrono::seconds(1)}));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
    if (seconds != duration) {
        return fields.fail_at(name, fmt::format("`{}` must be whole seconds", name));
    }
    return seconds;
}

template <class Enum>
Result<Enum> enum_field(const Fields& fields, std::string_view name, Enum fallback,
    Result<Enum> (*parse)(std::string_view)) {
    if (fields.find(name) == nullptr) return fallback;
    BATON_TRY(const auto text, fields.text(name));
    auto parsed = parse(text);
    if (!parsed) return fields.fail_at(name, std::move(parsed).error());
    return *parsed;
}

/// `persistence` and `durability` say the same thing twice; they must agree.
Result<Durability> read_durability(const Fields& fields, Durability base) {
    BATON_TRY(const auto durability, enum_field(fields, "durability", base, parse_durability));
    BATON_TRY(
        const bool persistence, fields.boolean("persistence", durability != Durability::memory));
    if (persistence == (durability != Durability::memory)) return durability;
    if (fields.find("durability") != nullptr) {
        return fields.fail_at(
            "persistence", fmt::format("`persistence: {}` contradicts durability `{}`", persistence,
                               to_string(durability)));
    }
    return persistence ? Durability::fsync : Durability::memory;
}

struct NamedLevel {
    Level level = Level::normal;
    LevelConfig config;
};

Result<NamedLevel> read_level(
    const json::value& value, const std::array<LevelConfig, level_count>& base) {
    BATON_TRY(const auto fields, Fields::of(value, level_fields, Errc::invalid_config));
    BATON_TRY(const auto name, fields.text("name"));
    auto level = parse_level(name);
    if (!level) return fields.fail_at("name", std::move(level).error());
    LevelConfig config = base[static_cast<std::size_t>(*level)];
    BATON_TRY(
        config.max_wait_time, fields.duration("max_wait_time", {.fallback = config.max_wait_time}));
    BATON_TRY(config.max_concurrent, count_field(fields, "max_concurrent", config.max_concurrent));
    return NamedLevel{*level, config};
}

Result<std::array<LevelConfig, level_count>> read_levels(
    const Fields& fields, const std::array<LevelConfig, level_count>& base) {
    auto levels = base;
    BATON_TRY(const auto* array, fields.array("levels"));
    if (array == nullptr) return levels;
    std::array<bool, level_count> seen{};
    for (std::size_t i = 0; i < array->size(); ++i) {
        auto named = read_level((*array)[i], base);
        if (!named) return fields.fail_at(element("levels", i), std::move(named).error());
        const auto place = static_cast<std::size_t>(named->level);
        if (std::exchange(seen[place], true)) {
            return fields.fail_at(element("levels", i),
                fmt::format("level `{}` is there twice", to_string(named->level)));
        }
        levels[place] = named->config;
    }
    return levels;
}

Result<std::uint32_t> rate_field(
    const Fields& fields, std::string_view name, std::uint32_t fallback) {
    BATON_TRY(const auto number,
        fields.integer(name, {.fallback = fallback, .max = RateConfig::rate_max}));
    return static_cast<std::uint32_t>(number);
}

Result<RateConfig> read_rates(const Fields& fields, const RateConfig& base) {
    const auto* value = fields.find("rates");
    if (value == nullptr) return base;
    auto rates = Fields::of(*value, rate_fields, Errc::invalid_config);
    if (!rates) return fields.fail_at("rates", std::move(rates).error());
    auto post = rate_field(*rates, "post_per_second", base.post_per_second);
    if (!post) return fields.fail_at("rates", std::move(post).error());
    auto pop = rate_field(*rates, "pop_per_second", base.pop_per_second);
    if (!pop) return fields.fail_at("rates", std::move(pop).error());
    return RateConfig{.post_per_second = *post, .pop_per_second = *pop};
}

Result<std::map<std::string, std::uint32_t>> read_weights(
    const Fields& fields, const std::map<std::string, std::uint32_t>& base) {
    BATON_TRY(const auto* object, fields.object("fairness_weights"));
    if (object == nullptr) return base;
    if (object->size() > weights_max) {
        return fields.fail_at("fairness_weights", fmt::format("more than {} weights", weights_max));
    }
    std::map<std::string, std::uint32_t> weights;
    BATON_TRY(
        const auto entries, Fields::of(*fields.find("fairness_weights"), {}, Errc::invalid_config));
    for (const auto& entry : *object) {
        const std::string_view key = entry.key();
        if (key.empty() || key.size() > MessageLimits::key_max) {
            return fields.fail_at("fairness_weights",
                fmt::format("a fairness key is 1 to {} bytes", MessageLimits::key_max));
        }
        auto weight = entries.integer(key, {.fallback = 1, .min = 1, .max = weight_max});
        if (!weight) return fields.fail_at("fairness_weights", std::move(weight).error());
        weights.emplace(key, static_cast<std::uint32_t>(*weight));
    }
    return weights;
}

Result<SchedulingConfig> read_scheduling(const Fields& outer, const SchedulingConfig& base) {
    const auto* value = outer.find("scheduling");
    if (value == nullptr) return base;
    const auto inner = [&]() -> Result<SchedulingConfig> {
        SchedulingConfig config = base;
        BATON_TRY(const auto fields, Fields::of(*value, scheduling_fields, Errc::invalid_config));
        BATON_TRY(config.strategy, enum_field(fields, "strategy", base.strategy, parse_strategy));
        BATON_TRY(const auto* weights, fields.object("level_weights"));
        if (weights == nullptr) return config;
        const auto read = [&]() -> Result<void> {
            BATON_TRY(const auto entries,
                Fields::of(*fields.find("level_weights"), level_names, Errc::invalid_config));
            for (std::size_t i = 0; i < level_count; ++i) {
                BATON_TRY(const auto weight,
                    entries.integer(level_names[i], {.fallback = base.level_weights[i],
                                                        .min = 1,
                                                        .max = SchedulingConfig::weight_max}));
                config.level_weights[i] = static_cast<std::uint32_t>(weight);
            }
            return {};
        }();
        if (!read) return fields.fail_at("level_weights", read.error());
        return config;
    }();
    if (!inner) return outer.fail_at("scheduling", inner.error());
    return inner;
}

}  // namespace

Result<QueueConfig> queue_config_from_json(const json::value& value, const QueueConfig& base) {
    BATON_TRY(const auto fields, Fields::of(value, config_fields, Errc::invalid_config));
    QueueConfig config;
    BATON_TRY(config.mode, enum_field(fields, "mode", base.mode, parse_queue_mode));
    BATON_TRY(config.max_size, unsigned_field(fields, "max_size", base.max_size));
    BATON_TRY(config.max_bytes, unsigned_field(fields, "max_bytes", base.max_bytes));
    BATON_TRY(
        const auto message_size, fields.integer("max_message_size",
                                     {.fallback = static_cast<std::int64_t>(base.max_message_size),
                                         .min = 1,
                                         .max = message_size_max}));
    config.max_message_size = static_cast<std::uint64_t>(message_size);
    BATON_TRY(config.durability, read_durability(fields, base.durability));
    BATON_TRY(
        config.retention_period, seconds_field(fields, "retention_period", base.retention_period));
    BATON_TRY(config.dedup_window, seconds_field(fields, "dedup_window", base.dedup_window));
    BATON_TRY(config.max_failures, count_field(fields, "max_failures", base.max_failures));
    BATON_TRY(config.reply_ttl, seconds_field(fields, "reply_ttl", base.reply_ttl));
    BATON_TRY(config.overflow, enum_field(fields, "overflow", base.overflow, parse_overflow));
    BATON_TRY(config.levels, read_levels(fields, base.levels));
    BATON_TRY(config.rates, read_rates(fields, base.rates));
    BATON_TRY(config.fairness_weights, read_weights(fields, base.fairness_weights));
    BATON_TRY(config.scheduling, read_scheduling(fields, base.scheduling));
    return config;
}

json::object to_json(const QueueConfig& config) {
    json::array levels;
    for (std::size_t i = 0; i < level_count; ++i) {
        const auto& level = config.levels[i];
        levels.push_back(
            json::object{{"name", level_names[i]}, {"max_wait_time", to_text(level.max_wait_time)},
                {"max_concurrent", level.max_concurrent}});
    }
    json::object level_weights;
    for (std::size_t i = 0; i < level_count; ++i) {
        level_weights.emplace(level_names[i], config.scheduling.level_weights[i]);
    }
    json::object weights;
    for (const auto& [key, weight] : config.fairness_weights) weights.emplace(key, weight);
    return {{"mode", to_string(config.mode)}, {"max_size", config.max_size},
        {"max_bytes", config.max_bytes}, {"max_message_size", config.max_message_size},
        {"persistence", config.durability != Durability::memory},
        {"durability", to_string(config.durability)},
        {"retention_period", config.retention_period.count()},
        {"dedup_window", config.dedup_window.count()}, {"max_failures", config.max_failures},
        {"reply_ttl", config.reply_ttl.count()}, {"overflow", to_string(config.overflow)},
        {"levels", std::move(levels)},
        {"rates", {{"post_per_second", config.rates.post_per_second},
                      {"pop_per_second", config.rates.pop_per_second}}},
        {"fairness_weights", std::move(weights)},
        {"scheduling", {{"strategy", to_string(config.scheduling.strategy)},
                           {"level_weights", std::move(level_weights)}}}};
}

}  // namespace baton
