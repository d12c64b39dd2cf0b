// A real PostgreSQL behind the port: what it says no to, transactions that meet, servers that go.
#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "db/postgres/postgres_database.h"
#include "support/eventually.h"
#include "support/fault_proxy.h"
#include "support/postgres_server.h"

namespace baton::db {
namespace {

using test::PostgresServer;

constexpr Statement insert{"INSERT INTO numbers (x) VALUES (?)"};
constexpr Statement count{"SELECT count(*) FROM numbers"};
constexpr Statement sum{"SELECT sum(x) FROM numbers"};

class Postgres : public ::testing::Test {
protected:
    Postgres() {
        PostgresServer::shared().reset();
        PostgresServer::shared().run("CREATE TABLE numbers (x BIGINT PRIMARY KEY)");
    }

    static std::array<Value, 1> one(std::int64_t x) { return {x}; }
    static Result<void> add(Connection& connection, std::int64_t x) {
        BATON_TRY_VOID(connection.execute(insert, one(x)));
        return {};
    }
    static std::int64_t number(Connection& connection, const Statement& statement) {
        std::int64_t number = -1;
        const auto done = connection.execute(statement, {}, [&](const Row& row) {
            number = row.integer(0);
            return true;
        });
        EXPECT_TRUE(done) << to_string(done.error());
        return number;
    }
    static Errc connect_code(const PostgresConfig& config) {
        const auto database = make_postgres_database(config);
        const auto connection = database->connect();
        return connection ? Errc::internal : connection.error().code;
    }

    PostgresServer& server_ = PostgresServer::shared();
    PostgresConfig config_ = server_.config();
    std::unique_ptr<Database> database_ = make_postgres_database(config_);
};

TEST_F(Postgres, says_why_nobody_comes_in) {
    auto other = config_;
    other.dbname = "nowhere";
    EXPECT_EQ(connect_code(other), Errc::not_found);
    other = config_;
    other.user = "nobody";
    EXPECT_EQ(connect_code(other), Errc::permission_denied);
    other = config_;
    other.sslmode = "require";
    EXPECT_EQ(connect_code(other), Errc::database_unavailable) << "this server has no TLS";
    other = config_;
    other.port = 1;
    EXPECT_EQ(connect_code(other), Errc::database_unavailable);
    server_.run("DROP DATABASE IF EXISTS latin");
    server_.run("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    other = config_;
    other.dbname = "latin";
    EXPECT_EQ(connect_code(other), Errc::invalid_config);
}

TEST_F(Postgres, gives_up_on_a_server_that_says_nothing) {
    test::FaultProxy proxy(server_.port());
    proxy.set_link(test::Link::hold);
    config_.port = proxy.port();
    config_.connect_timeout = Duration(200);
    const auto database = make_postgres_database(config_);
    const auto connection = database->connect();
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().code, Errc::database_unavailable);
    EXPECT_GT(connection.error().retry_after, Duration(0));
}

TEST_F(Postgres, gives_up_on_a_server_that_falls_silent_and_comes_back_to_it) {
    test::FaultProxy proxy(server_.port());
    config_.port = proxy.port();
    config_.connect_timeout = Duration(200);
    config_.statement_timeout = Duration(200);
    const auto database = make_postgres_database(config_);
    const auto connection = database->connect().value();
    proxy.set_link(test::Link::hold);
    const auto silent = add(*connection, 1);
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().code, Errc::database_unavailable);
    proxy.set_link(test::Link::pass);
    EXPECT_TRUE(test::eventually([&] { return add(*connection, 2).has_value(); }));
}

TEST_F(Postgres, ends_a_statement_that_takes_too_long) {
    config_.statement_timeout = Duration(100);
    const auto database = make_postgres_database(config_);
    const auto connection = database->connect().value();
    static constexpr Statement wait{"SELECT pg_sleep(30)"};
    EXPECT_EQ(connection->execute(wait).error().code, Errc::database_unavailable);
    EXPECT_EQ(number(*connection, count), 0) << "the connection is good";
}

TEST_F(Postgres, ends_a_wait_for_a_row_that_takes_too_long) {
    config_.lock_timeout = Duration(100);
    const auto database = make_postgres_database(config_);
    const auto first = database->connect().value();
    const auto second = database->connect().value();
    ASSERT_TRUE(first->begin());
    ASSERT_TRUE(add(*first, 1));
    EXPECT_EQ(add(*second, 1).error().code, Errc::database_unavailable);
    first->rollback();
    EXPECT_TRUE(add(*second, 1));
}

TEST_F(Postgres, can_not_commit_what_has_failed) {
    const auto connection = database_->connect().value();
    ASSERT_TRUE(connection->begin());
    ASSERT_TRUE(add(*connection, 1));
    ASSERT_FALSE(add(*connection, 1));
    EXPECT_FALSE(connection->commit());
    connection->rollback();
    EXPECT_EQ(number(*connection, count), 0);
}

TEST_F(Postgres, says_that_a_transaction_may_run_again_when_another_was_in_its_way) {
    const auto first = database_->connect().value();
    const auto second = database_->connect().value();
    ASSERT_TRUE(first->begin());
    ASSERT_TRUE(second->begin());
    EXPECT_EQ(number(*first, count), 0);
    EXPECT_EQ(number(*second, count), 0);
    ASSERT_TRUE(add(*first, 1));
    ASSERT_TRUE(add(*second, 2));
    ASSERT_TRUE(first->commit());
    EXPECT_FALSE(first->must_repeat());
    const auto late = second->commit();
    ASSERT_FALSE(late) << "both counted none, and only one of them can have been first";
    EXPECT_EQ(late.error().code, Errc::database_unavailable);
    EXPECT_TRUE(second->must_repeat());
    second->rollback();
    ASSERT_TRUE(second->begin());
    EXPECT_FALSE(second->must_repeat());
    EXPECT_EQ(number(*second, count), 1);
    second->rollback();
}

TEST_F(Postgres, runs_a_transaction_again_that_a_deadlock_ended) {
    server_.run("INSERT INTO numbers VALUES (1), (2)");
    static constexpr Statement touch{"UPDATE numbers SET x = x WHERE x = ?"};
    std::atomic<int> runs{0};
    std::atomic<int> in_first{0};
    const auto both = [&](std::int64_t a, std::int64_t b) {
        const auto connection = database_->connect().value();
        int own = 0;
        EXPECT_TRUE(in_transaction(*connection, [&]() -> Result<void> {
            ++runs;
            BATON_TRY_VOID(connection->execute(touch, one(a)));
            if (own++ == 0) {
                ++in_first;
                while (in_first < 2) std::this_thread::yield();
            }
            BATON_TRY_VOID(connection->execute(touch, one(b)));
            return {};
        }));
    };
    {
        std::jthread other([&] { both(2, 1); });
        both(1, 2);
    }
    EXPECT_GE(runs, 3);
}

TEST_F(Postgres, prepares_anew_what_is_gone) {
    const auto connection = database_->connect().value();
    EXPECT_EQ(number(*connection, count), 0);
    ASSERT_TRUE(connection->execute_script("DEALLOCATE ALL"));
    EXPECT_EQ(number(*connection, count), 0);
    ASSERT_TRUE(connection->execute_script("DEALLOCATE ALL"));
    ASSERT_TRUE(in_transaction(*connection, [&] { return add(*connection, 1); }));
    static constexpr Statement all{"SELECT * FROM numbers"};
    EXPECT_EQ(number(*connection, all), 1);
    server_.run("ALTER TABLE numbers ADD COLUMN y BIGINT");
    EXPECT_EQ(number(*connection, all), 1) << "its plan was for another table";
}

TEST_F(Postgres, does_not_miss_a_server_that_restarts_between_calls) {
    const auto idle = database_->connect().value();
    const auto writer = database_->connect().value();
    ASSERT_TRUE(add(*idle, 1));
    ASSERT_TRUE(in_transaction(*writer, [&] { return add(*writer, 2); }));
    server_.stop();
    server_.start();
    EXPECT_TRUE(add(*idle, 3)) << "a write, which is not repeated: the break was seen before it";
    EXPECT_TRUE(in_transaction(*writer, [&] { return add(*writer, 4); }));
    EXPECT_EQ(number(*idle, sum), 10);
}

TEST_F(Postgres, is_unavailable_at_once_while_the_server_is_away_and_comes_back_with_it) {
    const auto first = database_->connect().value();
    const auto second = database_->connect().value();
    ASSERT_TRUE(add(*first, 1));
    server_.kill();
    for (const auto* connection : {&first, &second}) {
        const auto read = (*connection)->execute(count);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Errc::database_unavailable);
        EXPECT_GT(read.error().retry_after, Duration(0));
        EXPECT_LE(read.error().retry_after, Duration(2'000));
        EXPECT_EQ((*connection)->begin().error().code, Errc::database_unavailable);
        EXPECT_FALSE((*connection)->must_repeat());
    }
    EXPECT_EQ(database_->connect().error().code, Errc::database_unavailable);
    server_.start();
    for (const auto* connection : {&first, &second}) {
        EXPECT_TRUE(test::eventually([&] { return (*connection)->execute(count).has_value(); }));
        EXPECT_EQ(number(**connection, sum), 1);
    }
}

/// Keeps what it is told.
class Listener final : public LogSink {
public:
    bool enabled(LogLevel) const noexcept override { return true; }
    void write(LogLevel, std::string_view, std::string_view message,
        std::span<const LogField> fields) noexcept override {
        lines.emplace_back(message);
        for (const auto& field : fields) {
            if (const auto* text = std::get_if<std::string_view>(&field.value)) {
                lines.back() += ' ' + std::string(*text);
            }
        }
    }
    std::vector<std::string> lines;
};

TEST_F(Postgres, tells_callers_only_that_it_is_away_and_the_log_why_once) {
    const auto listener = std::make_shared<Listener>();
    const auto database = make_postgres_database(config_, Log(listener, "db"));
    const auto connection = database->connect().value();
    const std::string port = std::to_string(server_.port());
    const auto expect_plain = [&](const Error& error) {
        EXPECT_EQ(error.code, Errc::database_unavailable);
        EXPECT_EQ(error.detail, "the database is away");
        EXPECT_GT(error.retry_after, Duration(0));
    };
    ASSERT_TRUE(connection->begin());
    server_.kill();
    expect_plain(add(*connection, 1).error());
    expect_plain(add(*connection, 1).error());
    expect_plain(connection->commit().error());
    connection->rollback();
    const auto tries_anew = [&] {
        expect_plain(connection->begin().error());
        expect_plain(connection->execute_script("SELECT 1").error());
        expect_plain(connection->execute(count).error());
        return std::ranges::any_of(
            listener->lines, [&](const auto& line) { return line.contains(port); });
    };
    EXPECT_TRUE(test::eventually(tries_anew));
    EXPECT_LE(listener->lines.size(), 3u) << testing::PrintToString(listener->lines);
    EXPECT_NE(database->connect().error().detail, "the database is away") << "who starts may know";
    server_.start();
    EXPECT_TRUE(test::eventually([&] { return connection->execute(count).has_value(); }));
    EXPECT_EQ(listener->lines.back(), "the database is back");
}

TEST_F(Postgres, that_lets_nobody_in_any_more_is_away_for_callers) {
    server_.run("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN");
    config_.user = "guest";
    const auto database = make_postgres_database(config_);
    const auto connection = database->connect().value();
    EXPECT_TRUE(connection->execute_script("SELECT 1"));
    server_.run(
        "ALTER ROLE guest NOLOGIN; "
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guest'");
    const auto shut_out = [&] {
        const auto refused = connection->execute_script("SELECT 1");
        return !refused && refused.error().code == Errc::database_unavailable;
    };
    EXPECT_TRUE(test::eventually(shut_out));
    const auto starter = make_postgres_database(config_);  // which does not wait for the first one
    EXPECT_EQ(starter->connect().error().code, Errc::permission_denied) << "who starts may know";
    EXPECT_EQ(connection->begin().error().code, Errc::database_unavailable)
        << "a caller's own permissions are another matter";
    server_.run("ALTER ROLE guest LOGIN");
    EXPECT_TRUE(
        test::eventually([&] { return connection->execute_script("SELECT 1").has_value(); }));
}

TEST_F(Postgres, that_refuses_a_statement_is_unavailable_for_callers_and_the_log_says_why) {
    server_.run("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN");
    config_.user = "guest";
    config_.lock_timeout = Duration(100);
    const auto listener = std::make_shared<Listener>();
    const auto database = make_postgres_database(config_, Log(listener, "db"));
    const auto connection = database->connect().value();
    const auto expect_plain = [&](const Result<void>& done) {
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, Errc::database_unavailable) << "no fault of the caller's key";
        EXPECT_EQ(done.error().detail, "the database could not do it now");
        EXPECT_EQ(done.error().retry_after, Duration(1'000));
    };
    expect_plain(add(*connection, 1));  // it may not even look into the schema
    server_.run("GRANT USAGE ON SCHEMA public TO guest");
    expect_plain(add(*connection, 1));
    expect_plain(in_transaction(*connection, [&] { return add(*connection, 1); }));
    ASSERT_EQ(listener->lines.size(), 2u) << "each once, for a while";
    EXPECT_TRUE(listener->lines.back().contains("permission denied for table numbers"));
    const auto of_schema = in_transaction_alone(*connection, [&] { return add(*connection, 1); });
    EXPECT_EQ(of_schema.error().code, Errc::permission_denied) << "who changes it may know";
    server_.run("GRANT ALL ON numbers TO guest");
    const auto other = database_->connect().value();
    ASSERT_TRUE(other->begin() && add(*other, 1));
    expect_plain(add(*connection, 1));
    other->rollback();
    EXPECT_TRUE(add(*connection, 1));
}

TEST_F(Postgres, runs_a_transaction_again_whose_server_went_away_before_the_commit) {
    const auto connection = database_->connect().value();
    int runs = 0;
    ASSERT_TRUE(in_transaction(*connection, [&]() -> Result<void> {
        BATON_TRY_VOID(add(*connection, 1));
        if (++runs == 1) {
            server_.kill();
            server_.start();
        }
        return add(*connection, 2);
    }));
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(number(*connection, sum), 3);
}

TEST_F(Postgres, does_not_repeat_a_commit_whose_answer_is_lost) {
    test::FaultProxy proxy(server_.port());
    config_.port = proxy.port();
    config_.connect_timeout = Duration(200);
    config_.statement_timeout = Duration(200);
    const auto database = make_postgres_database(config_);
    const auto connection = database->connect().value();
    int runs = 0;
    const auto done = in_transaction(*connection, [&]() -> Result<void> {
        ++runs;
        BATON_TRY_VOID(add(*connection, 1));
        proxy.set_link(test::Link::hold);
        return {};
    });
    EXPECT_EQ(done.error().code, Errc::database_unavailable);
    EXPECT_NE(done.error().detail.find("unknown"), std::string::npos);
    EXPECT_EQ(runs, 1);
}

TEST_F(Postgres, begins_alone_one_after_the_other) {
    const auto first = database_->connect().value();
    ASSERT_TRUE(first->begin_alone());
    ASSERT_TRUE(add(*first, 1));
    std::atomic<bool> inside{false};
    std::jthread other([&] {
        const auto second = database_->connect().value();
        EXPECT_TRUE(second->begin_alone());
        inside = true;
        EXPECT_EQ(number(*second, count), 1) << "sees what the first did";
        second->rollback();
    });
    const auto waiting = [&] {
        static constexpr Statement locks{
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"};
        const auto third = database_->connect().value();
        return number(*third, locks) == 1;
    };
    EXPECT_TRUE(test::eventually(waiting));
    EXPECT_FALSE(inside);
    ASSERT_TRUE(first->commit());
}

TEST_F(Postgres, commits_durably_whatever_the_server_defaults_to) {
    server_.run("ALTER DATABASE baton SET synchronous_commit = off");
    const auto connection = database_->connect().value();
    static constexpr Statement ask{"SELECT current_setting('synchronous_commit')"};
    std::string answer;
    ASSERT_TRUE(connection->execute(ask, {}, [&](const Row& row) {
        answer = row.text(0);
        return true;
    }));
    EXPECT_EQ(answer, "on");
    server_.run("ALTER DATABASE baton RESET synchronous_commit");
}

}  // namespace
}  // namespace baton::db
