// A real Redis that speaks TLS: certificates that fit and that do not, and a server that goes away.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cache/on_failure.h"
#include "cache/redis/redis_cache.h"
#include "runtime/io_pool.h"
#include "support/certificates.h"
#include "support/eventually.h"
#include "support/fault_proxy.h"
#include "support/redis_server.h"

namespace baton::cache {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Value = std::optional<std::string>;
constexpr Duration minute{60'000};

class RedisTls : public ::testing::Test {
protected:
    RedisConfig config(std::uint16_t port) const {
        return {.host = "127.0.0.1",
            .port = port,
            .pool_size = 2,
            .connect_timeout = Duration(500),
            .command_timeout = Duration(500),
            .tls = {.enabled = true, .ca_file = authority_.ca_file().string()}};
    }
    static std::unique_ptr<Cache> make(const RedisConfig& config) {
        return make_redis_cache(config).value();
    }
    Result<Value> get(Cache& cache) { return io_.run(cache.get("k")); }
    Result<void> put(Cache& cache, const std::string& value) {
        return io_.run(cache.put("k", value, minute));
    }
    /// What a cache says that is let in by nobody; the same while nobody tries, and whatever the
    /// policy.
    std::string refusal(const RedisConfig& config) {
        const auto cache = with_policy(make(config), OnFailure::skip, Log());
        const auto first = get(*cache);
        if (first) return "it was let in";
        for (int i = 0; i < 3; ++i) EXPECT_EQ(get(*cache), first);
        EXPECT_EQ(first.error().code, Errc::permission_denied);
        return first.error().detail;
    }
    /// The same for a server that is as good as away.
    std::string absence(const RedisConfig& config) {
        const auto cache = make(config);
        const auto first = get(*cache);
        if (first) return "it was let in";
        EXPECT_EQ(first.error().code, Errc::unavailable);
        EXPECT_GT(first.error().retry_after, Duration(0));
        EXPECT_EQ(get(*cache).error().code, Errc::unavailable);
        return first.error().detail;
    }

    test::CertificateAuthority authority_;
    test::CertificateFiles good_ = authority_.issue("redis");
    IoPool io_{1};
};

TEST_F(RedisTls, keeps_large_values_and_comes_in_with_a_password) {
    test::RedisServer server({.password = "sesame", .certificate = good_});
    auto settings = config(server.port());
    settings.password = Secret("sesame");
    const auto cache = make(settings);
    const std::string large(value_max, 'v');
    ASSERT_TRUE(put(*cache, large));
    EXPECT_EQ(get(*cache).value(), Value(large));
    settings.password = Secret("simsalabim");
    EXPECT_THAT(refusal(settings), AllOf(HasSubstr("WRONGPASS"), Not(HasSubstr("simsalabim"))));
}

TEST_F(RedisTls, takes_no_server_that_no_trusted_authority_vouches_for) {
    test::RedisServer server({.certificate = good_});
    const test::CertificateAuthority other;
    auto settings = config(server.port());
    settings.tls.ca_file = other.ca_file().string();
    EXPECT_THAT(refusal(settings),
        AllOf(HasSubstr("127.0.0.1:" + std::to_string(server.port())),
            HasSubstr("the server's certificate does not fit: unable to get local issuer")));
    settings.tls.ca_file.clear();
    EXPECT_THAT(refusal(settings), HasSubstr("does not fit")) << "the system's know nothing of it";
}

TEST_F(RedisTls, takes_no_server_of_another_name) {
    test::RedisServer server({.certificate = authority_.issue("b", {.names = "DNS:b.internal"})});
    auto settings = config(server.port());
    EXPECT_THAT(
        refusal(settings), AllOf(HasSubstr("IP address mismatch"), HasSubstr("`127.0.0.1`")));
    settings.host = "localhost";
    EXPECT_THAT(refusal(settings), AllOf(HasSubstr("ostname mismatch"), HasSubstr("`localhost`")));
    settings.tls.server_name = "b.internal";
    EXPECT_TRUE(put(*make(settings), "v")) << "whatever it is reached by";
}

TEST_F(RedisTls, takes_a_server_that_signs_itself_when_it_is_told_to_trust_it) {
    const auto own = authority_.issue("own", {.is_own_authority = true});
    test::RedisServer server({.certificate = own});
    auto settings = config(server.port());
    EXPECT_THAT(refusal(settings), HasSubstr("self-signed certificate"));
    settings.tls.ca_file = own.cert.string();
    EXPECT_TRUE(put(*make(settings), "v"));
    settings.tls.server_name = "b.internal";
    EXPECT_THAT(refusal(settings), HasSubstr("`b.internal`")) << "its name is asked for still";
}

TEST_F(RedisTls, takes_no_server_before_or_after_its_time) {
    using std::chrono::hours;
    for (const auto& [from, until, said] : {std::tuple(hours(-2), hours(-1), "has expired"),
             std::tuple(hours(1), hours(2), "not yet valid")}) {
        test::RedisServer server(
            {.certificate = authority_.issue("then", {.from = from, .until = until})});
        EXPECT_THAT(refusal(config(server.port())), HasSubstr(said));
    }
}

TEST_F(RedisTls, never_goes_on_in_plain_text) {
    test::RedisServer plain;
    EXPECT_THAT(absence(config(plain.port())), HasSubstr("does it speak TLS"));
    test::RedisServer secure({.certificate = good_});
    auto settings = config(secure.port());
    settings.tls = {};
    absence(settings);
}

TEST_F(RedisTls, shows_its_certificate_where_one_is_wanted) {
    test::CertificateAuthority clients;
    test::RedisServer server({.certificate = good_, .clients_ca_file = clients.ca_file()});
    auto settings = config(server.port());
    EXPECT_THAT(refusal(settings), HasSubstr("does not take us"));
    const auto show = [&](const test::CertificateFiles& files) {
        settings.tls.cert_file = files.cert.string();
        settings.tls.key_file = files.key.string();
    };
    show(authority_.issue("stranger"));
    EXPECT_THAT(refusal(settings), HasSubstr("does not take us"));
    show(clients.issue("late", {.until = std::chrono::hours(-1)}));
    EXPECT_THAT(refusal(settings), HasSubstr("does not take us"));
    show(clients.issue("batond"));
    const auto done = put(*make(settings), "v");
    EXPECT_TRUE(done) << to_string(done.error());
}

TEST_F(RedisTls, comes_back_with_the_server) {
    test::RedisServer server({.certificate = good_});
    const auto cache = make(config(server.port()));
    ASSERT_TRUE(put(*cache, "v"));
    server.kill();
    server.start();
    const auto read = get(*cache);
    ASSERT_TRUE(read) << "a restart between calls is not missed: " << to_string(read.error());
    EXPECT_EQ(*read, Value());
    server.kill();
    EXPECT_EQ(get(*cache).error().code, Errc::unavailable);
    EXPECT_EQ(put(*cache, "v").error().code, Errc::unavailable);
    server.start();
    EXPECT_TRUE(test::eventually([&] { return put(*cache, "again").has_value(); }));
    EXPECT_EQ(get(*cache).value(), Value("again"));
}

TEST_F(RedisTls, comes_in_again_when_a_refusal_is_put_right) {
    test::CertificateAuthority clients;
    test::RedisServer server({.certificate = good_});
    auto settings = config(server.port());
    auto own = clients.issue("batond");
    settings.tls.cert_file = own.cert.string();
    settings.tls.key_file = own.key.string();
    const auto cache = make(settings);
    ASSERT_TRUE(put(*cache, "v"));
    server.kill();
    server.start({.certificate = authority_.issue("new", {.until = std::chrono::hours(-1)})});
    EXPECT_TRUE(
        test::eventually([&] { return get(*cache).error().code == Errc::permission_denied; }));
    server.kill();
    server.start({.certificate = good_, .clients_ca_file = authority_.ca_file()});
    EXPECT_TRUE(
        test::eventually([&] { return get(*cache).error().detail.contains("does not take us"); }));
    // Renewed in place.
    const auto fresh = authority_.issue("batond");
    for (const auto& [from, to] :
        {std::pair(fresh.cert, own.cert), std::pair(fresh.key, own.key)}) {
        std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
    }
    EXPECT_TRUE(test::eventually([&] { return put(*cache, "v").has_value(); }));
}

TEST_F(RedisTls, gives_up_on_a_server_that_falls_silent) {
    test::RedisServer server({.certificate = good_});
    test::FaultProxy proxy(server.port());
    const auto cache = make(config(proxy.port()));
    ASSERT_TRUE(put(*cache, "v"));
    proxy.set_link(test::Link::hold);
    EXPECT_THAT(get(*cache).error().detail, HasSubstr("no answer in time"));
    EXPECT_THAT(get(*cache).error().detail, HasSubstr("TLS handshake: no answer in time"));
    proxy.set_link(test::Link::pass);
    Result<Value> read = fail(Errc::unavailable, "not asked yet");
    EXPECT_TRUE(test::eventually([&] { return (read = get(*cache)).has_value(); }));
    EXPECT_EQ(read.value(), Value("v")) << "no late answer of another call";
}

TEST_F(RedisTls, bears_a_network_that_cuts_everything_into_pieces) {
    test::RedisServer server({.certificate = good_});
    test::FaultProxy proxy(server.port());
    proxy.set_link(test::Link::drip);
    auto settings = config(proxy.port());
    settings.connect_timeout = settings.command_timeout = Duration(20'000);
    const auto cache = make(settings);
    const auto done = put(*cache, "v");
    ASSERT_TRUE(done) << to_string(done.error());
    EXPECT_EQ(get(*cache).value(), Value("v"));
}

TEST_F(RedisTls, says_which_file_is_of_no_use_and_why) {
    const auto folder = good_.cert.parent_path();
    std::ofstream(folder / "text.pem") << "no certificate\n";
    const auto refused = [&](const std::string& ca, const std::string& cert,
                             const std::string& key) {
        auto settings = config(1);
        const auto at = [&](const std::string& name) {
            return name.empty() ? name : (folder / name).string();
        };
        settings.tls.ca_file = at(ca);
        settings.tls.cert_file = at(cert);
        settings.tls.key_file = at(key);
        const auto cache = make_redis_cache(settings);
        EXPECT_FALSE(cache) << ca << cert << key;
        if (cache) return std::string();
        EXPECT_EQ(cache.error().code, Errc::invalid_config);
        return cache.error().detail;
    };
    authority_.issue("other");
    authority_.issue("locked", {.passphrase = "sesame"});
    EXPECT_THAT(refused("gone.pem", "", ""),
        AllOf(HasSubstr("the CA certificates of `"), HasSubstr("gone.pem`: No such file")));
    EXPECT_THAT(refused("text.pem", "", ""), HasSubstr("text.pem`: no certificate"));
    EXPECT_THAT(refused(".", "", ""), HasSubstr("/.`: no certificate"));
    EXPECT_THAT(refused("ca.pem", "gone.pem", "redis-key.pem"),
        AllOf(HasSubstr("the certificate of `"), HasSubstr("gone.pem`: No such file")));
    EXPECT_THAT(refused("ca.pem", "text.pem", "redis-key.pem"), HasSubstr("text.pem`: no start"));
    EXPECT_THAT(refused("ca.pem", "redis.pem", "gone-key.pem"),
        AllOf(HasSubstr("the key of `"), HasSubstr("gone-key.pem`: No such file")));
    EXPECT_THAT(refused("ca.pem", "redis.pem", "other-key.pem"), HasSubstr("mismatch"));
    EXPECT_THAT(refused("ca.pem", "redis.pem", "text.pem"), HasSubstr("the key of `"));
    EXPECT_THAT(refused("ca.pem", "locked.pem", "locked-key.pem"),
        AllOf(HasSubstr("it has a passphrase"), Not(HasSubstr("sesame"))));
}

}  // namespace
}  // namespace baton::cache
