// Queue configuration as operators write it.
#include <string>

#include <gtest/gtest.h>

#include "model/codec.h"

namespace baton {
namespace {

Result<QueueConfig> read(std::string_view text, const QueueConfig& base = {}) {
    return queue_config_from_json(parse_json(text).value(), base);
}

Error error_of(std::string_view text) {
    const auto config = read(text);
    EXPECT_FALSE(config) << text;
    return config ? Error{} : config.error();
}

const LevelConfig& level(const QueueConfig& config, Level which) {
    return config.levels[static_cast<std::size_t>(which)];
}

TEST(QueueConfigJson, is_all_optional) {
    EXPECT_EQ(read("{}"), QueueConfig{});
    EXPECT_EQ(read(R"({"max_size":null,"levels":null,"rates":null})"), QueueConfig{});
}

TEST(QueueConfigJson, reads_every_field) {
    const auto config = read(R"({"mode":"log","max_size":10,"max_bytes":20,"max_message_size":30,
        "durability":"relaxed","persistence":true,"retention_period":40,"dedup_window":"5m",
        "max_failures":6,"reply_ttl":"2h","overflow":"drop_oldest",
        "levels":[{"name":"realtime","max_wait_time":"1s","max_concurrent":100},
                  {"name":"low","max_wait_time":2500}],
        "fairness_weights":{"gold":10,"free":1},
        "scheduling":{"strategy":"fair","level_weights":{"low":3}}})");
    ASSERT_TRUE(config) << to_string(config.error());
    EXPECT_EQ(config->mode, QueueMode::log);
    EXPECT_EQ(config->max_size, 10u);
    EXPECT_EQ(config->max_bytes, 20u);
    EXPECT_EQ(config->max_message_size, 30u);
    EXPECT_EQ(config->durability, Durability::relaxed);
    EXPECT_EQ(config->retention_period, std::chrono::seconds(40));
    EXPECT_EQ(config->dedup_window, std::chrono::minutes(5));
    EXPECT_EQ(config->max_failures, 6u);
    EXPECT_EQ(config->reply_ttl, std::chrono::hours(2));
    EXPECT_EQ(config->overflow, Overflow::drop_oldest);
    EXPECT_EQ(level(*config, Level::realtime), (LevelConfig{Duration(1'000), 100}));
    EXPECT_EQ(level(*config, Level::low), (LevelConfig{Duration(2'500), 0}));
    EXPECT_EQ(level(*config, Level::high), LevelConfig{});
    EXPECT_EQ(config->fairness_weights,
        (std::map<std::string, std::uint32_t>{{"free", 1}, {"gold", 10}}));
}

TEST(QueueConfigJson, reads_in_which_order_messages_leave) {
    const auto config = read(
        R"({"scheduling":{"strategy":"priority_weighted","level_weights":{"realtime":1000,"low":3}}})");
    ASSERT_TRUE(config) << to_string(config.error());
    const SchedulingConfig wanted{
        .strategy = Strategy::priority_weighted, .level_weights = {1'000, 4, 2, 3}};
    EXPECT_EQ(config->scheduling, wanted);
    EXPECT_EQ(read("{}")->scheduling.strategy, Strategy::strict) << "as before there was a choice";
    EXPECT_EQ(read(R"({"scheduling":{}})", *config)->scheduling, wanted);
    EXPECT_EQ(error_of(R"({"scheduling":{"strategy":"fare"}})").field, "scheduling.strategy");
    EXPECT_EQ(error_of(R"({"scheduling":{"level_weights":{"low":0}}})").field,
        "scheduling.level_weights.low");
    EXPECT_EQ(error_of(R"({"scheduling":{"level_weights":{"low":1001}}})").field,
        "scheduling.level_weights.low");
    EXPECT_EQ(error_of(R"({"scheduling":{"strategies":1}})").code, Errc::invalid_config);
}

TEST(QueueConfigJson, changes_only_what_it_names) {
    QueueConfig base;
    base.max_size = 5;
    base.durability = Durability::memory;
    base.levels[1] = {Duration(7), 8};
    base.levels[2] = {Duration(9), 10};
    base.fairness_weights = {{"a", 2}};
    EXPECT_EQ(read("{}", base), base);
    const auto config = read(R"({"levels":[{"name":"high","max_concurrent":1}]})", base);
    ASSERT_TRUE(config);
    EXPECT_EQ(level(*config, Level::high), (LevelConfig{Duration(7), 1}));
    EXPECT_EQ(level(*config, Level::normal), base.levels[2]);
    EXPECT_EQ(config->durability, Durability::memory);
}

TEST(QueueConfigJson, without_persistence_stays_in_memory) {
    EXPECT_EQ(read(R"({"persistence":false})")->durability, Durability::memory);
    EXPECT_EQ(read(R"({"persistence":true})")->durability, Durability::fsync);
    EXPECT_EQ(
        read(R"({"persistence":false,"durability":"memory"})")->durability, Durability::memory);
    QueueConfig base;
    base.durability = Durability::memory;
    EXPECT_EQ(read(R"({"persistence":true})", base)->durability, Durability::fsync);
    base.durability = Durability::relaxed;
    EXPECT_EQ(read(R"({"persistence":true})", base)->durability, Durability::relaxed);
    EXPECT_EQ(error_of(R"({"persistence":false,"durability":"fsync"})").field, "persistence");
    EXPECT_EQ(error_of(R"({"persistence":true,"durability":"memory"})").field, "persistence");
}

TEST(QueueConfigJson, takes_the_rates_that_are_given_and_keeps_the_other) {
    QueueConfig base;
    base.rates = {.post_per_second = 1, .pop_per_second = 2};
    EXPECT_EQ(read(R"({"rates":{"pop_per_second":1000000000}})", base)->rates,
        (RateConfig{.post_per_second = 1, .pop_per_second = 1'000'000'000}));
    EXPECT_EQ(read("{}", base)->rates, base.rates);
    EXPECT_EQ(error_of(R"({"rates":{"pop_per_second":1000000001}})").field, "rates.pop_per_second");
    EXPECT_EQ(error_of(R"({"rates":{"post":10}})").field, "rates.post");
    EXPECT_EQ(error_of(R"({"rates":10})").field, "rates");
}

TEST(QueueConfigJson, names_the_field_at_fault) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {R"({"max_size":-1})", "max_size"},
        {R"({"max_size":1.5})", "max_size"},
        {R"({"max_size":"10"})", "max_size"},
        {R"({"max_message_size":0})", "max_message_size"},
        {R"({"max_message_size":1073741825})", "max_message_size"},
        {R"({"max_failures":1000001})", "max_failures"},
        {R"({"persistence":"yes"})", "persistence"},
        {R"({"durability":"fsink"})", "durability"},
        {R"({"durability":""})", "durability"},
        {R"({"overflow":"drop"})", "overflow"},
        {R"({"mode":"logg"})", "mode"},
        {R"({"retention_period":"1500ms"})", "retention_period"},
        {R"({"retention_period":-1})", "retention_period"},
        {R"({"reply_ttl":999999999999})", "reply_ttl"},
        {R"({"dedup_window":"9999d"})", "dedup_window"},
        {R"({"levels":{}})", "levels"},
        {R"({"levels":[{"name":"low"},{"name":"urgent"}]})", "levels[1].name"},
        {R"({"levels":[{}]})", "levels[0].name"},
        {R"({"levels":[{"name":"low"},{"name":"low"}]})", "levels[1]"},
        {R"({"levels":[{"name":"low","max_wait":1}]})", "levels[0].max_wait"},
        {R"({"levels":[{"name":"low","max_wait_time":"soon"}]})", "levels[0].max_wait_time"},
        {R"({"levels":[7]})", "levels[0]"},
        {R"({"fairness_weights":[]})", "fairness_weights"},
        {R"({"fairness_weights":{"":1}})", "fairness_weights"},
        {R"({"fairness_weights":{"a":0}})", "fairness_weights.a"},
        {R"({"fairness_weights":{"a":1001}})", "fairness_weights.a"},
        {R"({"max_sise":1})", "max_sise"},
        {R"([])", ""},
    };
    for (const auto& [text, field] : cases) {
        const auto error = error_of(text);
        EXPECT_EQ(error.code, Errc::invalid_config) << text;
        EXPECT_EQ(error.field, field) << text;
    }
    EXPECT_NE(error_of(R"({"max_sise":1})").detail.find("`max_size`"), std::string::npos);
}

}  // namespace
}  // namespace baton
