// Who may try a server that is away, and what its error codes mean.
#include <gtest/gtest.h>

#include "db/postgres/server_gate.h"
#include "db/postgres/sql_state.h"

namespace baton::db {
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

TEST(SqlState, tells_what_to_do_next) {
    const auto is = [](std::string_view state, Errc code, Aftermath aftermath) {
        EXPECT_EQ(verdict_of(state), (Verdict{code, aftermath})) << state;
    };
    is("40001", Errc::unavailable, Aftermath::repeat);
    is("40P01", Errc::unavailable, Aftermath::repeat);
    is("26000", Errc::unavailable, Aftermath::forget);
    is("0A000", Errc::unsupported, Aftermath::forget);
    is("57P01", Errc::unavailable, Aftermath::reconnect);
    is("57P03", Errc::unavailable, Aftermath::reconnect);
    is("08006", Errc::unavailable, Aftermath::reconnect);
    is("25006", Errc::unavailable, Aftermath::reconnect);
    is("57014", Errc::unavailable, Aftermath::none);
    is("23505", Errc::conflict, Aftermath::none);
    is("53100", Errc::storage_full, Aftermath::none);
    is("53300", Errc::unavailable, Aftermath::none);
    is("XX001", Errc::storage_corrupt, Aftermath::none);
    is("42601", Errc::internal, Aftermath::none);
    is("", Errc::internal, Aftermath::none);
}

TEST(ConnectErrors, are_read_from_their_words) {
    EXPECT_EQ(connect_errc("FATAL:  password authentication failed for user \"baton\""),
        Errc::permission_denied);
    EXPECT_EQ(connect_errc("FATAL:  no pg_hba.conf entry for host"), Errc::permission_denied);
    EXPECT_EQ(connect_errc("FATAL:  role \"x\" does not exist"), Errc::permission_denied);
    EXPECT_EQ(connect_errc("FATAL:  database \"x\" does not exist"), Errc::not_found);
    EXPECT_EQ(connect_errc("Connection refused"), Errc::unavailable);
}

}  // namespace
}  // namespace baton::db
