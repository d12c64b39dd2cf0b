// Requests with idempotency keys at real daemons: several that share PostgreSQL and Redis, a Redis
// that is killed under load, a daemon that is killed in the middle of one.
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <boost/json/parse.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "net/client.h"
#include "runtime/io_pool.h"
#include "support/certificates.h"
#include "support/daemon.h"
#include "support/eventually.h"
#include "support/fault_proxy.h"
#include "support/postgres_server.h"
#include "support/redis_server.h"

namespace baton::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::string_view conversations = "/api/v1/conversations";
constexpr std::string_view password = "open-sesame";

/// A client of one incarnation of a daemon. Use from one thread.
class Caller {
public:
    explicit Caller(const Daemon& daemon) : url_(daemon.url()), key_(daemon.admin_key()) {}

    Result<net::Response> send(net::Method method, std::string_view target, std::string body = {},
        std::string key = {}, std::chrono::milliseconds patience = 20s) {
        net::ClientRequest request{.method = method, .url = url_ + std::string(target)};
        request.fields.set("Authorization", "Bearer " + key_);
        request.fields.set("Content-Type", "application/json");
        if (!key.empty()) request.fields.set("Idempotency-Key", std::move(key));
        request.body = std::move(body);
        return io_.run(http_->send(std::move(request), Deadline::after(patience)));
    }
    net::Response get(std::string_view target) {
        auto answer = send(net::Method::get, target);
        EXPECT_TRUE(answer) << to_string(answer.error());
        return answer ? *std::move(answer) : net::Response{.status = 0, .body = "null"};
    }
    /// A conversation with the title `key`.
    net::Response make(const std::string& key) {
        auto answer =
            send(net::Method::post, conversations, fmt::format(R"({{"title":"{}"}})", key), key);
        EXPECT_TRUE(answer) << to_string(answer.error());
        return answer ? *std::move(answer) : net::Response{.status = 0, .body = "null"};
    }

private:
    std::string url_;
    std::string key_;
    IoPool io_{1};
    std::unique_ptr<net::Client> http_ = net::make_client({});
};

json::value data_of(const net::Response& answer) { return json::parse(answer.body).at("data"); }
std::string id_of(const net::Response& answer) {
    return std::string(data_of(answer).at("id").as_string());
}
bool is_repeat(const net::Response& answer) {
    return answer.fields.get("Baton-Duplicate") == "true";
}
std::int64_t conversation_count(Caller& caller) {
    const auto page = data_of(caller.get(conversations));
    return page.at("pagination").at("total").to_number<std::int64_t>();
}

class IdempotentDaemon : public testing::Test {
protected:
    std::unique_ptr<Daemon> start(std::vector<std::string> more = {}) {
        std::vector<std::string> settings{"logging.level=warn", "cache.kind=redis",
            fmt::format("database.redis.addr=127.0.0.1:{}", redis_.port()),
            fmt::format("database.redis.password={}", password), "database.redis.pool_size=4"};
        settings.insert(settings.end(), more.begin(), more.end());
        return Daemon::start({.settings = std::move(settings)});
    }

    RedisServer redis_{{.password = std::string(password)}};
};

TEST_F(IdempotentDaemon, of_two_that_share_databases_one_makes_a_conversation) {
    auto& postgres = PostgresServer::shared();
    postgres.reset();
    const auto one = start(postgres.settings());
    const auto two = start(postgres.settings());
    Caller at_one(*one);
    Caller at_two(*two);
    const auto first = at_one.make("k");
    ASSERT_EQ(first.status, 201) << first.body;
    const auto again = at_two.make("k");
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_TRUE(is_repeat(again));

    // At the same time, both, until each has its answer.
    constexpr int keys = 30;
    std::map<std::string, std::set<std::string>> ids;
    std::mutex mutex;
    const auto call = [&](Caller& caller) {
        for (int i = 0; i < keys; ++i) {
            const auto key = "both-" + std::to_string(i);
            net::Response answer;
            ASSERT_TRUE(eventually([&] { return (answer = caller.make(key)).status != 409; }));
            ASSERT_EQ(answer.status, 201) << answer.body;
            const std::scoped_lock lock(mutex);
            ids[key].insert(id_of(answer));
        }
    };
    {
        std::jthread other([&] { call(at_two); });
        call(at_one);
    }
    EXPECT_EQ(ids.size(), std::size_t{keys});
    for (const auto& [key, made] : ids) EXPECT_EQ(made.size(), 1u) << key;
    EXPECT_EQ(conversation_count(at_two), keys + 1);
}

TEST_F(IdempotentDaemon, loses_and_doubles_nothing_while_redis_is_killed_under_load) {
    const auto daemon = start({"database.redis.connect_timeout=300ms"});
    constexpr int clients = 4;
    constexpr int keys = 150;
    std::atomic<int> refused{0};
    std::atomic<int> done{0};
    const auto call = [&](int client) {
        Caller caller(*daemon);
        for (int i = 0; i < keys; ++i) {
            const auto key = fmt::format("{}-{}", client, i);
            const bool made = eventually(
                [&] {
                    const auto answer = caller.make(key);
                    if (answer.status == 201) return true;
                    if (answer.status == 409) return false;
                    EXPECT_EQ(answer.status, 503) << answer.body;
                    EXPECT_FALSE(answer.fields.get("Retry-After").empty());
                    EXPECT_EQ(
                        json::parse(answer.body).at("details").at("error_code").as_int64(), 2002);
                    ++refused;
                    return false;
                },
                30s);
            EXPECT_TRUE(made) << key;
            ++done;
        }
    };
    {
        std::vector<std::jthread> callers;
        for (int i = 0; i < clients; ++i) callers.emplace_back([&call, i] { call(i); });
        for (const int mark : {50, 250}) {
            EXPECT_TRUE(eventually([&] { return done >= mark; }, 60s));
            const int before = refused;
            redis_.kill();
            EXPECT_TRUE(eventually([&] { return refused > before; }, 30s));
            redis_.start();
        }
    }
    Caller caller(*daemon);
    EXPECT_EQ(conversation_count(caller), clients * keys);
    EXPECT_TRUE(is_repeat(caller.make(fmt::format("{}-{}", clients - 1, keys - 1))))
        << "remembered, by the same daemon";
}

TEST_F(IdempotentDaemon, goes_on_without_redis_where_that_is_asked_for) {
    const auto daemon = start({"cache.on_failure=skip", "database.redis.connect_timeout=300ms"});
    Caller caller(*daemon);
    EXPECT_EQ(caller.make("k").status, 201);
    const auto healthy = [&] {
        const auto health = data_of(caller.get("/api/v1/health"));
        return health.at("components").at("cache").at("status") == "healthy";
    };
    EXPECT_TRUE(healthy());
    redis_.kill();
    EXPECT_EQ(caller.make("k").status, 201) << "unprotected";
    EXPECT_EQ(conversation_count(caller), 2);
    EXPECT_FALSE(healthy());
    EXPECT_EQ(caller.get("/health/ready").status, 200) << "it does its work";
    const auto metrics = caller.get("/metrics").body;
    EXPECT_TRUE(metrics.contains("baton_cache_failures_total{code=\"unavailable\"}")) << metrics;
    EXPECT_FALSE(metrics.contains("baton_cache_failures_total{code=\"unavailable\"} 0\n"));
    EXPECT_TRUE(daemon->process().err().contains("the cache is away; going on without"));

    redis_.start();
    EXPECT_TRUE(eventually([&] { return is_repeat(caller.make("after")); }))
        << "the second is a repeat again";
    EXPECT_TRUE(eventually(healthy));
}

TEST_F(IdempotentDaemon, tells_its_password_to_nobody) {
    const auto daemon = start({"logging.level=debug"});
    Caller caller(*daemon);
    EXPECT_EQ(caller.make("k").status, 201);
    const auto config = caller.get("/api/v1/config").body;
    EXPECT_TRUE(config.contains("database.redis.password")) << config;
    EXPECT_FALSE(config.contains(password));
    EXPECT_FALSE(daemon->process().err().contains(password));
}

/// A Redis that speaks TLS only and wants certificates of its clients.
class SecureRedisDaemon : public IdempotentDaemon {
protected:
    SecureRedisDaemon() {
        redis_.kill();
        redis_.start(options_of("redis", {}));
        const auto own = authority_.issue("batond");
        settings_ = {"database.redis.connect_timeout=300ms", "database.redis.tls.enabled=true",
            "database.redis.tls.ca_file=" + authority_.ca_file().string(),
            "database.redis.tls.cert_file=" + own.cert.string(),
            "database.redis.tls.key_file=" + own.key.string()};
    }
    RedisServerOptions options_of(const std::string& name, const CertificateWishes& wishes) {
        return {.password = std::string(password),
            .certificate = authority_.issue(name, wishes),
            .clients_ca_file = authority_.ca_file()};
    }

    CertificateAuthority authority_;
    std::vector<std::string> settings_;
};

TEST_F(SecureRedisDaemon, works_over_tls_through_a_kill_and_says_which_certificate_is_wrong) {
    settings_.emplace_back("cache.on_failure=skip");
    const auto daemon = start(settings_);
    Caller caller(*daemon);
    EXPECT_EQ(caller.make("k").status, 201);
    EXPECT_TRUE(is_repeat(caller.make("k")));
    redis_.kill();
    EXPECT_EQ(caller.make("away").status, 201) << "unprotected, as was asked for";
    redis_.start();
    EXPECT_TRUE(eventually([&] { return is_repeat(caller.make("after")); }));

    redis_.kill();
    redis_.start(options_of("late", {.until = -1h}));
    net::Response refused;
    EXPECT_TRUE(eventually([&] { return (refused = caller.make("late")).status == 503; }))
        << "no outage, so it is not skipped";
    EXPECT_EQ(json::parse(refused.body).at("details").at("error_code").as_int64(), 2002);
    EXPECT_FALSE(refused.fields.get("Retry-After").empty());
    EXPECT_FALSE(refused.body.contains("certificate")) << refused.body;
    EXPECT_FALSE(refused.body.contains("127.0.0.1")) << refused.body;
    const auto health = data_of(caller.get("/api/v1/health"));
    const auto& part = health.at("components").at("cache");
    EXPECT_EQ(part.at("status"), "unhealthy");
    EXPECT_TRUE(std::string_view(part.at("detail").as_string()).contains("certificate has expired"))
        << part.at("detail").as_string();
    EXPECT_EQ(caller.get("/health/ready").status, 200);
    EXPECT_TRUE(daemon->process().err().contains("the cache refuses us"));
    EXPECT_TRUE(daemon->process().err().contains("certificate has expired"));

    redis_.kill();
    redis_.start(options_of("renewed", {}));
    EXPECT_TRUE(eventually([&] { return is_repeat(caller.make("renewed")); }));
    const auto config = caller.get("/api/v1/config").body;
    EXPECT_TRUE(config.contains("database.redis.tls.ca_file")) << config;
    EXPECT_FALSE(config.contains(password));
    EXPECT_FALSE(daemon->process().err().contains(password));
}

TEST_F(SecureRedisDaemon, does_not_start_with_a_file_of_no_use) {
    settings_.emplace_back("database.redis.tls.ca_file=/nowhere/ca.pem");
    settings_.emplace_back("cache.kind=redis");
    const auto ended = Daemon::run({.settings = settings_});
    EXPECT_NE(ended.exit, (Exit{0, 0}));
    EXPECT_TRUE(ended.err.contains("the CA certificates of `/nowhere/ca.pem`: No such file"))
        << ended.err;
}

TEST_F(IdempotentDaemon, remembers_within_itself_without_redis) {
    const auto daemon = Daemon::start({.settings = {"logging.level=error"}});
    Caller caller(*daemon);
    const auto first = caller.make("k");
    EXPECT_EQ(first.status, 201);
    EXPECT_TRUE(is_repeat(caller.make("k")));
    EXPECT_EQ(caller.make("k").body, first.body);
    EXPECT_FALSE(
        data_of(caller.get("/api/v1/health")).at("components").as_object().contains("cache"));
}

TEST_F(IdempotentDaemon, a_daemon_killed_in_the_middle_leaves_a_key_that_works) {
    auto& postgres = PostgresServer::shared();
    postgres.reset();
    FaultProxy proxy(postgres.port());
    auto settings = postgres.settings();
    for (auto& setting : settings) {
        if (setting.starts_with("database.postgres.port=")) {
            setting = fmt::format("database.postgres.port={}", proxy.port());
        }
    }
    const auto daemon = start(settings);
    {
        Caller caller(*daemon);
        EXPECT_EQ(caller.make("before").status, 201);
        proxy.set_link(Link::hold);
        EXPECT_FALSE(caller.send(net::Method::post, conversations, R"({"title":"k"})", "k", 500ms));
        const auto meanwhile = caller.make("k");
        EXPECT_EQ(meanwhile.status, 409) << "its client has left; the work goes on";
        EXPECT_EQ(meanwhile.fields.get("Retry-After"), "1");
    }
    daemon->kill9();
    proxy.set_link(Link::pass);
    daemon->restart();
    Caller caller(*daemon);
    net::Response answer;
    EXPECT_TRUE(eventually(
        [&] {
            answer = caller.make("k");
            return answer.status != 409;
        },
        30s));
    EXPECT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(id_of(caller.make("k")), id_of(answer));
    EXPECT_EQ(conversation_count(caller), 2);
}

}  // namespace
}  // namespace baton::test
