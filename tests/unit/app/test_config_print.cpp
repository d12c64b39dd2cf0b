// What people read: the reference page is current, secrets stay hidden, the print loads again.
#include <fstream>
#include <iterator>

#include "app/config_load.h"
#include "app/config_print.h"
#include "support/temp_dir.h"

namespace baton::app {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string file_text(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

Result<Config> load(
    std::vector<std::string> settings, std::optional<std::filesystem::path> file = {}) {
    const ConfigSources sources{.file = std::move(file),
        .settings = std::move(settings),
        .env = [](std::string_view) { return std::optional<std::string>(); }};
    return load_config(sources);
}

TEST(ConfigPrint, reference_page_is_current) {
    const auto page = std::filesystem::path(BATON_SOURCE_DIR) / "docs/reference/config.md";
    EXPECT_EQ(file_text(page), config_reference())
        << "make it again: batond --help-config=markdown > docs/reference/config.md";
}

TEST(ConfigPrint, example_configurations_load) {
    for (const auto* name : {"configs/baton.yaml", "configs/pool.yaml"}) {
        const auto config = load({}, std::filesystem::path(BATON_SOURCE_DIR) / name);
        EXPECT_TRUE(config) << to_string(config.error());
    }
}

TEST(ConfigPrint, secrets_are_masked) {
    const auto config =
        load({R"(llm.endpoints=[{"base_url":"http://h/v1","api_key":"sk-very-secret"}])"});
    ASSERT_TRUE(config);
    const auto text = print_config(*config);
    EXPECT_THAT(text, Not(HasSubstr("sk-very-secret")));
    EXPECT_THAT(text, HasSubstr("api_key: \"***\""));
    const auto cached = load({"cache.kind=redis", "database.redis.password=open-sesame"});
    ASSERT_TRUE(cached);
    EXPECT_THAT(print_config(*cached), Not(HasSubstr("open-sesame")));
    for (const auto& [key, value] : masked_values(*cached)) {
        EXPECT_THAT(value, Not(HasSubstr("open-sesame"))) << key;
    }
}

TEST(ConfigPrint, print_loads_again_to_the_same_configuration) {
    const auto config =
        load({R"(agents=[{"id":"a","instructions":"say \"hi\"\nand $$5 # {x}: y"}])",
            R"(access.allowed_hosts=["[::1]","a b"])", "server.body_max=3MB",
            "scheduler.retry_jitter=0.25", "loadbalancer.algorithm=least_connections",
            R"(llm.endpoints=[{"base_url":"http://h","models":["x",{"gpt-4o-mini":"y:1"}],)"
            R"("limits":{"concurrency":3},"prices":{"y:1":{"input":0.5,"output":2}}},)"
            R"({"name":"b","base_url":"http://b"}])",
            R"(llm.tenants=[{"name":"acme","limits":{"cost_per_day":2.5}}])",
            R"(users.tiers=[{"name":"gold","messages_per_minute":0},{"name":"free"}])"});
    ASSERT_TRUE(config) << to_string(config.error());
    EXPECT_THAT(print_config(*config), HasSubstr("messages_per_day: null"));
    const test::TempDir dir;
    std::ofstream(dir / "again.yaml") << print_config(*config);
    const auto again = load({}, dir / "again.yaml");
    ASSERT_TRUE(again) << to_string(again.error()) << "\n" << print_config(*config);
    EXPECT_EQ(changed_keys(*config, *again), std::vector<std::string_view>{});
}

TEST(ConfigPrint, help_names_type_range_and_default) {
    const auto help = config_help();
    EXPECT_THAT(help, HasSubstr("integer 0..65535, default 8080"));
    EXPECT_THAT(help, HasSubstr("debug | info | warn | error | off, default info, reloadable"));
}

TEST(ConfigPrint, changed_keys_are_found_and_only_the_level_reloads) {
    const auto a = load({});
    const auto b = load({"logging.level=debug", "server.port=1", R"(agents=[{"id":"x"}])"});
    ASSERT_TRUE(a && b);
    EXPECT_EQ(changed_keys(*a, *b),
        (std::vector<std::string_view>{"server.port", "logging.level", "agents"}));
    EXPECT_TRUE(is_reloadable("logging.level"));
    EXPECT_FALSE(is_reloadable("server.port"));
    EXPECT_FALSE(is_reloadable("agents"));
}

}  // namespace
}  // namespace baton::app
