// `baton migrate` on both databases: there and back, looked at, refused, killed in the middle.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "db/migrations.h"
#include "support/daemon.h"
#include "support/eventually.h"
#include "support/test_database.h"

namespace baton::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

class MigrateCommand : public testing::TestWithParam<DatabaseKind> {
protected:
    MigrateCommand() {
        if (is_postgres()) PostgresServer::shared().reset();
    }

    static bool is_postgres() { return GetParam() == DatabaseKind::postgres; }
    int last() const {
        return static_cast<int>(
            db::embedded_migrations(is_postgres() ? "postgres" : "sqlite").size());
    }
    std::vector<std::string> settings() const {
        return is_postgres() ? PostgresServer::shared().settings() : std::vector<std::string>{};
    }
    ProcessOptions command(std::vector<std::string> words) const {
        std::vector<std::string> arguments{"--data-dir", data()};
        arguments.insert(arguments.end(), words.begin(), words.end());
        for (const auto& setting : settings()) {
            arguments.insert(arguments.end(), {"--set", setting});
        }
        return {
            .program = std::string(BATON_BIN_DIR) + "/baton", .arguments = std::move(arguments)};
    }
    Finished baton(std::vector<std::string> words) const {
        return run_process(command(std::move(words)));
    }
    json::object status() const {
        const auto told = baton({"--json", "migrate", "status"});
        EXPECT_EQ(told.exit.status, 0) << told.err;
        return json::parse(told.out).as_object();
    }
    std::int64_t version() const { return status().at("version").as_int64(); }
    std::string data() const { return (dir_ / "data").string(); }

    TempDir dir_;
};

TEST_P(MigrateCommand, goes_up_and_down_and_tells_where_it_is) {
    const auto rehearsed = baton({"migrate", "up", "--dry-run"});
    EXPECT_EQ(rehearsed.exit.status, 0) << rehearsed.err;
    EXPECT_NE(rehearsed.out.find("up 0001 keys"), std::string::npos) << rehearsed.out;
    EXPECT_EQ(version(), 0);
    EXPECT_EQ(baton({"migrate", "up", "--to", "2"}).exit.status, 0);
    EXPECT_EQ(version(), 2);
    const auto up = baton({"--json", "migrate", "up"});
    EXPECT_EQ(up.exit.status, 0) << up.err;
    const auto told = json::parse(up.out).as_object();
    EXPECT_EQ(told.at("from"), 2);
    EXPECT_EQ(told.at("version"), last());
    EXPECT_EQ(told.at("steps").as_array().size(), static_cast<std::size_t>(last() - 2));
    EXPECT_EQ(status().at("steps").as_array().front().at("state"), "landed");
    EXPECT_EQ(baton({"migrate", "down"}).exit.status, 0);
    EXPECT_EQ(version(), last() - 1);
    EXPECT_EQ(baton({"migrate", "down", "--to", "0"}).exit.status, 0);
    EXPECT_EQ(version(), 0);
    const auto beyond = baton({"migrate", "up", "--to", "99"});
    EXPECT_EQ(beyond.exit.status, errc_info(Errc::invalid_argument).exit_code) << beyond.err;
}

/// Of a file only: a server has the database or has not.
class MigrateNothing : public MigrateCommand {
protected:
    void expect_not_found(const std::string& what) {
        const auto file = (dir_ / "rows.ndjson").string();
        for (const auto& words : std::vector<std::vector<std::string>>{{"migrate", "status"},
                 {"--json", "migrate", "status"}, {"migrate", "down"},
                 {"migrate", "down", "--to", "0", "--dry-run"}, {"migrate", "export", file}}) {
            const auto told = baton(words);
            EXPECT_EQ(told.exit.status, errc_info(Errc::not_found).exit_code) << told.err;
            EXPECT_NE(told.err.find(what), std::string::npos) << told.err;
        }
    }
};

TEST_P(MigrateNothing, is_told_of_and_nothing_is_made) {
    expect_not_found("there is no data folder `" + data() + "`");
    EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
    std::filesystem::create_directory(data());
    expect_not_found("there is no database `" + data() + "/baton.db`");
    EXPECT_TRUE(std::filesystem::is_empty(data()));
    EXPECT_EQ(baton({"migrate", "up"}).exit.status, 0) << "that makes one";
    EXPECT_EQ(version(), last());
}

INSTANTIATE_TEST_SUITE_P(
    Databases, MigrateNothing, testing::Values(DatabaseKind::sqlite), database_name);

TEST_P(MigrateCommand, is_asked_for_by_a_daemon_that_must_not_migrate) {
    ASSERT_EQ(baton({"migrate", "up", "--to", "1"}).exit.status, 0);
    auto own = settings();
    own.insert(own.end(), {"database.migrate=false", "logging.level=error"});
    const auto refused = Daemon::run({.data_dir = data(), .settings = own});
    EXPECT_EQ(refused.exit.status, errc_info(Errc::conflict).exit_code) << refused.err;
    EXPECT_NE(refused.err.find("baton migrate up"), std::string::npos) << refused.err;
    ASSERT_EQ(baton({"migrate", "up"}).exit.status, 0);
    const auto daemon = Daemon::start({.data_dir = data(), .settings = own});
    if (!is_postgres()) {
        const auto locked = baton({"migrate", "down"});
        EXPECT_EQ(locked.exit.status, errc_info(Errc::data_dir_locked).exit_code) << locked.err;
    }
}

TEST_P(MigrateCommand, of_a_newer_program_is_refused_by_status_and_daemon) {
    ASSERT_EQ(baton({"migrate", "up"}).exit.status, 0);
    const std::string newer =
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (99, 'later', "
        "'x', 'then')";
    if (is_postgres()) {
        PostgresServer::shared().run(newer);
    } else {
        const auto database = db::make_sqlite_database({.file = dir_ / "data/baton.db"});
        ASSERT_TRUE(database->connect().value()->execute_script(newer));
    }
    const auto told = baton({"migrate", "status"});
    EXPECT_EQ(told.exit.status, errc_info(Errc::conflict).exit_code);
    EXPECT_NE(told.out.find("unknown"), std::string::npos) << told.out;
    const auto refused = Daemon::run({.data_dir = data(), .settings = settings()});
    EXPECT_EQ(refused.exit.status, errc_info(Errc::conflict).exit_code) << refused.err;
    EXPECT_NE(refused.err.find("newer"), std::string::npos) << refused.err;
    EXPECT_EQ(
        baton({"migrate", "down", "--to", "0"}).exit.status, errc_info(Errc::conflict).exit_code);
}

/// Only of a server, where a second hand can hold a step up.
using MigrateKilled = MigrateCommand;

TEST_P(MigrateKilled, in_the_middle_of_a_step_has_not_done_it) {
    ASSERT_EQ(baton({"migrate", "up", "--to", "2"}).exit.status, 0);
    auto& server = PostgresServer::shared();
    const auto database = db::make_postgres_database(server.config());
    const auto holder = database->connect().value();
    ASSERT_TRUE(holder->begin());
    ASSERT_TRUE(holder->execute_script("LOCK TABLE dialog_messages IN ACCESS EXCLUSIVE MODE"));
    Process runner(command({"migrate", "up"}));
    const auto watcher = database->connect().value();
    const auto is_waiting = [&] {
        static constexpr db::Statement waiting{
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"};
        std::int64_t count = 0;
        EXPECT_TRUE(watcher->execute(waiting, {}, [&](const db::Row& row) {
            count = row.integer(0);
            return true;
        }));
        return count > 0;
    };
    ASSERT_TRUE(eventually(is_waiting)) << "the third step refers to that table";
    runner.send_signal(SIGKILL);
    ASSERT_TRUE(runner.wait_exit(10s));
    holder->rollback();
    EXPECT_EQ(version(), 2) << "waits for the killed one's lock, which its end gives back";
    EXPECT_EQ(baton({"migrate", "up"}).exit.status, 0);
    EXPECT_EQ(version(), last());
}

INSTANTIATE_TEST_SUITE_P(Databases, MigrateCommand, both_databases(), database_name);
INSTANTIATE_TEST_SUITE_P(
    Databases, MigrateKilled, testing::Values(DatabaseKind::postgres), database_name);

TEST(MigrateNew, makes_the_files_of_the_next_step_for_both_databases) {
    const TempDir dir;
    for (const auto* kind : {"sqlite", "postgres"}) {
        std::filesystem::create_directory(dir / kind);
        std::filesystem::copy_file(
            std::filesystem::path(BATON_SOURCE_DIR) / "migrations" / kind / "0001_keys.up.sql",
            dir.path() / kind / "0001_keys.up.sql");
    }
    const auto make = [&](const std::string& name) {
        return run_process({.program = std::string(BATON_BIN_DIR) + "/baton",
            .arguments = {"migrate", "new", name, "--folder", dir.path().string()}});
    };
    const auto made = make("run_costs");
    EXPECT_EQ(made.exit.status, 0) << made.err;
    for (const auto* file : {"sqlite/0002_run_costs.up.sql", "sqlite/0002_run_costs.down.sql",
             "postgres/0002_run_costs.up.sql", "postgres/0002_run_costs.down.sql"}) {
        EXPECT_TRUE(std::filesystem::is_regular_file(dir.path() / file)) << file;
    }
    EXPECT_EQ(make("later").exit.status, 0);
    EXPECT_TRUE(std::filesystem::exists(dir.path() / "postgres/0003_later.up.sql"));
    EXPECT_EQ(make("No/Name").exit.status, errc_info(Errc::invalid_argument).exit_code);
}

}  // namespace
}  // namespace baton::test
