// What the error codes of PostgreSQL mean.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "db/postgres/away_log.h"
#include "db/postgres/sql_state.h"

namespace baton::db {
namespace {

TEST(SqlState, tells_what_to_do_next) {
    const auto is = [](std::string_view state, Errc code, Aftermath aftermath) {
        EXPECT_EQ(verdict_of(state), (Verdict{code, aftermath})) << state;
    };
    is("40001", Errc::database_unavailable, Aftermath::repeat);
    is("40P01", Errc::database_unavailable, Aftermath::repeat);
    is("26000", Errc::database_unavailable, Aftermath::forget);
    is("0A000", Errc::unsupported, Aftermath::forget);
    is("57P01", Errc::database_unavailable, Aftermath::reconnect);
    is("57P03", Errc::database_unavailable, Aftermath::reconnect);
    is("08006", Errc::database_unavailable, Aftermath::reconnect);
    is("25006", Errc::database_unavailable, Aftermath::reconnect);
    is("57014", Errc::database_unavailable, Aftermath::none);
    is("23505", Errc::conflict, Aftermath::none);
    is("53100", Errc::storage_full, Aftermath::none);
    is("42P01", Errc::database_unavailable, Aftermath::none);
    is("53300", Errc::database_unavailable, Aftermath::none);
    is("XX001", Errc::storage_corrupt, Aftermath::none);
    is("42601", Errc::internal, Aftermath::none);
    is("", Errc::internal, Aftermath::none);
}

TEST(AwayLog, tells_callers_what_kind_of_refusal_it_is_and_none_of_its_words) {
    AwayLog away{Log()};
    const auto told = [&](Errc code) { return away.refused({.code = code, .detail = "base/1/2"}); };
    EXPECT_EQ(told(Errc::permission_denied).code, Errc::database_unavailable);
    for (const Errc code : {Errc::database_unavailable, Errc::storage_full, Errc::storage_io}) {
        EXPECT_EQ(told(code).code, code);
        EXPECT_EQ(told(code).detail, "the database could not do it now");
    }
}

class Counter final : public LogSink {
public:
    bool enabled(LogLevel) const noexcept override { return true; }
    void write(
        LogLevel, std::string_view, std::string_view, std::span<const LogField>) noexcept override {
        ++lines;
    }
    std::size_t lines = 0;
};

TEST(AwayLog, tells_each_of_many_refusals_once) {
    const auto counter = std::make_shared<Counter>();
    AwayLog away{Log(counter, "db")};
    for (int i = 0; i < 2 * 64; ++i) {
        const auto told =
            away.refused({.code = Errc::database_unavailable, .detail = std::to_string(i % 64)});
        EXPECT_EQ(told.code, Errc::database_unavailable);
    }
    EXPECT_EQ(counter->lines, 64U);
}

TEST(ConnectErrors, are_read_from_their_words) {
    EXPECT_EQ(connect_errc("FATAL:  password authentication failed for user \"baton\""),
        Errc::permission_denied);
    EXPECT_EQ(connect_errc("FATAL:  no pg_hba.conf entry for host"), Errc::permission_denied);
    EXPECT_EQ(connect_errc("FATAL:  role \"x\" does not exist"), Errc::permission_denied);
    EXPECT_EQ(connect_errc("FATAL:  database \"x\" does not exist"), Errc::not_found);
    EXPECT_EQ(connect_errc("Connection refused"), Errc::database_unavailable);
}

}  // namespace
}  // namespace baton::db
