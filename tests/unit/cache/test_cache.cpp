// What every cache promises, and what an unreachable one means by policy.
#include <array>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "cache/counted.h"
#include "cache/memory/memory_cache.h"
#include "cache/on_failure.h"
#include "cache/redis/redis_cache.h"
#include "runtime/io_pool.h"
#include "support/eventually.h"
#include "support/redis_server.h"

namespace baton::cache {
namespace {

using std::string_literals::operator""s;
constexpr Duration minute{60'000};

test::RedisServer& shared_redis() {
    static test::RedisServer server;
    return server;
}

/// The same over TLS.
struct SecureRedis {
    test::CertificateAuthority authority;
    test::RedisServer server{{.certificate = authority.issue("redis")}};
};
SecureRedis& secure_redis() {
    static SecureRedis server;
    return server;
}

enum class Kind { memory, redis, redis_over_tls };

class AnyCache : public ::testing::TestWithParam<Kind> {
protected:
    std::unique_ptr<Cache> make() {
        if (GetParam() == Kind::memory) return make_memory_cache({}, clock_);
        // Each test has keys of its own.
        static int number = 0;
        RedisConfig config{
            .host = "127.0.0.1", .pool_size = 4, .prefix = "test" + std::to_string(++number) + ":"};
        if (GetParam() == Kind::redis) {
            config.port = shared_redis().port();
        } else {
            config.port = secure_redis().server.port();
            config.tls = {.enabled = true, .ca_file = secure_redis().authority.ca_file().string()};
        }
        return make_redis_cache(std::move(config)).value();
    }
    std::optional<std::string> get(const std::string& key) {
        return io_.run(cache_->get(key)).value();
    }
    Result<void> put(const std::string& key, const std::string& value, Duration ttl = minute) {
        return io_.run(cache_->put(key, value, ttl));
    }
    Result<bool> put_if_absent(const std::string& key, const std::string& value) {
        return io_.run(cache_->put_if_absent(key, value, minute));
    }

    SystemClock clock_;
    IoPool io_{4};
    std::unique_ptr<Cache> cache_ = make();
};

using Value = std::optional<std::string>;

TEST_P(AnyCache, gives_back_the_last_value_of_a_key) {
    EXPECT_EQ(get("k"), Value());
    ASSERT_TRUE(put("k", "one"));
    EXPECT_EQ(get("k"), Value("one"));
    ASSERT_TRUE(put("k", "two"));
    EXPECT_EQ(get("k"), Value("two"));
    EXPECT_EQ(get("K"), Value());
}

TEST_P(AnyCache, keeps_any_bytes) {
    const auto key = "a\0\n\xff b"s;
    const auto value = "\0\r\n\xff"s;
    ASSERT_TRUE(put(key, value));
    EXPECT_EQ(get(key), Value(value));
    EXPECT_EQ(get("a"), Value());
    ASSERT_TRUE(put(key, ""));
    EXPECT_EQ(get(key), Value(""));
}

TEST_P(AnyCache, erases_what_is_there) {
    ASSERT_TRUE(put("k", "v"));
    EXPECT_EQ(io_.run(cache_->erase("k")), true);
    EXPECT_EQ(io_.run(cache_->erase("k")), false);
    EXPECT_EQ(get("k"), Value());
}

TEST_P(AnyCache, puts_what_is_absent_once) {
    EXPECT_EQ(put_if_absent("k", "one"), true);
    EXPECT_EQ(put_if_absent("k", "two"), false);
    EXPECT_EQ(get("k"), Value("one"));
    EXPECT_EQ(io_.run(cache_->erase("k")), true);
    EXPECT_EQ(put_if_absent("k", "three"), true);
}

TEST_P(AnyCache, tells_one_of_many_that_it_was_first) {
    for (int round = 0; round < 20; ++round) {
        const auto key = "k" + std::to_string(round);
        std::atomic<int> first{0};
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < 4; ++i) {
            threads.emplace_back([&, i] {
                const auto put = io_.run_on(i, cache_->put_if_absent(key, "v", minute));
                EXPECT_TRUE(put) << to_string(put.error());
                if (put && *put) ++first;
            });
        }
        threads.clear();
        EXPECT_EQ(first, 1);
    }
}

TEST_P(AnyCache, forgets_a_value_when_its_time_is_over) {
    ASSERT_TRUE(put("brief", "v", Duration(1)));
    ASSERT_TRUE(put("long", "v"));
    EXPECT_TRUE(test::eventually([&] { return get("brief") == Value(); }));
    EXPECT_EQ(put_if_absent("brief", "again"), true);
    EXPECT_EQ(get("long"), Value("v"));
}

TEST_P(AnyCache, refuses_what_is_too_large_or_for_too_long) {
    EXPECT_TRUE(put(std::string(key_max, 'k'), std::string(value_max, 'v'), ttl_max));
    EXPECT_EQ(get(std::string(key_max, 'k'))->size(), value_max);
    const auto field_of = [](const auto& result) {
        EXPECT_EQ(result.error().code, Errc::invalid_argument);
        return result.error().field;
    };
    EXPECT_EQ(field_of(put("", "v")), "key");
    EXPECT_EQ(field_of(put(std::string(key_max + 1, 'k'), "v")), "key");
    EXPECT_EQ(field_of(io_.run(cache_->get(""))), "key");
    EXPECT_EQ(field_of(io_.run(cache_->erase(""))), "key");
    EXPECT_EQ(field_of(put("k", std::string(value_max + 1, 'v'))), "value");
    EXPECT_EQ(field_of(put_if_absent("k", std::string(value_max + 1, 'v'))), "value");
    EXPECT_EQ(field_of(put("k", "v", Duration(0))), "ttl");
    EXPECT_EQ(field_of(put("k", "v", ttl_max + Duration(1))), "ttl");
}

std::string name_of(const testing::TestParamInfo<Kind>& kind) {
    constexpr std::array<const char*, 3> names{"memory", "redis", "redis_over_tls"};
    return names.at(static_cast<std::size_t>(kind.param));
}

INSTANTIATE_TEST_SUITE_P(
    Caches, AnyCache, ::testing::Values(Kind::memory, Kind::redis, Kind::redis_over_tls), name_of);

/// Fails as it is told.
class FailingCache final : public Cache {
public:
    explicit FailingCache(Errc& code) : code_(code) {}
    Task<Result<Value>> get(std::string) override { co_return fail(code_, "planned"); }
    Task<Result<void>> put(std::string, std::string, Duration) override {
        co_return fail(code_, "planned");
    }
    Task<Result<bool>> put_if_absent(std::string, std::string, Duration) override {
        co_return fail(code_, "planned");
    }
    Task<Result<bool>> erase(std::string) override { co_return fail(code_, "planned"); }

private:
    Errc& code_;
};

class Policy : public ::testing::Test {
protected:
    std::unique_ptr<Cache> with(OnFailure policy) {
        return with_policy(std::make_unique<FailingCache>(code_), policy, Log());
    }
    Errc code_ = Errc::unavailable;
    IoPool io_{1};
};

TEST_F(Policy, fail_hands_the_error_on) {
    const auto cache = with(OnFailure::fail);
    EXPECT_EQ(io_.run(cache->get("k")).error().code, Errc::unavailable);
    EXPECT_EQ(io_.run(cache->put("k", "v", minute)).error().code, Errc::unavailable);
    EXPECT_EQ(io_.run(cache->put_if_absent("k", "v", minute)).error().code, Errc::unavailable);
    EXPECT_EQ(io_.run(cache->erase("k")).error().code, Errc::unavailable);
}

TEST_F(Policy, skip_goes_on_as_if_the_cache_were_empty) {
    const auto cache = with(OnFailure::skip);
    EXPECT_EQ(io_.run(cache->get("k")).value(), Value());
    EXPECT_TRUE(io_.run(cache->put("k", "v", minute)));
    EXPECT_EQ(io_.run(cache->put_if_absent("k", "v", minute)), true);
    EXPECT_EQ(io_.run(cache->put_if_absent("k", "v", minute)), true);
    EXPECT_EQ(io_.run(cache->erase("k")), false);
}

TEST_F(Policy, skip_hides_nothing_but_absence) {
    const auto cache = with(OnFailure::skip);
    for (const auto code : {Errc::permission_denied, Errc::invalid_argument, Errc::storage_full}) {
        code_ = code;
        EXPECT_EQ(io_.run(cache->get("k")).error().code, code);
        EXPECT_EQ(io_.run(cache->put_if_absent("k", "v", minute)).error().code, code);
    }
}

/// Keeps what it is told.
class Listener final : public LogSink {
public:
    bool enabled(LogLevel) const noexcept override { return true; }
    void write(LogLevel level, std::string_view, std::string_view message,
        std::span<const LogField>) noexcept override {
        lines.push_back(std::to_string(static_cast<int>(level)) + ' ' + std::string(message));
    }
    std::vector<std::string> lines;
};

TEST_F(Policy, absence_is_a_warning_and_refusal_an_error_each_told_once) {
    const auto listener = std::make_shared<Listener>();
    const auto cache =
        with_policy(std::make_unique<FailingCache>(code_), OnFailure::skip, Log(listener, "cache"));
    for (const auto code : {Errc::unavailable, Errc::permission_denied, Errc::storage_full}) {
        code_ = code;
        for (int i = 0; i < 3; ++i) static_cast<void>(io_.run(cache->get("k")));
    }
    EXPECT_THAT(
        listener->lines, testing::ElementsAre("2 the cache is away; going on without",
                             "3 the cache refuses us; what needs it fails until that is put right",
                             "1 the cache is back"));
}

TEST_F(Policy, hits_misses_and_failures_are_counted_whoever_hears_of_them) {
    const SystemClock clock;
    MetricRegistry registry;
    const auto works = with_metrics(make_memory_cache({}, clock), registry);
    EXPECT_EQ(io_.run(works->get("k")).value(), Value());
    EXPECT_EQ(io_.run(works->put_if_absent("k", "v", minute)), true);
    EXPECT_EQ(io_.run(works->put_if_absent("k", "v", minute)), false);
    EXPECT_EQ(io_.run(works->get("k")).value(), Value("v"));
    EXPECT_TRUE(io_.run(works->put("k", "w", minute)));
    EXPECT_EQ(io_.run(works->erase("k")), true);
    const auto fails = with_policy(
        with_metrics(std::make_unique<FailingCache>(code_), registry), OnFailure::skip, Log());
    EXPECT_TRUE(io_.run(fails->get("k")));
    EXPECT_TRUE(io_.run(fails->put("k", "v", minute)));
    code_ = Errc::internal;
    EXPECT_FALSE(io_.run(fails->put_if_absent("k", "v", minute)));
    const auto text = registry.render();
    for (const auto* line : {"baton_cache_lookups_total{result=\"hit\"} 2",
             "baton_cache_lookups_total{result=\"miss\"} 2",
             "baton_cache_failures_total{code=\"unavailable\"} 2",
             "baton_cache_failures_total{code=\"storage_full\"} 0",
             "baton_cache_failures_total{code=\"other\"} 1"}) {
        EXPECT_THAT(text, testing::HasSubstr(line));
    }
}

}  // namespace
}  // namespace baton::cache
