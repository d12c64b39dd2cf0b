// Data folders without a daemon: fsck, and queues that move from SQLite to the journal and back.
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "runtime/io_pool.h"
#include "support/daemon_session.h"
#include "support/process.h"
#include "support/queue_letters.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

class OfflineTest : public testing::Test {
protected:
    Finished baton(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"--data-dir", data()});
        return run_process(
            {.program = std::string(BATON_BIN_DIR) + "/baton", .arguments = std::move(arguments)});
    }
    std::string data() const { return (dir_ / "data").string(); }
    std::unique_ptr<Daemon> start(const std::string& store) {
        return Daemon::start({.data_dir = dir_ / "data",
            .settings = {"logging.level=error", "queue.store=" + store}});
    }
    void post(Daemon& daemon, const std::string& text) {
        DaemonSession session(daemon);
        must(pool_.run(session.queues.put(queue_, QueueConfig{})));
        std::vector<NewMessage> one(1);
        one.front().data.content = Bytes(std::string(text));
        must(pool_.run(session.queues.post(queue_, std::move(one))));
    }
    std::string pop(Daemon& daemon) {
        DaemonSession session(daemon);
        const auto popped = must(pool_.run(session.queues.pop(queue_, {})));
        return popped.empty() ? "" : std::string(popped.front().message.data->content.view());
    }

    static void end(Daemon& daemon) {
        daemon.terminate();
        EXPECT_TRUE(daemon.wait_exit(std::chrono::seconds(20)));
    }

    /// One bit of the text that stands in a file.
    static void flip(const std::filesystem::path& file, const std::string& text) {
        std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
        const std::string all{std::istreambuf_iterator<char>(bytes), {}};
        const auto at = all.find(text);
        ASSERT_NE(at, std::string::npos);
        bytes.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(text[0] ^ 1));
    }

    const QueueName queue_{"mail"};
    TempDir dir_;
    IoPool pool_{1};
};

TEST_F(OfflineTest, queues_move_from_sqlite_to_the_journal) {
    {
        const auto daemon = start("sqlite");
        post(*daemon, "moved");
        const auto busy = baton({"queue", "export", (dir_ / "all").string()});
        EXPECT_EQ(busy.exit.status, 12) << busy.err;
        end(*daemon);
    }
    const auto file = (dir_ / "all.ndjson").string();
    const auto out = baton({"queue", "export", file});
    EXPECT_EQ(out.exit.status, 0) << out.err;
    EXPECT_NE(out.out.find("1 messages"), std::string::npos) << out.out;
    const auto in = baton({"queue", "import", file, "--store", "journal"});
    EXPECT_EQ(in.exit.status, 0) << in.err;
    const auto twice = baton({"queue", "import", file, "--store", "journal"});
    EXPECT_EQ(twice.exit.status, 5) << twice.err;
    const auto daemon = start("journal");
    EXPECT_EQ(pop(*daemon), "moved");
    end(*daemon);
}

TEST_F(OfflineTest, an_export_replaces_nothing_but_a_file) {
    end(*start("sqlite"));
    const auto pipe = dir_ / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::filesystem::create_symlink(pipe, dir_ / "link");
    for (const auto& target : {pipe, dir_ / "link"}) {
        const auto refused = baton({"queue", "export", target.string()});
        EXPECT_EQ(refused.exit.status, 2) << refused.err;
    }
    EXPECT_TRUE(std::filesystem::is_fifo(pipe));
    EXPECT_TRUE(std::filesystem::is_symlink(dir_ / "link"));
    EXPECT_EQ(baton({"queue", "import", dir_.path().string()}).exit.status, 3) << "it is a folder";
}

TEST_F(OfflineTest, an_export_that_is_not_on_disk_is_none) {
    end(*start("journal"));
    const auto file = (dir_ / "all").string();
    const auto run = run_process({.program = "/usr/bin/strace",
        .arguments = {"-f", "-qqq", "-o", "/dev/null", "-e", "trace=fsync", "-e",
            "inject=fsync:error=EIO:when=1+", "-P", file + ".part",
            std::string(BATON_BIN_DIR) + "/batond", "export", data(), file}});
    if (run.err.find("strace:") != std::string::npos) GTEST_SKIP() << "needs ptrace: " << run.err;
    EXPECT_EQ(run.exit.status, 10) << run.out << run.err;
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_FALSE(std::filesystem::exists(file + ".part"));
}

TEST_F(OfflineTest, store_that_is_lost_as_a_whole_is_no_empty_one) {
    for (const std::string store : {"sqlite", "journal"}) {
        SCOPED_TRACE(store);
        {
            const auto daemon = start(store);
            post(*daemon, "kept");
            end(*daemon);
        }
        const std::string name = store == "sqlite" ? "queue.db" : "journal";
        const auto place = dir_ / "data" / name;
        std::filesystem::rename(place, dir_ / "elsewhere");
        const auto refused = run_process({.program = std::string(BATON_BIN_DIR) + "/batond",
            .arguments = {"--set", "data.dir=" + data(), "--set", "server.port=0", "--set",
                "queue.store=" + store}});
        EXPECT_EQ(refused.exit.status, 10) << refused.err;
        EXPECT_NE(refused.err.find(name + "-kept"), std::string::npos) << refused.err;
        const auto checked = baton({"fsck"});
        EXPECT_EQ(checked.exit.status, 10) << checked.out;
        EXPECT_NE(checked.out.find(name + "` is missing"), std::string::npos) << checked.out;
        std::filesystem::rename(dir_ / "elsewhere", place);
        const auto daemon = start(store);
        EXPECT_EQ(pop(*daemon), "kept");
        end(*daemon);
    }
}

TEST_F(OfflineTest, fsck_finds_damage_and_repairs_it) {
    {
        const auto daemon = start("journal");
        post(*daemon, "first");
        post(*daemon, "damaged");
        post(*daemon, "last");
        end(*daemon);
    }
    EXPECT_EQ(baton({"fsck"}).exit.status, 0);
    flip(dir_ / "data" / "journal" / "00000001.seg", "damaged");
    const auto found = baton({"fsck", data()});
    EXPECT_EQ(found.exit.status, 10);
    EXPECT_NE(found.out.find("00000001.seg"), std::string::npos) << found.out;
    const auto as_json = baton({"fsck", "--json"});
    EXPECT_NE(as_json.out.find("\"sound\":false"), std::string::npos) << as_json.out;
    const auto repaired = baton({"fsck", "--repair"});
    EXPECT_EQ(repaired.exit.status, 0) << repaired.out << repaired.err;
    EXPECT_EQ(baton({"fsck"}).exit.status, 0);
    const auto daemon = start("journal");
    EXPECT_EQ(pop(*daemon), "first");
    EXPECT_EQ(pop(*daemon), "last");
    end(*daemon);
}

TEST_F(OfflineTest, fsck_asks_sqlite_about_its_files) {
    {
        const auto daemon = start("sqlite");
        post(*daemon, "kept");
        end(*daemon);
    }
    const auto sound = baton({"fsck"});
    EXPECT_EQ(sound.exit.status, 0) << sound.err;
    EXPECT_NE(sound.out.find("queue.db"), std::string::npos) << sound.out;
    EXPECT_NE(sound.out.find("sound: 2 queues, 1 messages"), std::string::npos) << sound.out;
    flip(dir_ / "data" / "queue.db", "kept");
    const auto damaged = baton({"fsck"});
    EXPECT_EQ(damaged.exit.status, 10);
    EXPECT_NE(damaged.out.find("is damaged"), std::string::npos) << damaged.out;
    EXPECT_EQ(baton({"fsck", (dir_ / "nowhere").string()}).exit.status, 3);
}

}  // namespace
}  // namespace baton::test
