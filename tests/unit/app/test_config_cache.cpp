// The settings of the cache and its Redis, and the cache they make.
#include "app/cache_home.h"
#include "runtime/io_pool.h"
#include "unit/app/config_inputs.h"

namespace baton::app {
namespace {

using testing::HasSubstr;

TEST(ConfigCache, address_of_redis_is_a_host_and_a_port) {
    const auto redis = [](const std::string& address) {
        return load({.settings = {"database.redis.addr=" + address}}).value().database.redis;
    };
    EXPECT_EQ(redis("cache.internal:6380").host, "cache.internal");
    EXPECT_EQ(redis("cache.internal:6380").port, 6380);
    EXPECT_EQ(redis("[::1]:6379").host, "::1");
    for (const auto* address : {"cache.internal", ":6379", "a:0", "a:70000", "a:1x"}) {
        EXPECT_EQ(refusal({.settings = {std::string("database.redis.addr=") + address}}).field,
            "database.redis.addr")
            << address;
    }
}

TEST(ConfigCache, tls_to_redis_is_wanted_in_so_many_words_and_whole) {
    const auto settings =
        load({.settings = {"database.redis.tls.enabled=true", "database.redis.tls.ca_file=ca.pem",
                  "database.redis.tls.cert_file=c.pem", "database.redis.tls.key_file=k.pem",
                  "database.redis.tls.server_name=cache.internal"}});
    ASSERT_TRUE(settings) << to_string(settings.error());
    const auto& tls = settings->database.redis.tls;
    EXPECT_TRUE(tls.enabled);
    EXPECT_EQ(tls.ca_file, "ca.pem");
    EXPECT_EQ(tls.cert_file, "c.pem");
    EXPECT_EQ(tls.key_file, "k.pem");
    EXPECT_EQ(tls.server_name, "cache.internal");
    EXPECT_FALSE(load({}).value().database.redis.tls.enabled);

    EXPECT_EQ(refusal({.settings = {"database.redis.tls.ca_file=ca.pem"}}).field,
        "database.redis.tls.ca_file");
    EXPECT_TRUE(load(
        {.settings = {"database.redis.tls.ca_file=ca.pem", "database.redis.tls.enabled=false"}}));
    EXPECT_EQ(refusal({.settings = {"database.redis.tls.enabled=true",
                           "database.redis.tls.cert_file=c.pem"}})
                  .field,
        "database.redis.tls.key_file");
}

TEST(ConfigCache, cache_is_made_as_configured) {
    const SystemClock clock;
    MetricRegistry registry;
    IoPool io(1);
    const auto first_put = [&](const std::string& kind, const std::string& policy) {
        // Nobody listens on port 1.
        const auto config = load({.settings = {"cache.kind=" + kind, "cache.on_failure=" + policy,
                                      "database.redis.addr=127.0.0.1:1"}})
                                .value();
        const auto home = CacheHome::make(config, clock, registry, Log()).value();
        EXPECT_EQ(home->has_server(), kind == "redis");
        EXPECT_EQ(io.run(home->check()).has_value(), kind == "memory");
        return io.run(home->cache().put_if_absent("k", "v", Duration(60'000)));
    };
    EXPECT_EQ(first_put("memory", "fail"), true);
    EXPECT_EQ(first_put("redis", "skip"), true);
    EXPECT_EQ(first_put("redis", "fail").error().code, Errc::unavailable);
}

TEST(ConfigCache, a_file_of_no_use_is_named) {
    const SystemClock clock;
    MetricRegistry registry;
    const auto config = load({.settings = {"cache.kind=redis", "database.redis.tls.enabled=true",
                                  "database.redis.tls.ca_file=/nowhere/ca.pem"}})
                            .value();
    const auto home = CacheHome::make(config, clock, registry, Log());
    ASSERT_FALSE(home);
    EXPECT_EQ(home.error().code, Errc::invalid_config);
    EXPECT_THAT(home.error().detail, HasSubstr("/nowhere/ca.pem"));
}

}  // namespace
}  // namespace baton::app
