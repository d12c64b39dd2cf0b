// Who may try a server that is away.
#include <gtest/gtest.h>

#include "base/server_gate.h"

namespace baton {
namespace {

constexpr Duration try_max{1'000};
constexpr SteadyTime start{std::chrono::hours(1)};

TEST(ServerGate, is_open_until_something_fails) {
    ServerGate gate;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(gate.closed_for(start, try_max), std::nullopt);
}

TEST(ServerGate, lets_one_try_at_a_time_after_growing_pauses) {
    ServerGate gate;
    auto now = start;
    for (const int pause : {100, 200, 400, 800, 1'600, 2'000, 2'000}) {
        EXPECT_EQ(gate.failed(now), Duration(pause));
        EXPECT_EQ(gate.closed_for(now, try_max), Duration(pause));
        EXPECT_EQ(gate.closed_for(now + Duration(pause - 1), try_max), Duration(1));
        now += Duration(pause);
        EXPECT_EQ(gate.closed_for(now, try_max), std::nullopt) << "one tries";
        EXPECT_EQ(gate.closed_for(now, try_max), try_max) << "and the others wait for it";
    }
    gate.succeeded();
    EXPECT_EQ(gate.closed_for(now, try_max), std::nullopt);
    EXPECT_EQ(gate.failed(now), Duration(100)) << "pauses begin anew";
}

TEST(ServerGate, lets_another_try_when_the_first_never_said_how_it_went) {
    ServerGate gate;
    gate.failed(start);
    const auto now = start + Duration(100);
    EXPECT_EQ(gate.closed_for(now, try_max), std::nullopt);
    EXPECT_EQ(gate.closed_for(now + try_max, try_max), std::nullopt);
}

}  // namespace
}  // namespace baton
