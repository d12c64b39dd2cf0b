// Power cuts: what was acknowledged is on the disk, whatever was on its way.
#include <csignal>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "support/loop_disk.h"
#include "support/queue_traffic.h"

namespace baton::test {
namespace {

class PowerTest : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        if (!LoopDisk::possible()) GTEST_SKIP() << "needs root and loop devices";
        const char* given = std::getenv("BATON_TEST_SEED");
        seed_ = given != nullptr ? std::stoul(given) : std::random_device{}();
        random_.seed(seed_);
    }

    std::unique_ptr<Daemon> start_on(const LoopDisk& disk) {
        return Daemon::start({.data_dir = disk.path() / "data",
            .settings = {"logging.level=warn", std::string("queue.store=") + GetParam()}});
    }

    std::uint64_t seed_ = 0;
    std::mt19937_64 random_;
    IoPool pool_{1};
};

TEST_P(PowerTest, a_cut_at_any_moment_loses_nothing_acknowledged) {
    SCOPED_TRACE("BATON_TEST_SEED=" + std::to_string(seed_));
    LoopDisk disk;
    Ledger ledger;
    auto daemon = start_on(disk);
    for (std::uint64_t round = 0; round < 6; ++round) {
        QueueTraffic traffic(*daemon, pool_, ledger, round);
        traffic.wait_for(1 + random_() % 1'500);
        // Who hears an answer after the power went is not there: the kernel itself may call an
        // fsync a success that the shutdown overtook.
        auto known = traffic.heard();
        disk.cut_power();
        traffic.finish();
        known.perhaps_acked = ledger.perhaps_acked;
        ledger = std::move(known);
        daemon->kill9();
        disk.power_on();
        daemon->restart();
        expect_kept_twice(*daemon, pool_, ledger);
    }
    EXPECT_FALSE(ledger.accepted.empty());
    EXPECT_FALSE(ledger.acked.empty());
    daemon->kill9();
}

TEST_P(PowerTest, the_disk_as_it_is_at_any_moment_holds_all_acknowledged) {
    SCOPED_TRACE("BATON_TEST_SEED=" + std::to_string(seed_));
    LoopDisk disk;
    Ledger ledger;
    const auto daemon = start_on(disk);
    QueueTraffic traffic(*daemon, pool_, ledger, 0);
    for (std::size_t seen = 0, image = 0; image < 4; ++image) {
        seen += 1 + random_() % 400;
        traffic.wait_for(seen);
        auto known = traffic.heard();
        daemon->process().send_signal(SIGSTOP);
        const LoopDisk copy = LoopDisk::crash_image(disk);
        daemon->process().send_signal(SIGCONT);
        known.perhaps_acked = traffic.heard().perhaps_acked;
        const auto revived = start_on(copy);
        expect_kept(*revived, pool_, known);
        revived->kill9();
    }
    daemon->kill9();
    traffic.finish();
    EXPECT_FALSE(ledger.acked.empty());
}

INSTANTIATE_TEST_SUITE_P(Stores, PowerTest, testing::Values("sqlite", "journal"),
    [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace baton::test
