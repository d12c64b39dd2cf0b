// Queues that move between data folders and a cluster, with the programs a person uses.
#include "queue/archive/archive.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <numeric>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "queue/store/memory/memory_store.h"
#include "runtime/io_pool.h"
#include "support/daemon.h"
#include "support/daemon_session.h"
#include "support/eventually.h"
#include "support/fault_proxy.h"
#include "support/nats_client.h"
#include "support/nats_cluster.h"
#include "support/noise.h"
#include "support/process.h"
#include "support/queue_letters.h"
#include "support/store_script.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

using namespace std::chrono_literals;

constexpr int exit_conflict = 5;
constexpr int exit_storage = 10;
constexpr int exit_locked = 12;
constexpr std::uint64_t partitions = 3;

class ClusterArchive : public ::testing::Test {
protected:
    /// `cluster`: several can be on the same servers.
    [[nodiscard]] std::vector<std::string> settings(const std::string& cluster) const {
        return {"queue.store=jetstream", "nats.servers=[\"" + nats_.url(0) + "\"]",
            "nats.user=" + nats_.user().name, "nats.password=" + nats_.user().password,
            "nats.replicas=1", "cluster.partitions=" + std::to_string(partitions),
            "cluster.log_size=64MiB", "cluster.name=" + cluster, "logging.level=error"};
    }
    [[nodiscard]] ProcessOptions tool(const std::string& data, const std::string& what,
        const std::string& file, std::vector<std::string> more) const {
        std::vector<std::string> arguments{
            "--data-dir", (dir_ / data).string(), "queue", what, (dir_ / file).string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return {.program = std::string(BATON_BIN_DIR) + "/baton", .arguments = arguments};
    }
    [[nodiscard]] std::vector<std::string> on(
        const std::string& cluster, std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments{"--store", "jetstream"};
        for (const auto& setting : settings(cluster)) {
            arguments.insert(arguments.end(), {"--set", setting});
        }
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    [[nodiscard]] std::vector<std::string> through(
        const FaultProxy& proxy, const std::string& cluster) const {
        auto arguments = on(cluster);
        std::ranges::replace(arguments, "nats.servers=[\"" + nats_.url(0) + "\"]",
            "nats.servers=[\"nats://127.0.0.1:" + std::to_string(proxy.port()) + "\"]");
        return arguments;
    }
    [[nodiscard]] std::uint16_t port() const {
        const auto url = nats_.url(0);
        return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    }
    Finished run(const std::string& data, const std::string& what, const std::string& file,
        const std::vector<std::string>& more) {
        return run_process(tool(data, what, file, more), 60s);
    }
    void expect_done(const std::string& data, const std::string& what, const std::string& file,
        const std::vector<std::string>& more) {
        const auto ran = run(data, what, file, more);
        EXPECT_EQ(ran.exit, (Exit{0, 0})) << what << ' ' << data << ": " << ran.err;
    }
    [[nodiscard]] std::string text_of(const std::string& file) const {
        std::ifstream in(dir_ / file, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    }
    std::unique_ptr<Daemon> start(const std::string& cluster) {
        return Daemon::start({.settings = settings(cluster)});
    }

    /// What an engine may have written: deliveries, dead letters, keys, replies, outputs, logs,
    /// quotas, pauses; and a message larger than NATS carries in one.
    std::string write_model(const std::string& file, int batches) {
        const auto store = queue::make_memory_store();
        StoreScript script(7);
        for (int i = 0; i < batches; ++i) must(store->commit(script.next(), Durability::fsync));
        queue::QueuePut large{.number = queue::QueueNumber{99}, .uid = 0xFEDCBA9876543210};
        large.info.name = QueueName("large");
        auto data = std::make_shared<MessageData>();
        data->content = Bytes(noise(700'000, 1));  // also when it is compressed
        must(store->commit(std::vector<queue::Record>{large,
                               queue::MessagePosted{.at = {large.number, 5}, .data = data}},
            Durability::fsync));
        std::ostringstream out;
        must(queue::export_store(*store, out));
        std::ofstream(dir_ / file, std::ios::binary) << out.str();
        return out.str();
    }

    /// How many messages each log has taken that is there, those that are gone again too.
    std::vector<std::uint64_t> sizes_of_logs(const std::string& cluster) {
        NatsClient client(nats_, 0);
        std::vector<std::uint64_t> sizes;
        for (std::uint64_t i = 0; i < partitions; ++i) {
            const auto info =
                client.request("$JS.API.STREAM.INFO." + cluster + "-log-" + std::to_string(i));
            std::smatch found;
            if (!info || !std::regex_search(*info, found, std::regex(R"("last_seq":(\d+))"))) {
                continue;
            }
            sizes.push_back(std::stoull(found[1]));
        }
        return sizes;
    }

    TempDir dir_;
    IoPool pool_{1};
    NatsCluster nats_{NatsClusterOptions{
        .nodes = 1, .parent = fast_place(), .server_settings = "max_payload: 128KB"}};
};

TEST_F(ClusterArchive, queues_go_round_all_stores_and_nothing_changes) {
    const auto model = write_model("model", 300);
    expect_done("a", "import", "model", {"--store", "sqlite"});
    expect_done("a", "export", "of_sqlite", {"--store", "sqlite"});
    EXPECT_EQ(text_of("of_sqlite"), model);
    expect_done("b", "import", "of_sqlite", on("round"));
    expect_done("c", "export", "of_cluster", on("round"));
    EXPECT_EQ(text_of("of_cluster"), model);
    expect_done("d", "import", "of_cluster", {"--store", "journal"});
    expect_done("d", "export", "of_journal", {"--store", "journal"});
    EXPECT_EQ(text_of("of_journal"), model);
    expect_done("e", "import", "of_journal", {"--store", "sqlite"});
    expect_done("e", "export", "of_all", {"--store", "sqlite"});
    EXPECT_EQ(text_of("of_all"), model);

    const auto twice = run("b", "import", "model", on("round"));
    EXPECT_EQ(twice.exit.status, exit_conflict) << twice.err;
    expect_done("b", "import", "model", on("round", {"--resume"}));
    const auto other = run("b", "export", "none", on("round", {"--set", "cluster.partitions=4"}));
    EXPECT_EQ(other.exit.status, exit_conflict) << other.err;
    expect_done("b", "export", "same", on("round"));
    EXPECT_EQ(text_of("same"), model);
}

TEST_F(ClusterArchive, an_import_that_is_killed_is_done_by_the_next_one) {
    const auto model = write_model("model", 1'500);
    // Cut off by its bytes: a moment would find the import of a fast machine done.
    FaultProxy proxy(port());
    const auto import = [&](const std::string& cluster) {
        return tool(cluster, "import", "model", through(proxy, cluster));
    };
    EXPECT_EQ(run_process(import("whole"), 60s).exit, (Exit{0, 0}));
    const auto whole = proxy.bytes_to_target();
    int wrote = 0;
    // The last are where the queues take their names.
    for (const std::uint64_t left : {whole * 5 / 8, whole / 8, 3'000UL, 1'200UL}) {
        SCOPED_TRACE(left);
        const auto cluster = "kill" + std::to_string(left);
        proxy.hold_after(whole - left);
        Process killed(import(cluster));
        ASSERT_TRUE(eventually([&] { return proxy.link() == Link::hold; }));
        killed.send_signal(SIGKILL);
        EXPECT_EQ(killed.wait_exit(10s), (Exit{.signal = SIGKILL}));
        proxy.set_link(Link::reset);
        proxy.set_link(Link::pass);
        // A take-over is a message too.
        const auto sizes = sizes_of_logs(cluster);
        wrote += std::accumulate(sizes.begin(), sizes.end(), 0UL) > partitions ? 1 : 0;
        auto again = run(cluster, "import", "model", on(cluster));
        if (again.exit.status == exit_conflict) {
            again = run(cluster, "import", "model", on(cluster, {"--resume"}));
        }
        EXPECT_EQ(again.exit, (Exit{0, 0})) << again.err;
        expect_done("other", "export", "after", on(cluster));
        EXPECT_EQ(text_of("after"), model);
    }
    EXPECT_GE(wrote, 3) << "cut off before they had written";
}

TEST_F(ClusterArchive, an_import_that_is_killed_while_it_makes_the_logs_can_be_repeated) {
    write_model("model", 20);
    FaultProxy proxy(port());
    std::uint64_t made = 0;
    int cut = 0;
    for (std::uint64_t bytes = 3'000; made < partitions; bytes += 1'000) {
        SCOPED_TRACE(bytes);
        const auto cluster = "make" + std::to_string(bytes);
        proxy.hold_after(bytes);
        Process killed(tool(cluster, "import", "model", through(proxy, cluster)));
        ASSERT_TRUE(eventually([&] { return proxy.link() == Link::hold; }));
        killed.send_signal(SIGKILL);
        EXPECT_EQ(killed.wait_exit(10s), (Exit{.signal = SIGKILL}));
        proxy.set_link(Link::reset);
        proxy.set_link(Link::pass);
        made = sizes_of_logs(cluster).size();
        cut += made > 0 && made < partitions ? 1 : 0;
        expect_done(cluster, "import", "model", on(cluster, {"--take-over"}));
    }
    EXPECT_GE(cut, 2) << "none was cut off between two logs";
}

TEST_F(ClusterArchive, a_leased_message_of_a_single_daemon_is_acked_in_the_cluster) {
    std::vector<std::string> receipts;
    std::vector<MessageId> waiting;
    std::vector<QueueName> names;
    for (int i = 0; i < 8; ++i) names.emplace_back("q" + std::to_string(i));
    {
        const auto single = Daemon::start({.data_dir = dir_ / "single",
            .settings = {"logging.level=error", "queue.store=sqlite"}});
        DaemonSession session(*single);
        for (const auto& name : names) {
            must(pool_.run(session.queues.put(name, QueueConfig{})));
            std::vector<NewMessage> two{
                Letter{.text = "1"}.message(), Letter{.text = "2"}.message()};
            waiting.push_back(must(pool_.run(session.queues.post(name, std::move(two)))).back().id);
            const auto popped =
                must(pool_.run(session.queues.pop(name, {.lease = Duration(600'000)})));
            receipts.push_back(popped.front().receipt.text());
        }
        single->terminate();
        ASSERT_TRUE(single->wait_exit(20s));
    }
    expect_done("single", "export", "all", {});
    // Into a cluster that runs: the one with queues of its own.
    const auto daemon = start("live");
    DaemonSession session(*daemon);
    must(pool_.run(session.queues.put(QueueName("own"), QueueConfig{})));
    const auto refused = run("tool", "import", "all", on("live"));
    EXPECT_EQ(refused.exit.status, exit_conflict);
    EXPECT_NE(refused.err.find("run: node-"), std::string::npos) << refused.err;
    const auto locked =
        run_process({.program = std::string(BATON_BIN_DIR) + "/baton",
                        .arguments = {"--data-dir", daemon->data_dir().string(), "queue", "export",
                            (dir_ / "none").string(), "--store", "jetstream"}},
            60s);
    EXPECT_EQ(locked.exit.status, exit_locked) << locked.err;
    // The queue of its agents is in the file too; that of the cluster has never been used.
    expect_done("tool", "import", "all", on("live", {"--take-over"}));
    for (std::size_t i = 0; i < names.size(); ++i) {
        SCOPED_TRACE(names[i].text);
        const auto settled = must(pool_.run(session.queues.ack(names[i], {receipts[i]})));
        EXPECT_EQ(settled.count, 1U);
        EXPECT_EQ(must(pool_.run(session.queues.message(waiting[i]))).queue, names[i]);
        const auto next = must(pool_.run(session.queues.pop(names[i], {})));
        ASSERT_EQ(next.size(), 1U);
        EXPECT_EQ(next.front().message.id, waiting[i]);
    }
    EXPECT_TRUE(pool_.run(session.queues.get(QueueName("own"))));
}

TEST_F(ClusterArchive, an_export_from_a_cluster_that_runs_has_all_that_was_acknowledged_before) {
    const auto daemon = start("live");
    DaemonSession session(*daemon);
    const QueueName name("mail");
    must(pool_.run(session.queues.put(name, QueueConfig{})));
    std::atomic<int> acknowledged{0};
    std::atomic<bool> is_ending{false};
    std::string failure;
    std::thread poster([&] {
        IoPool pool{1};
        DaemonSession own(*daemon);
        for (int i = 0; !is_ending; ++i) {
            std::vector<NewMessage> one{Letter{.text = "<" + std::to_string(i) + ">"}.message()};
            // The hold ends before a call gives up: nothing fails.
            const auto posted = pool.run(own.queues.post(name, std::move(one)));
            if (!posted) {
                failure = to_string(posted.error());
                return;
            }
            acknowledged = i + 1;
        }
    });
    EXPECT_TRUE(eventually([&] { return acknowledged > 20; }));
    const int before = acknowledged;
    expect_done("tool", "export", "all", on("live", {"--take-over"}));
    const int at_the_end = acknowledged;
    EXPECT_TRUE(eventually([&] { return acknowledged > at_the_end + 20; })) << "it goes on";
    is_ending = true;
    poster.join();
    EXPECT_EQ(failure, "");
    const auto text = text_of("all");
    for (int i = 0; i < before; ++i) {
        EXPECT_NE(text.find("\"<" + std::to_string(i) + ">\""), std::string::npos) << i;
    }
    const auto stats = must(pool_.run(session.queues.stats(name)));
    EXPECT_EQ(stats.ready, static_cast<std::uint64_t>(acknowledged.load()));
}

TEST_F(ClusterArchive, a_log_that_is_damaged_is_not_exported_in_part) {
    write_model("model", 20);
    expect_done("tool", "import", "model", on("hurt"));
    NatsClient client(nats_, 0);
    const auto info = client.request("$JS.API.STREAM.INFO.hurt-log-1");
    ASSERT_TRUE(info);
    std::smatch subject;
    ASSERT_TRUE(std::regex_search(*info, subject, std::regex(R"(hurt\.log\.1\.\d+)")));
    ASSERT_TRUE(client.publish(subject[0]));  // none of ours: something is wrong here
    const auto refused = run("other", "export", "none", on("hurt"));
    EXPECT_EQ(refused.exit.status, exit_storage) << refused.out;
    EXPECT_NE(refused.err.find("storage_corrupt"), std::string::npos) << refused.err;
    EXPECT_FALSE(std::filesystem::exists(dir_ / "none"));
}

}  // namespace
}  // namespace baton::test
