// The configurations of deploy/nats: the server takes them, and its users can do what they must and
// nothing else.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/eventually.h"
#include "support/nats_client.h"
#include "support/process.h"
#include "support/raw_http.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

using std::filesystem::path;
using testing::HasSubstr;

const path shipped = path(BATON_SOURCE_DIR) / "deploy" / "nats";

std::string text_of(const path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

class DeployNats : public testing::Test {
protected:
    /// The shipped files with what this server's version takes, as README.md says.
    DeployNats() {
        for (const auto& entry : std::filesystem::directory_iterator(shipped)) {
            std::filesystem::copy(entry, config_ / entry.path().filename().string());
        }
        if (server_version().starts_with("nats-server: v2.9.")) {
            std::filesystem::copy_file(config_ / "jetstream-2.9.conf", config_ / "jetstream.conf",
                std::filesystem::copy_options::overwrite_existing);
        }
    }

    static std::string server_version() {
        return run_process({.program = nats_server(), .arguments = {"--version"}}).out;
    }
    ProcessOptions server(const std::string& file, std::vector<std::string> arguments = {}) const {
        ProcessOptions options;
        options.program = nats_server();
        options.arguments = {"-c", (config_ / file).string()};
        options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
        const auto certificates = scratch_ / "certs";
        options.environment = {"NATS_NAME=n1", "NATS_HOST=127.0.0.1", "NATS_PORT=-1",
            "NATS_HTTP=127.0.0.1:-1", "NATS_STORE_DIR=\"" + (scratch_ / "store").string() + "\"",
            "NATS_PASSWORD=" + daemon_.password, "NATS_ADMIN_PASSWORD=" + admin_.password,
            "NATS_SYS_PASSWORD=" + system_.password, "NATS_ROUTE_PASSWORD=r1",
            "NATS_CLUSTER_HOST=127.0.0.1", "NATS_CLUSTER_PORT=-1",
            "NATS_CERT=" + (certificates / "server.pem").string(),
            "NATS_KEY=" + (certificates / "server-key.pem").string(),
            "NATS_CA=" + (certificates / "ca.pem").string()};
        for (const auto* number : {"1", "2", "3"}) {
            options.environment.push_back(
                std::string("NATS_ROUTE_") + number + "=nats-route://route:r1@127.0.0.1:" + number);
        }
        return options;
    }
    /// Starts one and waits for its port.
    void start(const std::string& file) {
        process_ = std::make_unique<Process>(server(file));
        constexpr std::string_view mark = "Listening for client connections on ";
        const bool up = eventually([&] { return process_->err().contains("Server is ready"); });
        ASSERT_TRUE(up) << process_->err();
        const auto log = process_->err();
        const auto begin = log.find(mark) + mark.size();
        url_ = "nats://" + log.substr(begin, log.find('\n', begin) - begin);
    }
    void make_certificates() const {
        const auto made = run_process({.program = shipped / "make-dev-certs.sh",
            .arguments = {(scratch_ / "certs").string()}});
        ASSERT_EQ(made.exit, (Exit{0, 0})) << made.err;
    }

    TempDir config_;
    TempDir scratch_;
    NatsUser daemon_{"batond", "d1"};
    NatsUser admin_{"admin", "a1"};
    NatsUser system_{"sys", "s1"};
    std::unique_ptr<Process> process_;
    std::string url_;
};

TEST_F(DeployNats, the_server_takes_every_configuration) {
    make_certificates();
    for (const auto* file : {"one.conf", "three.conf", "three-tls.conf"}) {
        const auto tried = run_process(server(file, {"-t"}));
        EXPECT_EQ(tried.exit, (Exit{0, 0})) << file << ": " << tried.err;
    }
}

TEST_F(DeployNats, the_permissions_are_what_their_script_prints) {
    const auto made = run_process({.program = shipped / "make-permissions.sh"});
    EXPECT_EQ(made.out, text_of(shipped / "batond-permissions.conf"));
    const auto four =
        run_process({.program = shipped / "make-permissions.sh", .arguments = {"4"}}).out;
    EXPECT_THAT(four, HasSubstr("STREAM.INFO.baton-log-3\""));
    EXPECT_THAT(four, testing::Not(HasSubstr("baton-log-4\"")));
}

TEST_F(DeployNats, the_daemon_can_do_its_work) {
    start("one.conf");
    NatsClient daemon(url_, daemon_);
    EXPECT_TRUE(daemon.add_stream("baton-log-0", "baton.log.0.1", 1, 1'000'000));
    EXPECT_TRUE(daemon.publish("baton.log.0.1"));
    EXPECT_EQ(daemon.count("baton-log-0"), 1U);
    EXPECT_THAT(daemon.request("$JS.API.STREAM.MSG.GET.baton-log-0", R"({"seq":1})").value_or(""),
        HasSubstr("\"seq\":1"));
    EXPECT_THAT(daemon.request("$JS.API.STREAM.PURGE.baton-log-0", R"({"seq":1})").value_or(""),
        HasSubstr("\"success\":true"));
    EXPECT_TRUE(daemon.may_subscribe("baton.commands.1"));

    EXPECT_TRUE(daemon.add_stream("baton-bucket", "baton.bucket", 1, 1'000'000));
    EXPECT_TRUE(daemon.publish("baton.bucket"));
    EXPECT_THAT(daemon.request("$JS.API.STREAM.MSG.GET.baton-bucket", R"({"seq":1})").value_or(""),
        HasSubstr("\"seq\":1"));
    EXPECT_TRUE(daemon.may_subscribe("baton.bell"));

    EXPECT_TRUE(daemon.add_stream("baton-limits-bucket", "baton.limits.bucket", 1, 1'000'000));
    EXPECT_TRUE(daemon.publish("baton.limits.bucket"));
    EXPECT_EQ(daemon.count("baton-limits-bucket"), 1U);
}

TEST_F(DeployNats, the_daemon_touches_nothing_that_is_not_its_own) {
    start("one.conf");
    NatsClient admin(url_, admin_);
    NatsClient daemon(url_, daemon_);
    ASSERT_TRUE(admin.add_stream("ORDERS", "orders.>", 1, 1'000'000));
    ASSERT_TRUE(admin.publish("orders.new"));
    ASSERT_TRUE(daemon.add_stream("baton-log-0", "baton.log.0.1", 1, 1'000'000));

    EXPECT_FALSE(daemon.publish("orders.new", 300));
    EXPECT_FALSE(daemon.may_subscribe("orders.>"));
    EXPECT_FALSE(daemon.may_subscribe(">"));
    EXPECT_FALSE(daemon.may_subscribe("$SYS.>"));
    EXPECT_FALSE(daemon.request("$JS.API.STREAM.INFO.ORDERS"));
    EXPECT_FALSE(daemon.request("$JS.API.STREAM.MSG.GET.ORDERS", R"({"seq":1})"));
    EXPECT_FALSE(daemon.request("$JS.API.STREAM.PURGE.ORDERS"));
    EXPECT_FALSE(daemon.request("$JS.API.STREAM.CREATE.OTHER", R"({"name":"OTHER"})"));
    EXPECT_FALSE(daemon.request("$JS.API.STREAM.DELETE.baton-log-0"));
    EXPECT_FALSE(daemon.request("$JS.API.STREAM.SNAPSHOT.baton-log-0", "{}"));
    EXPECT_EQ(admin.count("ORDERS"), 1U);
    EXPECT_EQ(admin.count("baton-log-0"), 0U);
}

TEST_F(DeployNats, accounts_are_walls_and_passwords_are_asked_for) {
    start("one.conf");
    EXPECT_THROW(NatsClient(url_, {"batond", "wrong"}), std::runtime_error);
    EXPECT_THROW(NatsClient(url_, {"", ""}), std::runtime_error);
    NatsClient admin(url_, admin_);
    EXPECT_FALSE(admin.request("$SYS.REQ.SERVER.PING"));
    EXPECT_TRUE(NatsClient(url_, system_).request("$SYS.REQ.SERVER.PING"));
}

TEST_F(DeployNats, a_stream_without_a_limit_is_refused) {
    start("one.conf");
    NatsClient daemon(url_, daemon_);
    EXPECT_FALSE(daemon.add_stream("baton-log-0", "baton.log.0.1", 1));
    EXPECT_FALSE(daemon.add_stream("baton-log-0", "baton.log.0.1", 1, std::int64_t{1} << 40));
}

TEST_F(DeployNats, with_tls_a_client_shows_a_certificate_and_a_password) {
    make_certificates();
    start("three-tls.conf");
    const auto certificates = scratch_ / "certs";
    const NatsCertificates good{
        certificates / "ca.pem", certificates / "client.pem", certificates / "client-key.pem"};
    EXPECT_NO_THROW(NatsClient(url_, daemon_, good));
    EXPECT_THROW(NatsClient(url_, {"batond", "wrong"}, good), std::runtime_error);
    EXPECT_THROW(NatsClient(url_, daemon_, NatsCertificates{good.authority}), std::runtime_error);
    EXPECT_THROW(NatsClient(url_, daemon_), std::runtime_error);
}

}  // namespace
}  // namespace baton::test
