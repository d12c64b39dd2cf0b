// Loading: where values come from, what is refused, and what the refusal says.
#include "app/config_load.h"
#include "app/config_table.h"
#include "unit/app/config_inputs.h"

namespace baton::app {
namespace {

using testing::HasSubstr;

TEST(ConfigLoad, nothing_given_is_the_defaults_with_echo) {
    const auto config = load({});
    ASSERT_TRUE(config) << to_string(config.error());
    EXPECT_EQ(config->server.http.port, 8080);
    EXPECT_EQ(config->data.dir, "./data");
    EXPECT_EQ(config->access.admin_key_file, "./data/admin.key");
    ASSERT_EQ(config->llm.endpoints.size(), 1U);
    EXPECT_EQ(config->llm.endpoints[0].provider, ProviderKind::echo);
    EXPECT_THAT(config->llm.choice, HasSubstr("no key is set"));
    EXPECT_EQ(config->agents.size(), 1U);
}

TEST(ConfigLoad, openai_key_in_environment_chooses_openai) {
    const auto config = load({.env = {{"OPENAI_API_KEY", "sk-1"}}});
    ASSERT_TRUE(config);
    EXPECT_EQ(config->llm.endpoints[0].provider, ProviderKind::openai);
    EXPECT_EQ(config->llm.endpoints[0].api_key.reveal(), "sk-1");
}

TEST(ConfigLoad, without_endpoints_the_best_that_is_there_is_taken) {
    const auto choose = [](std::string variable, std::vector<std::string> ollama) {
        const ConfigSources sources{
            .env = [variable](std::string_view name) -> std::optional<std::string> {
                return name == variable ? std::optional<std::string>("sk-1") : std::nullopt;
            },
            .ollama_models = [ollama](const std::string&) { return ollama; }};
        const auto config = load_config(sources);
        EXPECT_TRUE(config) << to_string(config.error());
        return config->llm.endpoints.at(0);
    };
    const auto openai = choose("OPENAI_API_KEY", {"llama3.2:1b"});
    EXPECT_EQ(openai.provider, ProviderKind::openai);
    EXPECT_EQ(openai.base_url, "https://api.openai.com/v1");
    const auto anthropic = choose("ANTHROPIC_API_KEY", {"llama3.2:1b"});
    EXPECT_EQ(anthropic.provider, ProviderKind::anthropic);
    EXPECT_EQ(anthropic.api_key.reveal(), "sk-1");
    EXPECT_THAT(anthropic.models.at(0).real, testing::StartsWith("claude"));
    const auto ollama = choose("", {"llama3.2:1b", "other"});
    EXPECT_EQ(ollama.provider, ProviderKind::ollama);
    EXPECT_EQ(ollama.base_url, "http://127.0.0.1:11434");
    EXPECT_EQ(ollama.models, (std::vector<llm::ModelAlias>{{"llama3.2:1b", "llama3.2:1b"},
                                 {"other", "other"}, {"gpt-4o-mini", "llama3.2:1b"}}));
    EXPECT_EQ(choose("", {}).provider, ProviderKind::echo);
}

TEST(ConfigLoad, every_kind_of_value_is_read) {
    const auto config = load({.yaml = R"(
server: {host: 0.0.0.0, port: 0, body_max: 2MiB, idle_timeout: 5m, threads: 3}
queue:
  store: memory
  levels: [{name: low, max_wait_time: 2h, max_concurrent: 5}]
llm:
  endpoints:
    - {name: main, provider: openai, base_url: "http://127.0.0.1:1/v1/", models: [gpt-4o-mini, x], weight: 2}
agents: [{id: a, model: x, instructions: "Be brief.\nPlease.", context_tokens: 4096}]
scheduler: {retry_multiplier: 1.5, retry_jitter: 0}
logging: {level: warn, format: text}
metrics: {enabled: off, public: yes}
)"});
    ASSERT_TRUE(config) << to_string(config.error());
    EXPECT_EQ(config->server.http.host, "0.0.0.0");
    EXPECT_EQ(config->server.http.body_max, 2U * 1024 * 1024);
    EXPECT_EQ(config->server.http.idle_timeout, std::chrono::minutes(5));
    EXPECT_EQ(config->server.threads, 3U);
    EXPECT_EQ(config->queue.store, StoreKind::memory);
    EXPECT_EQ(config->llm.endpoints[0].base_url, "http://127.0.0.1:1/v1");
    EXPECT_EQ(config->llm.endpoints[0].models,
        (std::vector<llm::ModelAlias>{{"gpt-4o-mini", "gpt-4o-mini"}, {"x", "x"}}));
    EXPECT_EQ(config->agents[0].instructions, "Be brief.\nPlease.");
    EXPECT_DOUBLE_EQ(config->scheduler.retry.multiplier, 1.5);
    EXPECT_DOUBLE_EQ(config->scheduler.retry.jitter, 0);
    EXPECT_EQ(config->logging.level, LogLevel::warn);
    EXPECT_FALSE(config->metrics.enabled);
    EXPECT_TRUE(config->metrics.is_public);
}

TEST(ConfigLoad, rules_of_the_preprocessor_are_a_list) {
    const auto config = load({.yaml = R"(
scheduler:
  strategy: deadline
  realtime_from: 80
  rules:
    - {name: outage, keywords: [outage, down], score: 30}
    - {name: gold, tier: gold, length_max: 1000, score: -5}
)"});
    ASSERT_TRUE(config) << to_string(config.error());
    EXPECT_EQ(config->strategy, Strategy::deadline);
    EXPECT_EQ(config->preprocessor.realtime_from, 80U);
    const std::vector<dispatch::ScoreRule> rules{
        {.name = "outage", .keywords = {"outage", "down"}, .score = 30},
        {.name = "gold", .length_max = 1'000, .tier = "gold", .score = -5}};
    EXPECT_EQ(config->preprocessor.rules, rules);
}

TEST(ConfigLoad, levels_that_are_not_named_keep_their_defaults) {
    const auto config =
        load({.yaml = "queue: {levels: [{name: low, max_wait_time: 2h, max_concurrent: 5}]}"});
    ASSERT_TRUE(config) << to_string(config.error());
    const auto& levels = config->queue.levels;
    ASSERT_EQ(levels.size(), level_count);
    EXPECT_EQ(levels[3], (LevelSettings{Level::low, std::chrono::hours(2), 5, 1}));
    EXPECT_EQ(levels[1], QueueSettings{}.levels[1]);
}

TEST(ConfigLoad, settings_win_over_the_file_and_lists_take_json) {
    const auto config = load({.yaml = "server: {port: 1, host: 127.0.0.2}",
        .settings = {"server.port=2", R"(agents=[{"id":"x","model":"m"}])", "server.port=3"}});
    ASSERT_TRUE(config) << to_string(config.error());
    EXPECT_EQ(config->server.http.port, 3);
    EXPECT_EQ(config->server.http.host, "127.0.0.2");
    EXPECT_EQ(config->agents[0].id.text, "x");
    EXPECT_TRUE(config->is_given("server.port"));
    EXPECT_FALSE(config->is_given("metrics.port"));
}

TEST(ConfigLoad, environment_is_substituted_everywhere_scalars_stand) {
    const auto config = load({.yaml = R"(
data: {dir: "${BASE}/x$$y"}
server: {host: "${HOST:-127.0.0.1}"}
llm: {endpoints: [{base_url: "http://h/v1", api_key: "${KEY}"}]}
)",
        .env = {{"BASE", "/srv"}, {"HOST", ""}, {"KEY", "se#cr: et"}}});
    ASSERT_TRUE(config) << to_string(config.error());
    EXPECT_EQ(config->data.dir, "/srv/x$y");
    EXPECT_EQ(config->server.http.host, "127.0.0.1");
    EXPECT_EQ(config->llm.endpoints[0].api_key.reveal(), "se#cr: et");
}

TEST(ConfigLoad, unset_variable_is_refused_with_its_line) {
    const auto error = refusal({.yaml = "server:\n  port: 1\n  host: ${NOPE}\n"});
    EXPECT_EQ(error.code, Errc::invalid_config);
    EXPECT_THAT(error.detail, HasSubstr("baton.yaml:3: environment variable NOPE is not set"));
}

TEST(ConfigLoad, unknown_key_is_refused_with_line_and_nearest_name) {
    const auto error = refusal({.yaml = "data: {dir: x}\nserver:\n  prot: 1\n"});
    EXPECT_EQ(error.code, Errc::invalid_config);
    EXPECT_EQ(errc_info(error.code).exit_code, 78);
    EXPECT_THAT(error.detail, HasSubstr("baton.yaml:3: unknown key `server.prot`"));
    EXPECT_THAT(error.detail, HasSubstr("did you mean `server.port`?"));
    EXPECT_EQ(error.field, "server.prot");
}

TEST(ConfigLoad, unknown_section_setting_and_list_key_are_refused_too) {
    EXPECT_THAT(refusal({.yaml = "sever: {port: 1}"}).detail, HasSubstr("did you mean `server`?"));
    EXPECT_THAT(refusal({.settings = {"queue.stor=sqlite"}}).detail,
        HasSubstr("--set queue.stor: unknown key `queue.stor`; did you mean `queue.store`?"));
    EXPECT_THAT(refusal({.yaml = "agents:\n  - id: a\n    modle: x\n"}).detail,
        HasSubstr("baton.yaml:3: unknown key `agents[0].modle`; did you mean `agents[0].model`?"));
}

struct BadValue {
    std::string setting;
    std::string says;
};
class ConfigBadValue : public testing::TestWithParam<BadValue> {};

TEST_P(ConfigBadValue, is_refused_with_its_place_and_reason) {
    const auto error = refusal({.settings = {GetParam().setting}});
    EXPECT_EQ(error.code, Errc::invalid_config);
    EXPECT_THAT(error.detail, HasSubstr(GetParam().says));
    EXPECT_THAT(error.detail, HasSubstr("--set "));
}

INSTANTIATE_TEST_SUITE_P(All, ConfigBadValue,
    testing::Values(BadValue{"server.port=65536", "outside 0..65535"},
        BadValue{"server.port=-1", "outside 0..65535"}, BadValue{"server.port=80x", "integer"},
        BadValue{"server.port=1.5", "integer"}, BadValue{"server.port=", "integer"},
        BadValue{"scheduler.workers=0", "outside 1..4096"},
        BadValue{"scheduler.timeout=30", "such as 250ms"},
        BadValue{"scheduler.timeout=13h", "outside 100ms..12h"},
        BadValue{"scheduler.retry_jitter=1.1", "outside 0..1"},
        BadValue{"server.body_max=10XB", "512KiB"},
        BadValue{"server.body_max=1", "outside 1KiB..1GiB"},
        BadValue{"metrics.enabled=maybe", "true or false"},
        BadValue{"logging.level=inof", "did you mean `info`?"},
        BadValue{"data.dir=", "must not be empty"},
        BadValue{"agents=assistant", "takes a JSON list"},
        BadValue{"server=1", "must be a section"}));

TEST(ConfigLoad, broken_yaml_and_keys_given_twice_name_their_line) {
    EXPECT_THAT(refusal({.yaml = "server:\n  port: [1\n"}).detail, HasSubstr("baton.yaml:"));
    EXPECT_THAT(refusal({.yaml = "server:\n  port: 1\n  port: 2\n"}).detail,
        HasSubstr("baton.yaml:3: key `port` is given twice"));
    EXPECT_THAT(refusal({.yaml = "server:\n  port: [1, 2]\n"}).detail, HasSubstr("not a list"));
    EXPECT_THAT(
        refusal({.yaml = "agents:\n  - model: x\n"}).detail, HasSubstr("needs the key `id`"));
}

TEST(ConfigLoad, alias_bomb_is_refused) {
    std::string yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 9; ++i) {
        const auto below = "*a" + std::to_string(i - 1);
        yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int k = 0; k < 10; ++k) yaml += (k == 0 ? "" : ",") + below;
        yaml += "]\n";
    }
    EXPECT_THAT(refusal({.yaml = yaml}).detail, HasSubstr("too large or too deep"));
}

TEST(ConfigLoad, what_a_later_version_has_is_refused_as_unsupported) {
    for (const auto* setting : {"grpc.port=1", "server.tls=on"}) {
        EXPECT_EQ(refusal({.settings = {setting}}).code, Errc::unsupported) << setting;
    }
}

TEST(ConfigLoad, endpoints_have_models_limits_and_prices) {
    const auto config = load({.yaml = R"(
llm:
  endpoints:
    - name: a
      base_url: http://a/v1
      models: [gpt-4o, fast: gpt-4o-mini, "llama3.2:1b", "good: gpt-5"]
      weight: 0
      limits: {concurrency: 16, requests_per_minute: 600, input_tokens_per_minute: 1000000,
               output_tokens_per_minute: 100000, cost_per_day: 50.5}
      prices: {gpt-4o: {input: 2.5, output: 10}, gpt-4o-mini: {input: 0.15}}
    - {name: b, base_url: "http://b/v1"}
  models: [{name: fast, limits: {requests_per_minute: 7}}]
  tenants: [{name: acme, limits: {cost_per_day: 3}}]
loadbalancer: {algorithm: peak_ewma, health_check_interval: 1m, max_failures: 5, hedge: true}
)"});
    ASSERT_TRUE(config) << to_string(config.error());
    const auto& a = config->llm.endpoints[0];
    EXPECT_EQ(a.models, (std::vector<llm::ModelAlias>{{"gpt-4o", "gpt-4o"}, {"fast", "gpt-4o-mini"},
                            {"llama3.2:1b", "llama3.2:1b"}, {"good", "gpt-5"}}));
    EXPECT_EQ(a.weight, 0U);
    EXPECT_EQ(a.limits, (llm::Limits{.concurrency = 16,
                            .requests_per_minute = 600,
                            .input_tokens_per_minute = 1'000'000,
                            .output_tokens_per_minute = 100'000,
                            .cost_per_day = 50.5}));
    EXPECT_EQ(
        a.prices, (std::vector<llm::ModelPrice>{{"gpt-4o", 2.5, 10}, {"gpt-4o-mini", 0.15, 0}}));
    EXPECT_EQ(config->llm.endpoints[1].name, "b");
    EXPECT_EQ(config->loadbalancer.algorithm, llm::Algorithm::peak_ewma);
    EXPECT_EQ(config->loadbalancer.breaker.max_failures, 5U);
    EXPECT_TRUE(config->loadbalancer.hedge);
    EXPECT_EQ(config->loadbalancer.models.at(0).limits.requests_per_minute, 7U);
    EXPECT_EQ(config->loadbalancer.tenants.at(0).name, "acme");
}

TEST(ConfigLoad, mistakes_within_an_endpoint_are_named) {
    const auto words = [](std::string item) {
        return refusal({.settings = {"llm.endpoints=[" + item + "]"}}).detail;
    };
    EXPECT_THAT(words(R"({"limits":{"concurency":1}})"),
        HasSubstr("unknown key `llm.endpoints[0].limits.concurency`; did you mean "
                  "`llm.endpoints[0].limits.concurrency`?"));
    EXPECT_THAT(words(R"({"limits":7})"), HasSubstr("must be a section"));
    EXPECT_THAT(words(R"({"limits":{"concurrency":-1}})"), HasSubstr("outside"));
    EXPECT_THAT(words(R"({"models":"x"})"), HasSubstr("takes a list"));
    EXPECT_THAT(words(R"({"models":["x","x"]})"), HasSubstr("names `x` twice"));
    EXPECT_THAT(words(R"({"models":[""]})"), HasSubstr("must not be empty"));
    EXPECT_THAT(words(R"({"prices":{"x":{"in":1}}})"), HasSubstr("is no price"));
    EXPECT_THAT(words(R"({"prices":{"x":1}})"), HasSubstr("takes {input"));
    EXPECT_THAT(words(R"({"prices":{"x":{"input":-1}}})"), HasSubstr("outside"));
}

TEST(ConfigLoad, tiers_of_users_have_limits_that_may_be_left_open) {
    const auto config = load({.yaml = R"(
users:
  messages_per_minute: 5
  tiers:
    - {name: gold, messages_per_minute: 0, messages_per_day: 1000000000}
    - {name: free, messages_per_day: 20}
    - {name: open, messages_per_minute: null}
)"});
    ASSERT_TRUE(config) << to_string(config.error());
    using Tiers = std::vector<service::TierLimits>;
    EXPECT_EQ(config->conversations.users.tiers,
        (Tiers{{"gold", 0, 1'000'000'000}, {"free", std::nullopt, 20}, {"open"}}));
    EXPECT_EQ(config->conversations.users.general.messages_per_minute, 5U);
}

TEST(ConfigLoad, mistakes_within_a_tier_are_named) {
    const auto refused = [](const std::string& items) {
        return refusal({.settings = {"users.tiers=[" + items + "]"}});
    };
    EXPECT_THAT(refused(R"({"name":"a","messages_per_hour":1})").detail,
        HasSubstr("unknown key `users.tiers[0].messages_per_hour`; did you mean"));
    EXPECT_THAT(refused(R"({"messages_per_day":1})").detail, HasSubstr("needs the key `name`"));
    EXPECT_EQ(refused(R"({"name":""})").field, "users.tiers[0].name");
    EXPECT_EQ(
        refused(R"({"name":")" + std::string(65, 'n') + R"("})").field, "users.tiers[0].name");
    EXPECT_THAT(refused(R"({"name":"a","messages_per_day":1000000001})").detail,
        HasSubstr("`users.tiers[0].messages_per_day` is 1000000001, outside 0..1000000000"));
    EXPECT_EQ(
        refused(R"({"name":"a","messages_per_day":-1})").field, "users.tiers[0].messages_per_day");
    EXPECT_EQ(refused(R"({"name":"a","messages_per_minute":1.5})").field,
        "users.tiers[0].messages_per_minute");
    const auto twice = refused(R"({"name":"a"},{"name":"b"},{"name":"A"})");
    EXPECT_EQ(twice.field, "users.tiers[2].name");
    EXPECT_THAT(twice.detail, HasSubstr("names the tier `A` twice"));
    std::string many = R"({"name":"t0"})";
    for (int i = 1; i < 256; ++i) many += R"(,{"name":"t)" + std::to_string(i) + R"("})";
    EXPECT_TRUE(load({.settings = {"users.tiers=[" + many + "]"}}));
    EXPECT_EQ(refused(many + R"(,{"name":"more"})").field, "users.tiers");
}

TEST(ConfigLoad, rules_between_keys_hold) {
    EXPECT_THAT(refusal({.settings = {"agents=[]"}}).detail, HasSubstr("at least one agent"));
    EXPECT_THAT(refusal({.settings = {R"(agents=[{"id":"a"},{"id":"a"}])"}}).detail,
        HasSubstr("two agents called `a`"));
    EXPECT_THAT(
        refusal({.settings = {R"(llm.endpoints=[{"base_url":"http://h","models":["x"]}])"}}).detail,
        HasSubstr("no LLM endpoint serves"));
    EXPECT_THAT(refusal({.settings = {R"(llm.endpoints=[{"name":"main"}])"}}).detail,
        HasSubstr("needs an `api_key`"));
    EXPECT_THAT(refusal({.settings = {R"(llm.endpoints=[{"base_url":"ftp://h"}])"}}).detail,
        HasSubstr("must begin with http"));
    EXPECT_THAT(
        refusal(
            {.settings = {R"(llm.endpoints=[{"base_url":"http://a"},{"base_url":"http://b"}])"}})
            .detail,
        HasSubstr("two endpoints called `main`"));
    EXPECT_THAT(
        refusal({.settings = {"scheduler.retry_initial=10s", "scheduler.retry_max=1s"}}).detail,
        HasSubstr("is below"));
    EXPECT_THAT(refusal({.settings = {"scheduler.workers=2", "scheduler.workers_min=3"}}).detail,
        HasSubstr("is below"));
    EXPECT_EQ(refusal({.settings = {"scheduler.high_from=20"}}).field, "scheduler.levels");
    EXPECT_EQ(refusal({.settings = {R"(scheduler.rules=[{"name":"a","score":5,"keywords":[""]}])"}})
                  .field,
        "scheduler.rules[0].keywords");
    EXPECT_THAT(refusal({.settings = {"metrics.path=m"}}).detail, HasSubstr("begin with /"));
}

TEST(ConfigLoad, money_in_a_cluster_needs_a_database_that_daemons_share) {
    const std::string endpoint =
        R"(llm.endpoints=[{"base_url":"http://h","limits":{"cost_per_day":5}}])";
    const std::string tenant =
        R"(llm.tenants=[{"name":"a"},{"name":"b","limits":{"cost_per_day":5}}])";
    EXPECT_EQ(refusal({.settings = {"queue.store=jetstream", endpoint}}).field,
        "llm.endpoints[0].limits.cost_per_day");
    const auto refused = refusal({.settings = {"queue.store=jetstream", tenant}});
    EXPECT_EQ(refused.field, "llm.tenants[1].limits.cost_per_day");
    EXPECT_THAT(refused.detail, HasSubstr("database.kind: postgres"));
    EXPECT_TRUE(load({.settings = {"queue.store=journal", endpoint, tenant}}));
    EXPECT_TRUE(load({.settings = {"queue.store=jetstream", "database.kind=postgres", endpoint}}));
}

TEST(ConfigLoad, development_mode_talks_more_unless_told_otherwise) {
    const auto development = load({.settings = {"server.mode=development"}});
    ASSERT_TRUE(development);
    EXPECT_EQ(development->logging.level, LogLevel::debug);
    EXPECT_EQ(development->logging.format, LogFormat::text);
    const auto told = load({.settings = {"server.mode=development", "logging.level=error"}});
    ASSERT_TRUE(told);
    EXPECT_EQ(told->logging.level, LogLevel::error);
}

TEST(ConfigTable, defaults_lie_inside_their_own_ranges) {
    for (const auto& row : config_keys()) {
        if (row.kind == KeyKind::texts) continue;
        Config config;
        ConfigNode node{
            .kind = ConfigNode::Kind::scalar, .text = row.show(config, row), .where = "default"};
        if (node.text.empty()) continue;
        const auto read = row.read(config, row, node);
        EXPECT_TRUE(read) << row.name << ": " << (read ? "" : read.error().detail);
        EXPECT_EQ(row.show(config, row), node.text) << row.name;
    }
}

TEST(ConfigNats, tls_to_nats_is_wanted_in_so_many_words_and_whole) {
    for (const std::string file : {"ca_file", "cert_file", "key_file"}) {
        const auto key = "nats.tls." + file;
        const auto refused = refusal({.settings = {key + "=some.pem"}});
        EXPECT_EQ(refused.code, Errc::invalid_config);
        EXPECT_EQ(refused.field, key);
        EXPECT_THAT(refused.detail, testing::HasSubstr("`nats.tls.enabled`"));
    }
    EXPECT_TRUE(load({.settings = {"nats.tls.ca_file=ca.pem", "nats.tls.enabled=false"}}));
    EXPECT_TRUE(load({.settings = {"nats.tls.ca_file=ca.pem", "nats.tls.enabled=true"}}));
    EXPECT_EQ(refusal({.settings = {"nats.tls.enabled=true", "nats.tls.cert_file=c.pem"}}).field,
        "nats.tls.key_file");
}

}  // namespace
}  // namespace baton::app
