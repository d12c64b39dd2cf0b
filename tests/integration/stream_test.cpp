// /v1/stream of a real batond, judged by a foreign client (npm `ws`, tests/peers/ws).
#include <filesystem>

#include <gtest/gtest.h>

#include "support/daemon.h"
#include "support/daemon_session.h"
#include "support/process.h"
#include "support/raw_web_socket.h"

namespace baton::test {
namespace {

std::uint16_t port_of(const Daemon& daemon) {
    return static_cast<std::uint16_t>(std::stoi(daemon.url().substr(daemon.url().rfind(':') + 1)));
}

void make_queue(const Daemon& daemon) {
    const auto made = run_cli(daemon, {"queue", "create", "mail"});
    ASSERT_EQ(made.exit.status, 0) << made.err;
}

TEST(Stream, a_foreign_client_posts_consumes_acks_and_sees_the_close_codes) {
    const auto folder = std::filesystem::path(BATON_SOURCE_DIR) / "tests/peers/ws";
    ASSERT_TRUE(std::filesystem::exists(folder / "node_modules/ws"))
        << "run `npm ci --ignore-scripts` in " << folder;
    const auto daemon = Daemon::start();
    make_queue(*daemon);
    const std::string url = "ws://127.0.0.1:" + std::to_string(port_of(*daemon)) + "/v1/stream";
    const auto run = run_process(
        {.program = "/usr/bin/env",
            .arguments = {"node", (folder / "scenario.mjs").string(), url, daemon->admin_key()}},
        std::chrono::seconds(30));
    EXPECT_EQ(run.out, "ok\n") << run.err;
    EXPECT_EQ(run.exit.status, 0);
}

TEST(Stream, a_daemon_that_stops_closes_with_1001_and_its_leases_are_free_after_the_restart) {
    const auto daemon = Daemon::start();
    make_queue(*daemon);
    RawWebSocket client(
        port_of(*daemon), "/v1/stream", "Authorization: Bearer " + daemon->admin_key() + "\r\n");
    client.send(R"({"id":1,"op":"post","queue":"mail","messages":[{"content":"a"}]})");
    EXPECT_NE(client.read_text().find(R"("result")"), std::string::npos);
    client.send(R"({"id":2,"op":"consume","queue":"mail","credit":1,"lease_ms":3600000})");
    EXPECT_NE(client.read_text().find(R"("credit":1)"), std::string::npos);
    EXPECT_NE(client.read_text().find(R"("receipt")"), std::string::npos);
    daemon->terminate();
    EXPECT_EQ(client.read().close_code(), 1001U);
    client.send_close(1001);
    const auto exit = daemon->wait_exit();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->status, 0);
    daemon->restart();
    const auto stats = run_cli(*daemon, {"queue", "stats", "mail", "--json"});
    EXPECT_NE(stats.out.find(R"("ready":1)"), std::string::npos) << stats.out << stats.err;
}

}  // namespace
}  // namespace baton::test
