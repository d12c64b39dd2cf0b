// `baton cluster`: real nats-servers that outlive the command, and end by their own pids.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/nats_client.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

namespace json = boost::json;
using testing::ContainsRegex;
using testing::HasSubstr;

class ClusterCommand : public testing::Test {
protected:
    ~ClusterCommand() override { static_cast<void>(baton({"down"})); }

    Finished baton(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"--data-dir", dir_.path().string(), "cluster"});
        return run_process(
            {.program = std::string(BATON_BIN_DIR) + "/baton", .arguments = std::move(arguments)},
            std::chrono::seconds(90));
    }
    void must(const std::vector<std::string>& arguments) {
        const auto ran = baton(arguments);
        ASSERT_EQ(ran.exit, (Exit{0, 0})) << ran.out << ran.err;
    }
    json::value state() const {
        std::ifstream in(folder() / "cluster.json");
        return json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
    }
    pid_t pid_of(std::size_t process) const {
        return static_cast<pid_t>(state().at("processes").at(process).at("pid").as_int64());
    }
    NatsClient client(std::size_t node) const {
        const auto saved = state();
        const auto port = saved.at("processes").at(node).at("port").as_int64();
        return NatsClient("nats://127.0.0.1:" + std::to_string(port),
            {"batond", std::string(saved.at("password").as_string())});
    }
    std::filesystem::path folder() const { return dir_.path() / "cluster"; }

    TempDir dir_{fast_place()};
};

/// Whether a process runs, also one that is not ours. One that only waits to be reaped does not.
bool exists(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const auto name_end = text.rfind(')');
    return name_end != std::string::npos && text.substr(name_end + 2, 1) != "Z";
}

TEST_F(ClusterCommand, up_starts_daemons_that_status_finds_up) {
    must({"up"});
    const auto status = baton({"status"});
    EXPECT_EQ(status.exit, (Exit{0, 0})) << status.out << status.err;
    for (const auto* daemon : {"d1", "d2", "d3"}) {
        EXPECT_THAT(status.out, ContainsRegex(std::string(daemon) + " +[0-9]+  up "));
    }
    // The first one led all of the eight when it was alone, and gives up only what others take.
    EXPECT_THAT(status.out, ContainsRegex("leads partitions? [0-7][-0-7, ]*"));
    const auto shown = json::parse(baton({"status", "--json"}).out);
    std::string roles;
    for (const auto& process : shown.at("processes").as_array()) {
        roles += json::serialize(process.at("roles"));
    }
    EXPECT_THAT(roles, HasSubstr("leads partition"));
}

TEST_F(ClusterCommand, daemons_whose_key_is_elsewhere_are_up_too) {
    must({"up", "--daemons", "1", "--set",
        "access.admin_key_file=" + (dir_.path() / "other.key").string()});
    const auto status = baton({"status"});
    EXPECT_EQ(status.exit, (Exit{0, 0})) << status.out << status.err;
}

TEST_F(ClusterCommand, what_is_not_up_in_time_is_named) {
    must({"up", "--daemons", "1"});
    ASSERT_EQ(::kill(pid_of(3), SIGSTOP), 0);
    const auto up = baton({"up", "--daemons", "1", "--timeout", "1s"});
    ASSERT_EQ(::kill(pid_of(3), SIGCONT), 0);
    EXPECT_EQ(up.exit.status, 8);
    EXPECT_THAT(up.err, HasSubstr("waiting for the daemons took too long: d1 is silent"));
}

TEST_F(ClusterCommand, three_nodes_come_up_survive_one_kill_and_go_down) {
    const auto up = baton({"up", "--daemons", "0"});
    ASSERT_EQ(up.exit, (Exit{0, 0})) << up.err;
    EXPECT_THAT(up.out, ContainsRegex("n1 +[0-9]+  up"));
    EXPECT_THAT(up.out, HasSubstr("meta leader"));
    ASSERT_TRUE(client(0).add_stream("baton-log-0", "baton.log.0.1", 3, 1'000'000));
    ASSERT_TRUE(client(1).publish("baton.log.0.1"));
    EXPECT_THAT(baton({"status"}).out, HasSubstr("leads baton-log-0"));

    const pid_t first = pid_of(0);
    const pid_t second = pid_of(1);
    EXPECT_THAT(baton({"kill", "n2"}).out, HasSubstr("killed n2 (pid " + std::to_string(second)));
    EXPECT_FALSE(exists(second));
    const auto status = baton({"status"});
    EXPECT_EQ(status.exit.status, 7);
    EXPECT_THAT(status.out, ContainsRegex("n2 +[0-9]+  down"));
    EXPECT_THAT(status.err, HasSubstr("n2 is down"));

    must({"up", "--daemons", "0"});
    EXPECT_EQ(pid_of(0), first);
    EXPECT_NE(pid_of(1), second);
    EXPECT_EQ(client(1).count("baton-log-0"), 1U);

    must({"down"});
    EXPECT_FALSE(exists(first));
    EXPECT_EQ(baton({"status"}).exit.status, 7);
    must({"up", "--daemons", "0"});
    EXPECT_EQ(client(2).count("baton-log-0"), 1U);
    must({"down", "--wipe"});
    EXPECT_FALSE(std::filesystem::exists(folder()));
    EXPECT_EQ(baton({"status"}).exit.status, 3);
}

TEST_F(ClusterCommand, what_is_printed_as_json_can_be_read) {
    const auto up = baton({"up", "--daemons", "0", "--json"});
    ASSERT_EQ(up.exit, (Exit{0, 0})) << up.err;
    const auto processes = json::parse(up.out).at("processes").as_array();
    ASSERT_EQ(processes.size(), 3U);
    for (const auto& process : processes) {
        EXPECT_EQ(process.at("state").as_string(), "up");
        EXPECT_TRUE(exists(static_cast<pid_t>(process.at("pid").as_int64())));
    }
    const auto unknown = baton({"kill", "n4", "--json"});
    EXPECT_EQ(unknown.exit.status, 3);
    EXPECT_THAT(unknown.err, HasSubstr("not_found"));
}

TEST_F(ClusterCommand, a_stopped_node_is_silent_and_the_others_go_on) {
    must({"up", "--daemons", "0"});
    ::kill(pid_of(2), SIGSTOP);
    const auto status = baton({"status"});
    EXPECT_EQ(status.exit.status, 7);
    EXPECT_THAT(status.out, ContainsRegex("n3 +[0-9]+  silent"));
    ::kill(pid_of(2), SIGCONT);
}

TEST_F(ClusterCommand, a_pid_that_was_given_out_again_is_left_alone) {
    must({"up", "--daemons", "0"});
    auto saved = state();
    auto& node = saved.at("processes").at(0).as_object();
    const auto real = node.at("pid").as_int64();
    Process stranger({.program = "/bin/sleep", .arguments = {"60"}});
    node["pid"] = stranger.pid();
    std::ofstream(folder() / "cluster.json") << json::serialize(saved);

    EXPECT_EQ(baton({"kill", "n1"}).exit.status, 3);
    EXPECT_EQ(baton({"down"}).exit, (Exit{0, 0}));
    EXPECT_TRUE(exists(stranger.pid()));
    ::kill(static_cast<pid_t>(real), SIGKILL);  // the test took it out of the cluster's books
}

TEST_F(ClusterCommand, only_its_owner_may_read_the_passwords) {
    must({"up", "--daemons", "0"});
    using std::filesystem::perms;
    const auto mode = [&](const char* name) {
        return std::filesystem::status(folder() / name).permissions() &
               (perms::group_all | perms::others_all);
    };
    EXPECT_EQ(mode("cluster.json"), perms::none);
    EXPECT_EQ(mode("batond.yaml"), perms::none);
}

TEST_F(ClusterCommand, a_program_that_is_no_nats_server_is_named) {
    const auto ran = baton({"up", "--daemons", "0", "--nats-server", "/bin/true"});
    EXPECT_EQ(ran.exit.status, 3);
    EXPECT_THAT(ran.err, HasSubstr("/bin/true is no nats-server"));
    EXPECT_EQ(baton({"up", "--nats-server", "/nonexistent"}).exit.status, 3);
}

}  // namespace
}  // namespace baton::test
