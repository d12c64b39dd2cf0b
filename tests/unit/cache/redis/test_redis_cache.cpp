// A real Redis that is away, silent, locked, and back again.
#include <gtest/gtest.h>

#include "cache/on_failure.h"
#include "cache/redis/redis_cache.h"
#include "runtime/io_pool.h"
#include "support/eventually.h"
#include "support/fault_proxy.h"
#include "support/redis_server.h"

namespace baton::cache {
namespace {

using Value = std::optional<std::string>;
constexpr Duration minute{60'000};

RedisConfig config_of(std::uint16_t port) {
    return {.host = "127.0.0.1",
        .port = port,
        .pool_size = 2,
        .connect_timeout = Duration(300),
        .command_timeout = Duration(300)};
}

std::unique_ptr<Cache> made(const RedisConfig& config) { return make_redis_cache(config).value(); }

class RedisTest : public ::testing::Test {
protected:
    Result<Value> get(Cache& cache) { return io_.run(cache.get("k")); }
    Result<void> put(Cache& cache, const std::string& value) {
        return io_.run(cache.put("k", value, minute));
    }

    IoPool io_{1};
};

TEST_F(RedisTest, is_unavailable_while_the_server_is_away_and_comes_back_with_it) {
    test::RedisServer server;
    const auto cache = made(config_of(server.port()));
    ASSERT_TRUE(put(*cache, "v"));
    server.kill();
    for (int i = 0; i < 5; ++i) {
        const auto read = get(*cache);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Errc::unavailable);
        EXPECT_GT(read.error().retry_after, Duration(0));
    }
    server.start();
    EXPECT_TRUE(test::eventually([&] { return put(*cache, "again").has_value(); }));
    EXPECT_EQ(get(*cache).value(), Value("again"));
}

TEST_F(RedisTest, does_not_miss_a_server_that_restarts_between_calls) {
    test::RedisServer server;
    const auto cache = made(config_of(server.port()));
    ASSERT_TRUE(put(*cache, "v"));
    server.kill();
    server.start();
    const auto read = get(*cache);
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(read.value(), Value()) << "this one keeps nothing over its end";
}

TEST_F(RedisTest, is_skipped_while_it_is_away_where_that_is_asked_for) {
    test::RedisServer server;
    const auto cache = with_policy(made(config_of(server.port())), OnFailure::skip, Log());
    EXPECT_EQ(io_.run(cache->put_if_absent("k", "v", minute)), true);
    EXPECT_EQ(io_.run(cache->put_if_absent("k", "v", minute)), false);
    server.kill();
    EXPECT_EQ(get(*cache).value(), Value());
    EXPECT_EQ(io_.run(cache->put_if_absent("k", "v", minute)), true);
    EXPECT_EQ(io_.run(cache->put_if_absent("k", "v", minute)), true);
    server.start();
    EXPECT_TRUE(
        test::eventually([&] { return io_.run(cache->put_if_absent("k", "v", minute)) == false; }));
}

TEST_F(RedisTest, gives_up_on_a_server_that_falls_silent) {
    test::RedisServer server;
    test::FaultProxy proxy(server.port());
    const auto cache = made(config_of(proxy.port()));
    ASSERT_TRUE(put(*cache, "v"));
    proxy.set_link(test::Link::hold);
    EXPECT_EQ(get(*cache).error().code, Errc::unavailable);
    EXPECT_EQ(get(*cache).error().code, Errc::unavailable) << "and on connecting to it";
    proxy.set_link(test::Link::pass);
    Result<Value> read = fail(Errc::unavailable, "not asked yet");
    EXPECT_TRUE(test::eventually([&] { return (read = get(*cache)).has_value(); }));
    EXPECT_EQ(read.value(), Value("v")) << "no late answer of another call";
}

TEST_F(RedisTest, comes_in_with_the_password_only) {
    test::RedisServer server({.password = "sesame"});
    auto config = config_of(server.port());
    EXPECT_EQ(get(*made(config)).error().code, Errc::permission_denied);
    config.password = Secret("simsalabim");
    const auto refused = get(*made(config));
    EXPECT_EQ(refused.error().code, Errc::permission_denied);
    EXPECT_FALSE(refused.error().detail.contains("simsalabim"));
    const auto cache = made(config);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(get(*cache).error(), refused.error()) << "while nobody tries it, too";
    }
    config.password = Secret("sesame");
    EXPECT_TRUE(put(*made(config), "v"));
}

TEST_F(RedisTest, keeps_databases_and_prefixes_apart) {
    test::RedisServer server;
    auto config = config_of(server.port());
    ASSERT_TRUE(put(*made(config), "v"));
    config.database = 3;
    EXPECT_EQ(get(*made(config)).value(), Value());
    config.database = 0;
    config.prefix = "other:";
    EXPECT_EQ(get(*made(config)).value(), Value());
}

}  // namespace
}  // namespace baton::cache
