// The life of a daemon: starts that must fail, the ready line, reload, and every way to end.
#include "support/daemon.h"

#include <csignal>
#include <fstream>
#include <sstream>
#include <sys/socket.h>

#include <fmt/core.h>

#include "integration/stub_provider.h"
#include "support/daemon_session.h"
#include "support/eventually.h"
#include "support/free_port.h"
#include "support/queue_letters.h"
#include "support/raw_http.h"

namespace baton::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using SteadyClock = std::chrono::steady_clock;

int exit_status(Errc code) { return errc_info(code).exit_code; }

/// What a refused start looks like: the status, one line "batond: code: …", and nothing on standard
/// output.
void expect_refused(const Finished& run, Errc code, const std::string& says) {
    EXPECT_EQ(run.exit, (Exit{exit_status(code), 0})) << run.err;
    EXPECT_THAT(run.err, HasSubstr("batond: " + std::string(to_string(code)) + ": "));
    EXPECT_THAT(run.err, HasSubstr(says));
    EXPECT_EQ(run.out, "");
}

TEST(DaemonStart, unknown_config_key_is_refused_with_line_and_nearest_name) {
    const auto run = Daemon::run({.config = "server:\n  hots: 127.0.0.1\n"});
    expect_refused(run, Errc::invalid_config, "baton.yaml:2: unknown key `server.hots`");
    EXPECT_THAT(run.err, HasSubstr("did you mean `server.host`?"));
    EXPECT_EQ(run.exit.status, 78);
}

TEST(DaemonStart, port_in_use_is_refused) {
    const auto first = Daemon::start();
    const auto port = first->url().substr(first->url().rfind(':') + 1);
    expect_refused(Daemon::run({.settings = {"server.port=" + port}}), Errc::address_in_use, port);
    expect_refused(
        Daemon::run({.settings = {"metrics.port=" + port}}), Errc::address_in_use, "metrics");
}

TEST(DaemonStart, data_folder_that_cannot_be_is_refused) {
    const TempDir dir;
    std::ofstream(dir / "file") << "not a folder";
    expect_refused(Daemon::run({.data_dir = dir / "file"}), Errc::data_dir_unusable, "file");
    expect_refused(
        Daemon::run({.data_dir = "/proc/baton"}), Errc::data_dir_unusable, "/proc/baton");
}

TEST(DaemonStart, second_daemon_on_one_folder_is_refused_and_the_first_goes_on) {
    const auto first = Daemon::start();
    const auto pid = std::to_string(first->process().pid());
    expect_refused(
        Daemon::run({.data_dir = first->data_dir()}), Errc::data_dir_locked, "pid " + pid);
    EXPECT_EQ(run_cli(*first, {"send", "hi", "--wait"}).exit.status, 0);
}

TEST(DaemonStart, folder_of_a_killed_daemon_is_free_again) {
    const auto daemon = Daemon::start();
    daemon->kill9();
    daemon->restart();
    EXPECT_EQ(run_cli(*daemon, {"queue", "list"}).exit.status, 0);
}

/// A daemon that loses its folder in this way ends by itself and says why.
void expect_ends(const std::function<void(const std::filesystem::path&)>& lose) {
    const TempDir dir;
    const auto daemon = Daemon::start({.data_dir = dir / "data"});
    lose(dir / "data");
    const auto exit = daemon->wait_exit(seconds(20));
    ASSERT_TRUE(exit) << "it goes on to promise what nobody can find again";
    EXPECT_EQ(*exit, (Exit{exit_status(Errc::data_dir_unusable), 0}));
    EXPECT_THAT(daemon->process().err(), HasSubstr("while in use"));
}

TEST(DaemonFolder, one_that_is_moved_away_ends_the_daemon) {
    expect_ends([](const auto& data) { std::filesystem::rename(data, data.string() + ".old"); });
}

TEST(DaemonFolder, one_that_is_removed_ends_the_daemon) {
    expect_ends([](const auto& data) { std::filesystem::remove_all(data); });
}

TEST(DaemonFolder, one_that_another_daemon_could_take_ends_the_daemon) {
    expect_ends([](const auto& data) {
        std::filesystem::remove(data / "batond.lock");
        std::ofstream(data / "batond.lock") << "{}";
    });
}

/// A stranger without a key opens connections until no file is left; the store needs more of them.
TEST(DaemonFiles, connections_leave_the_store_what_it_needs) {
    const auto daemon = Daemon::start(
        {.settings = {"queue.store=journal", "queue.segment_size=64KiB", "server.threads=2"},
            .launcher = {"/usr/bin/prlimit", "--nofile=512:512"}});
    const auto port =
        static_cast<std::uint16_t>(std::stoi(daemon->url().substr(daemon->url().rfind(':') + 1)));
    IoPool pool(1);
    DaemonSession session(*daemon);
    const QueueName queue("mail");
    must(pool.run(session.queues.put(queue, {})));
    std::vector<RawConnection> strangers;
    for (int i = 0; i < 500; ++i) strangers.push_back(RawConnection::connect(port));
    for (int i = 0; i < 20; ++i) {
        std::vector<NewMessage> one(1);
        one.front().data.content = Bytes(std::string(20'000, 'x'));
        const auto posted = pool.run(session.queues.post(queue, std::move(one)));
        ASSERT_TRUE(posted) << to_string(posted.error());
    }
}

TEST(DaemonStart, server_of_the_database_that_stays_away_is_named) {
    const auto port = free_port();
    expect_refused(
        Daemon::run({.settings = {"database.kind=postgres", "database.postgres.sslmode=disable",
                         "database.postgres.start_timeout=100ms",
                         fmt::format("database.postgres.port={}", port)}}),
        Errc::database_unavailable, "postgres");
}

TEST(DaemonStart, a_part_of_the_work_needs_a_cluster) {
    expect_refused(Daemon::run({.arguments = {"--roles", "gateway,scheduler"}}),
        Errc::invalid_argument, "queue.store: jetstream");
    expect_refused(
        Daemon::run({.arguments = {"--roles", "door"}}), Errc::invalid_argument, "`door`");
}

TEST(DaemonStart, ready_line_is_all_of_standard_output) {
    const auto daemon = Daemon::start();
    EXPECT_EQ(daemon->process().out(), daemon->ready_line() + "\n");
    EXPECT_THAT(daemon->ready_line(), testing::StartsWith("ready http=127.0.0.1:"));
    EXPECT_FALSE(daemon->metrics_address().empty());
}

TEST(DaemonStart, data_folder_and_keys_are_private) {
    const auto daemon = Daemon::start();
    using std::filesystem::perms;
    const auto mode = [](const std::filesystem::path& path) {
        return std::filesystem::status(path).permissions();
    };
    EXPECT_EQ(mode(daemon->data_dir()), perms::owner_all);
    EXPECT_EQ(mode(daemon->data_dir() / "admin.key"), perms::owner_read | perms::owner_write);
}

TEST(DaemonStart, check_config_prints_without_secrets_and_starts_nothing) {
    const auto run = Daemon::run({.settings = {R"(llm.endpoints=[{"api_key":"${K}"}])"},
        .arguments = {"--check-config"},
        .environment = {"K=sk-hidden"}});
    EXPECT_EQ(run.exit.status, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("port: 0"));
    EXPECT_THAT(run.out + run.err, testing::Not(HasSubstr("sk-hidden")));
}

TEST(DaemonMetrics, port_of_its_own_answers_without_a_key_and_the_api_does_not) {
    const auto daemon = Daemon::start();
    const auto get = [&](const std::string& address, const std::string& path) {
        const auto port = std::stoi(address.substr(address.rfind(':') + 1));
        auto connection = RawConnection::connect(static_cast<std::uint16_t>(port));
        connection.send("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        return connection.read_response();
    };
    const auto metrics = get(daemon->metrics_address(), "/metrics");
    EXPECT_EQ(metrics.status, 200);
    EXPECT_THAT(metrics.body, HasSubstr("# TYPE baton_"));
    EXPECT_EQ(get(daemon->metrics_address(), "/v1/queues").status, 404);
    EXPECT_EQ(get(daemon->url(), "/metrics").status, 401);
}

TEST(DaemonReload, sighup_changes_the_log_level_and_names_what_needs_a_restart) {
    const TempDir dir;
    const auto file = dir / "baton.yaml";
    const auto log = (dir / "log").string();
    std::ofstream(file) << "logging: {level: info, output: " << log << "}\n";
    const auto daemon = Daemon::start({.arguments = {"--config", file}});
    std::ofstream(file) << "logging: {level: debug, output: " << log
                        << "}\nscheduler: {workers: 3}\n";
    daemon->process().send_signal(SIGHUP);
    const auto log_text = [&] {
        std::ifstream in(log);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    EXPECT_TRUE(eventually([&] { return log_text().contains("configuration reloaded"); }));
    EXPECT_THAT(log_text(), HasSubstr(R"("key":"scheduler.workers")"));
    EXPECT_EQ(run_cli(*daemon, {"queue", "list"}).exit.status, 0);
    EXPECT_TRUE(eventually([&] { return log_text().contains(R"("level":"debug")"); }));
}

TEST(DaemonReload, broken_file_changes_nothing) {
    const TempDir dir;
    const auto file = dir / "baton.yaml";
    std::ofstream(file) << "logging: {level: info}\n";
    const auto daemon = Daemon::start({.arguments = {"--config", file}});
    std::ofstream(file) << "logging: {levle: debug}\n";
    daemon->process().send_signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return daemon->process().err().contains("reload refused"); }));
    EXPECT_EQ(run_cli(*daemon, {"queue", "list"}).exit.status, 0);
}

TEST(DaemonStop, idle_daemon_ends_at_once_and_leaves_no_record) {
    for (const int signal : {SIGTERM, SIGINT}) {
        const auto daemon = Daemon::start();
        daemon->process().send_signal(signal);
        EXPECT_EQ(daemon->wait_exit(seconds(5)), (Exit{0, 0}));
        EXPECT_EQ(std::filesystem::file_size(daemon->data_dir() / "batond.lock"), 0U);
    }
}

/// Sends one message and waits until the provider has it.
std::string message_under_way(const Daemon& daemon, const StubProvider& provider) {
    IoPool pool(1);
    DaemonSession session(daemon);
    const auto sent = pool.run(session.dialogs.send({.content = "hi"}));
    EXPECT_TRUE(sent) << to_string(sent.error());
    EXPECT_TRUE(eventually([&] { return provider.requests() > 0; }));
    return sent ? sent->id.text() : "";
}

DialogMessage answer_of(const Daemon& daemon, const std::string& id) {
    IoPool pool(1);
    DaemonSession session(daemon);
    const auto message_id = MessageId::parse(id);
    const auto answer = pool.run(session.dialogs.wait(*message_id, Deadline::after(seconds(20))));
    EXPECT_TRUE(answer) << to_string(answer.error());
    return answer.value_or(DialogMessage{});
}

TEST(DaemonStop, work_under_way_finishes_before_the_end) {
    StubProvider provider;
    const auto daemon = Daemon::start({.settings = {provider.setting()}});
    const auto id = message_under_way(*daemon, provider);
    daemon->terminate();
    EXPECT_EQ(daemon->wait_exit(milliseconds(300)), std::nullopt);  // it waits for the answer
    provider.release();
    EXPECT_EQ(daemon->wait_exit(seconds(10)), (Exit{0, 0}));
    daemon->restart();
    const auto answer = answer_of(*daemon, id);
    EXPECT_EQ(answer.status, DialogStatus::completed);
    EXPECT_EQ(answer.reply.value_or(DialogReply{}).content, "stub answer");
    EXPECT_EQ(provider.requests(), 1);
}

TEST(DaemonStop, work_that_takes_longer_than_the_drain_goes_back_without_blame) {
    StubProvider provider;
    const auto daemon =
        Daemon::start({.settings = {provider.setting(), "server.drain_timeout=200ms"}});
    const auto id = message_under_way(*daemon, provider);
    const auto began = SteadyClock::now();
    daemon->terminate();
    EXPECT_EQ(daemon->wait_exit(seconds(10)), (Exit{0, 0}));
    EXPECT_LT(SteadyClock::now() - began, seconds(5));
    provider.release();
    daemon->restart();
    const auto answer = answer_of(*daemon, id);
    EXPECT_EQ(answer.status, DialogStatus::completed);
    EXPECT_EQ(answer.retry_count, 0U);
    EXPECT_EQ(provider.requests(), 2);
}

TEST(DaemonStop, waiting_pops_do_not_hold_the_end_up) {
    const auto daemon = Daemon::start();
    ASSERT_EQ(run_cli(*daemon, {"queue", "create", "mail"}).exit.status, 0);
    const auto port = std::stoi(daemon->url().substr(daemon->url().rfind(':') + 1));
    auto waiting = RawConnection::connect(static_cast<std::uint16_t>(port));
    const std::string body = R"({"wait_ms":60000})";
    waiting.send("POST /v1/queues/mail/pop HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " +
                 daemon->admin_key() + "\r\nContent-Length: " + std::to_string(body.size()) +
                 "\r\n\r\n" + body);
    ASSERT_EQ(run_cli(*daemon, {"queue", "list"}).exit.status, 0);  // by now the pop is waiting too
    const auto began = SteadyClock::now();
    daemon->terminate();
    EXPECT_EQ(daemon->wait_exit(seconds(10)), (Exit{0, 0}));
    EXPECT_LT(SteadyClock::now() - began, seconds(4));
    const auto answer = waiting.read_response();
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, HasSubstr("shutting_down"));
}

TEST(DaemonStop, second_signal_ends_it_at_once_and_nothing_is_lost) {
    StubProvider provider;
    const auto daemon = Daemon::start(
        {.settings = {provider.setting(), "server.drain_timeout=60s", "scheduler.lease=1s"}});
    const auto id = message_under_way(*daemon, provider);
    daemon->terminate();
    EXPECT_EQ(daemon->wait_exit(milliseconds(200)), std::nullopt);
    daemon->terminate();
    EXPECT_EQ(daemon->wait_exit(seconds(5)), (Exit{128 + SIGTERM, 0}));
    provider.release();
    daemon->restart();
    EXPECT_EQ(answer_of(*daemon, id).status, DialogStatus::completed);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(DaemonMemory, idle_daemon_stays_below_40_mib) {
    const auto daemon = Daemon::start();
    ASSERT_EQ(run_cli(*daemon, {"send", "hi", "--wait"}).exit.status, 0);
    std::ifstream status("/proc/" + std::to_string(daemon->process().pid()) + "/status");
    long rss_kib = 0;
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) std::istringstream(line.substr(6)) >> rss_kib;
    }
    RecordProperty("rss_kib", std::to_string(rss_kib));
    EXPECT_GT(rss_kib, 0);
    EXPECT_LE(rss_kib, 40 * 1024);
}
#endif

}  // namespace
}  // namespace baton::test
