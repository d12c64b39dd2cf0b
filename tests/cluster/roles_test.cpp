// Daemons that do a part each: some lead the queues, one is the gateway and runs the agents.
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/io_pool.h"
#include "support/daemon.h"
#include "support/daemon_session.h"
#include "support/eventually.h"
#include "support/nats_cluster.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

using namespace std::chrono_literals;

class ClusterRoles : public ::testing::Test {
protected:
    [[nodiscard]] DaemonOptions options(const std::string& roles) const {
        return {.settings = {"queue.store=jetstream", "nats.servers=[\"" + nats_.url(0) + "\"]",
                    "nats.user=" + nats_.user().name, "nats.password=" + nats_.user().password,
                    "nats.replicas=1", "cluster.partitions=2", "cluster.log_size=64MiB"},
            .arguments = {"--roles", roles}};
    }
    /// What becomes of a message to the default agent.
    Result<DialogStatus> answered(Daemon& gateway) {
        DaemonSession session(gateway);
        BATON_TRY(const auto sent, pool_.run(session.dialogs.send({.content = "hello"})));
        BATON_TRY(const auto ended, pool_.run(session.dialogs.wait(sent.id, Deadline::after(30s))));
        return ended.status;
    }

    IoPool pool_{1};
    NatsCluster nats_{NatsClusterOptions{.nodes = 1, .parent = fast_place()}};
};

TEST_F(ClusterRoles, queues_are_led_where_the_role_is_and_agents_run_where_the_gateway_is) {
    const auto first = Daemon::start(options("queue"));
    const auto second = Daemon::start(options("queue"));
    const auto gateway = Daemon::start(options("gateway,scheduler"));
    EXPECT_EQ(answered(*gateway), DialogStatus::completed);

    DaemonSession queue_session(*first);
    const auto refused = pool_.run(queue_session.queues.list());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unsupported);

    first->kill9();
    EXPECT_EQ(answered(*gateway), DialogStatus::completed) << "the other one took over";
}

TEST_F(ClusterRoles, a_start_that_waits_for_others_ends_at_once_when_it_is_told_to) {
    auto waiting = options("gateway,scheduler");  // and nobody leads
    const TempDir dir{fast_place()};
    std::vector<std::string> arguments = waiting.arguments;
    waiting.settings.insert(
        waiting.settings.end(), {"cluster.join_timeout=1h", "server.port=0", "metrics.port=0",
                                    "data.dir=" + dir.path().string()});
    for (const auto& setting : waiting.settings) {
        arguments.insert(arguments.end(), {"--set", setting});
    }
    Process daemon(
        {.program = std::string(BATON_BIN_DIR) + "/batond", .arguments = std::move(arguments)});
    const auto has_come_so_far = [&] {
        return std::filesystem::exists(dir / "node.name");  // it joins from here on
    };
    ASSERT_TRUE(eventually(has_come_so_far)) << daemon.err();
    daemon.send_signal(SIGTERM);
    EXPECT_EQ(daemon.wait_exit(10s), (Exit{.status = 128 + SIGTERM}));
}

TEST_F(ClusterRoles, a_daemon_ends_when_it_is_told_a_part_that_it_cannot_do) {
    const auto alone =
        Daemon::run({.settings = {"queue.store=journal"}, .arguments = {"--roles", "queue"}});
    EXPECT_EQ(alone.exit.status, errc_info(Errc::invalid_argument).exit_code);
    EXPECT_NE(alone.err.find("queue.store: jetstream"), std::string::npos) << alone.err;
    const auto apart = Daemon::run(options("scheduler"));
    EXPECT_EQ(apart.exit.status, errc_info(Errc::unsupported).exit_code) << apart.err;
}

}  // namespace
}  // namespace baton::test
