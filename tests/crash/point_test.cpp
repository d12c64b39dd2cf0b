// Death and errors at named points: the n-th write, sync, truncation or removal of a file ends the
// daemon or fails, for n = 1, 2, 3 …; what was acknowledged is there afterwards.
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/queue_traffic.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

/// Strace starts the program as its own process and acts on the system calls that are named.
std::vector<std::string> strace(const std::string& call, const std::string& action, int nth) {
    return {"/usr/bin/strace", "-D", "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null", "-e",
        "trace=" + call, "-e", "inject=" + call + ":" + action + ":when=" + std::to_string(nth)};
}

struct Point {
    const char* store;
    const char* call;
};

std::vector<Point> points() {
    std::vector<Point> all;
    for (const char* call : {"pwrite64", "fdatasync", "ftruncate", "unlink"}) {
        all.push_back({"sqlite", call});
    }
    for (const char* call : {"pwrite64", "fdatasync", "fallocate", "renameat"}) {
        all.push_back({"journal", call});
    }
    return all;
}

class PointTest : public testing::TestWithParam<Point> {
protected:
    void SetUp() override {
        auto launcher = strace("getpid", "error=EPERM", 1);
        const std::string program = launcher.front();
        launcher.erase(launcher.begin());
        launcher.push_back("/bin/true");
        const auto probe = run_process({.program = program, .arguments = std::move(launcher)});
        if (probe.exit != Exit{.status = 0}) GTEST_SKIP() << "needs ptrace: " << probe.err;
    }

    [[nodiscard]] DaemonOptions options(std::vector<std::string> launcher) const {
        return {.data_dir = dir_ / "data",
            .settings = {"logging.level=error", std::string("queue.store=") + GetParam().store,
                "queue.segment_size=64KiB"},
            .launcher = std::move(launcher)};
    }
    /// Runs traffic on a daemon that something happens to at the n-th call, until it is gone or
    /// refuses. False: nothing happened in the time of `posts` posts.
    bool suffer(const std::string& action, int nth, std::size_t posts) {
        try {
            const auto daemon = Daemon::start(options(strace(GetParam().call, action, nth)));
            QueueTraffic traffic(*daemon, pool_, ledger_, static_cast<std::uint64_t>(nth));
            traffic.wait_for(posts);
            const bool suffered = traffic.ended();
            daemon->kill9();
            traffic.finish();
            return suffered;
        } catch (const std::runtime_error&) {
            return true;  // it was over before the daemon was ready
        }
    }
    void expect_all_kept() {
        const auto daemon = Daemon::start(options({}));
        DaemonSession session(*daemon);
        if (ledger_.accepted.empty()) return;  // perhaps not even the queue was made
        expect_kept_twice(*daemon, pool_, ledger_);
    }

    /// Every store does this for every batch.
    [[nodiscard]] static bool must_come() {
        const std::string call = GetParam().call;
        return call == "pwrite64" || call == "fdatasync";
    }

    TempDir dir_{fast_place()};
    Ledger ledger_;
    IoPool pool_{1};
};

TEST_P(PointTest, death_at_the_nth_call_loses_nothing_acknowledged) {
    int happened = 0;
    for (const int nth : {1, 2, 3, 4, 5, 7, 11, 17, 29, 53, 97}) {
        SCOPED_TRACE("call " + std::to_string(nth));
        if (suffer("signal=SIGKILL", nth, 300)) ++happened;
        expect_all_kept();
        if (HasFailure()) return;
    }
    EXPECT_TRUE(happened > 0 || !must_come()) << "no daemon has died: the points are not reached";
    EXPECT_FALSE(ledger_.accepted.empty());
}

TEST_P(PointTest, an_error_of_the_nth_call_loses_nothing_acknowledged) {
    int happened = 0;
    for (const int nth : {1, 2, 3, 5, 9, 20, 41, 83, 167}) {
        for (const char* error : {"error=EIO", "error=ENOSPC"}) {
            SCOPED_TRACE(std::string(error) + " of call " + std::to_string(nth));
            if (suffer(error, nth, 200)) ++happened;
            expect_all_kept();
            if (HasFailure()) return;
        }
    }
    EXPECT_TRUE(happened > 0 || !must_come()) << "nobody noticed an error";
    EXPECT_FALSE(ledger_.accepted.empty());
}

INSTANTIATE_TEST_SUITE_P(Calls, PointTest, testing::ValuesIn(points()),
    [](const auto& point) { return std::string(point.param.store) + "_" + point.param.call; });

}  // namespace
}  // namespace baton::test
