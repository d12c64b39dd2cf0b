// kill -9 at random moments under producers and consumers: what they were told holds.
#include <cstdlib>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "support/queue_traffic.h"

namespace baton::test {
namespace {

class QueueKillTest : public testing::TestWithParam<const char*> {};

TEST_P(QueueKillTest, what_clients_were_told_outlives_the_daemon) {
    const char* given = std::getenv("BATON_TEST_SEED");
    const auto seed = given != nullptr ? std::stoul(given) : std::random_device{}();
    SCOPED_TRACE("BATON_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    IoPool pool(1);
    Ledger ledger;
    const auto daemon =
        Daemon::start({.settings = {"logging.level=warn", std::string("queue.store=") + GetParam(),
                           "queue.segment_size=1MiB"}});
    for (std::uint64_t round = 0; round < 12; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        QueueTraffic traffic(*daemon, pool, ledger, round);
        traffic.wait_for(1 + random() % 800);
        daemon->kill9();
        traffic.finish();
        daemon->restart();
        expect_kept_twice(*daemon, pool, ledger);
        if (HasFailure()) return;
    }
    EXPECT_FALSE(ledger.acked.empty());
    EXPECT_FALSE(ledger.keys.empty());
}

INSTANTIATE_TEST_SUITE_P(Stores, QueueKillTest, testing::Values("sqlite", "journal"),
    [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace baton::test
