// kill -9 in the middle of chats that have a limit of money: a restart gives nothing of the day
// again.
#include <chrono>
#include <string>
#include <thread>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "support/counting_endpoint.h"
#include "support/daemon.h"
#include "support/eventually.h"

namespace baton::test {
namespace {

using namespace std::chrono_literals;

TEST(MoneyKill, of_a_day_is_not_spent_twice_and_little_is_lost) {
    constexpr int limit = 200;
    const auto today = [] {
        return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
    };
    const auto day = today();
    CountingEndpoint endpoint;
    // Ten tokens are written by each, so a chat costs 1.
    const auto daemon = Daemon::start(
        {.settings = {"logging.level=warn",
             fmt::format(
                 R"(llm.endpoints=[{{"base_url":"{}",)"
                 R"("limits":{{"cost_per_day":{}}},"prices":{{"m":{{"output":100000}}}}}}])",
                 endpoint.base_url(), limit)}});
    for (int kills = 1; kills <= 5; ++kills) {
        std::thread client([&] { load_chats(*daemon, 2, 1s); });
        EXPECT_TRUE(eventually([&] { return endpoint.chats() >= 7 * kills; }));
        daemon->kill9();
        client.join();
        daemon->restart();
    }
    EXPECT_LT(endpoint.chats(), limit / 2);
    load_chats(*daemon, 4, 6s);
    const int spent = endpoint.chats();
    ASSERT_EQ(today(), day) << "midnight has come in between, which begins anew";
    EXPECT_LE(spent, limit);
    EXPECT_GT(spent, limit * 3 / 5) << "a kill takes what was claimed for about a second";

    daemon->terminate();
    ASSERT_TRUE(daemon->wait_exit());
    daemon->restart();
    load_chats(*daemon, 2, 1s);
    ASSERT_EQ(today(), day);
    EXPECT_EQ(endpoint.chats(), spent) << "nothing was left, and nothing has come back";
}

}  // namespace
}  // namespace baton::test
