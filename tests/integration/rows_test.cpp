// `baton migrate export` and `import`: what a daemon kept in one database is served by a daemon on
// the other one, and nothing is ever half there.
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include "integration/database_daemon.h"

namespace baton::test {
namespace {

namespace json = boost::json;
using net::Method;
using namespace std::chrono_literals;

/// The parameter is where rows come from; they go to the other kind.
class DatabaseRows : public DatabaseDaemon {
protected:
    DatabaseRows() { PostgresServer::shared().reset(); }

    static DatabaseKind from() { return GetParam(); }
    static DatabaseKind to() {
        return from() == DatabaseKind::sqlite ? DatabaseKind::postgres : DatabaseKind::sqlite;
    }
    std::filesystem::path data(DatabaseKind kind) const {
        return dir_ / (kind == DatabaseKind::sqlite ? "sqlite" : "postgres");
    }
    static std::vector<std::string> settings(DatabaseKind kind) {
        if (kind == DatabaseKind::sqlite) return {"database.kind=sqlite"};
        return PostgresServer::shared().settings();
    }
    std::unique_ptr<Daemon> start_on(DatabaseKind kind) const {
        auto all = settings(kind);
        all.emplace_back("logging.level=warn");
        return Daemon::start({.data_dir = data(kind), .settings = std::move(all)});
    }
    ProcessOptions command(DatabaseKind kind, std::vector<std::string> words) const {
        std::vector<std::string> arguments{"--data-dir", data(kind).string()};
        arguments.insert(arguments.end(), words.begin(), words.end());
        for (const auto& setting : settings(kind)) {
            arguments.insert(arguments.end(), {"--set", setting});
        }
        return {
            .program = std::string(BATON_BIN_DIR) + "/baton", .arguments = std::move(arguments)};
    }
    Finished baton(
        DatabaseKind kind, std::vector<std::string> words, std::string input = {}) const {
        auto options = command(kind, std::move(words));
        options.input = std::move(input);
        return run_process(std::move(options));
    }
    std::string exported(DatabaseKind kind) const {
        const auto file = dir_ / "rows.ndjson";
        const auto ran = baton(kind, {"migrate", "export", file.string()});
        EXPECT_EQ(ran.exit.status, 0) << ran.err;
        EXPECT_NE(ran.out.find("exported"), std::string::npos) << ran.out;
        using std::filesystem::perms;
        EXPECT_EQ(
            std::filesystem::status(file).permissions(), perms::owner_read | perms::owner_write);
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::string file_with(const std::string& lines) const {
        const auto file = dir_ / "given.ndjson";
        std::ofstream(file, std::ios::binary) << lines;
        return file.string();
    }

    /// One of each thing a daemon keeps. The path of the conversation.
    std::string fill(const Daemon& daemon) {
        const auto made = data_of(call(daemon, Method::post, "/api/v1/conversations",
            R"({"title":"'; DROP TABLE users; --","context":"Be brief.\n","metadata":{"k":"\u0000"}})"));
        const auto conversation = "/api/v1/conversations/" + std::string(made.at("id").as_string());
        for (const std::string text : {R"(zero \u0000 needle)", R"(\u0001 \ud83d\ude00 needle)"}) {
            const auto sent = data_of(call(daemon, Method::post, conversation + "/messages",
                R"({"user_id":"u","content":")" + text + "\"}"));
            const auto ended = data_of(get(daemon,
                "/api/v1/messages/" + std::string(sent.at("id").as_string()) + "?wait_ms=20000"));
            EXPECT_EQ(ended.at("status"), "completed");
        }
        EXPECT_EQ(call(daemon, Method::put, "/api/v1/users/u",
                      R"({"tier":"gold","messages_per_day":2000000000})")
                      .status,
            200);
        return conversation;
    }

    TempDir dir_{fast_place()};
};

TEST_P(DatabaseRows, are_served_from_the_other_database_and_come_back_the_same) {
    std::string conversation;
    std::string key;
    std::string before;
    std::string steps;
    const auto steps_in = [&](const Daemon& daemon) {
        const auto turns = data_of(get(daemon, conversation + "/messages")).at("messages");
        const std::string id(turns.at(0).at("id").as_string());
        return json::serialize(
            data_of(get(daemon, "/api/v1/messages/" + id + "/steps")).at("steps"));
    };
    {
        const auto daemon = start_on(from());
        conversation = fill(*daemon);
        before = get(*daemon, conversation + "/messages").body;
        steps = steps_in(*daemon);
        EXPECT_NE(steps.find("\"kind\":\"model\""), std::string::npos) << steps;
        const auto made = run_cli(*daemon, {"key", "create", "worker", "--json"});
        key = std::string(json::parse(made.out).at("key").as_string());
        daemon->terminate();
        ASSERT_EQ(daemon->wait_exit(), (Exit{0, 0}));
    }
    const auto lines = exported(from());
    const auto imported = baton(to(), {"--json", "migrate", "import", file_with(lines)});
    ASSERT_EQ(imported.exit.status, 0) << imported.err;
    EXPECT_GT(json::parse(imported.out).at("rows").as_int64(), 5) << imported.out;
    EXPECT_EQ(exported(to()), lines);
    {
        const auto daemon = start_on(to());
        const auto pick = [&](const std::string& body) {
            return json::serialize(json::parse(body).at("data").at("messages"));
        };
        EXPECT_EQ(pick(get(*daemon, conversation + "/messages").body), pick(before));
        EXPECT_EQ(steps_in(*daemon), steps);
        const auto found = data_of(get(*daemon, "/api/v1/search/messages?q=needle"));
        EXPECT_EQ(found.at("messages").as_array().size(), 4u) << "two questions, two answers";
        EXPECT_EQ(data_of(get(*daemon, "/api/v1/users/u")).at("tier"), "gold");
        net::ClientRequest request{.method = Method::get, .url = daemon->url() + "/v1/queues"};
        request.fields.set("Authorization", "Bearer " + key);
        EXPECT_EQ(pool_.run(http_->send(std::move(request), Deadline::after(30s)))->status, 200);
        const auto sent = data_of(
            call(*daemon, Method::post, conversation + "/messages", R"({"content":"needle"})"));
        const auto ended = data_of(get(*daemon,
            "/api/v1/messages/" + std::string(sent.at("id").as_string()) + "?wait_ms=20000"));
        EXPECT_EQ(ended.at("status"), "completed") << "places go on behind those that came";
        daemon->terminate();
        ASSERT_EQ(daemon->wait_exit(), (Exit{0, 0}));
    }
    const auto grown = exported(to());
    const auto back = baton(from(), {"migrate", "import", file_with(grown), "--replace"});
    ASSERT_EQ(back.exit.status, 0) << back.err;
    EXPECT_EQ(exported(from()), grown);
}

TEST_P(DatabaseRows, are_refused_where_others_are_or_a_daemon_is) {
    {
        const auto daemon = start_on(to());
        fill(*daemon);
        if (to() == DatabaseKind::sqlite) {
            const auto locked = baton(to(), {"migrate", "export", (dir_ / "x").string()});
            EXPECT_EQ(locked.exit.status, errc_info(Errc::data_dir_locked).exit_code);
        }
        daemon->terminate();
        ASSERT_EQ(daemon->wait_exit(), (Exit{0, 0}));
    }
    ASSERT_EQ(baton(from(), {"migrate", "up"}).exit.status, 0);
    const auto lines = exported(from());
    const auto before = exported(to());
    const auto refused = baton(to(), {"migrate", "import", file_with(lines)});
    EXPECT_EQ(refused.exit.status, errc_info(Errc::conflict).exit_code) << refused.err;
    EXPECT_NE(refused.err.find("not empty"), std::string::npos) << refused.err;
    EXPECT_EQ(exported(to()), before);
    const auto cut = lines.substr(0, lines.size() / 2);
    const auto half = baton(to(), {"migrate", "import", file_with(cut), "--replace"});
    EXPECT_EQ(half.exit.status, errc_info(Errc::invalid_argument).exit_code) << half.err;
    EXPECT_EQ(exported(to()), before);
    EXPECT_EQ(baton(to(), {"migrate", "import", file_with(lines), "--replace"}).exit.status, 0);
    EXPECT_EQ(exported(to()), lines);
    EXPECT_EQ(baton(to(), {"migrate", "import", (dir_ / "none").string()}).exit.status,
        errc_info(Errc::not_found).exit_code);
}

TEST_P(DatabaseRows, go_through_a_pipe) {
    const auto daemon = start_on(from());
    fill(*daemon);
    daemon->terminate();
    ASSERT_EQ(daemon->wait_exit(), (Exit{0, 0}));
    const auto out = baton(from(), {"migrate", "export", "-"});
    ASSERT_EQ(out.exit.status, 0) << out.err;
    EXPECT_NE(out.err.find("exported"), std::string::npos) << out.err;
    const auto in = baton(to(), {"migrate", "import", "-"}, out.out);
    ASSERT_EQ(in.exit.status, 0) << in.err;
    EXPECT_EQ(exported(to()), out.out);
}

/// The archive of a database with many names, which are rows without any other.
std::string many_rows(const std::string& empty, int count) {
    std::string lines = empty;
    const auto at = lines.find("{\"table\":\"llm_pool\"");
    EXPECT_NE(at, std::string::npos);
    std::string rows;
    for (int i = 0; i < count; ++i) rows += fmt::format("[\"name-{:07}\",\"m\",1]\n", i);
    return lines.insert(at, rows);
}

TEST_P(DatabaseRows, of_an_import_that_was_killed_are_not_there) {
    ASSERT_EQ(baton(to(), {"migrate", "up"}).exit.status, 0);
    const auto empty = exported(to());
    const auto lines = many_rows(empty, 40'000);
    const auto pipe = (dir_ / "pipe").string();
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    Process importing(command(to(), {"migrate", "import", pipe}));
    const int writer = ::open(pipe.c_str(), O_WRONLY | O_CLOEXEC);  // returns when it reads
    ASSERT_GE(writer, 0);
    // A pipe holds 64 KiB: when all is written, all but that was read.
    for (std::size_t sent = 0; sent < lines.size() / 2;) {
        const auto wrote = ::write(writer, lines.data() + sent, lines.size() / 2 - sent);
        ASSERT_GT(wrote, 0) << importing.err();
        sent += static_cast<std::size_t>(wrote);
    }
    importing.send_signal(SIGKILL);
    ASSERT_TRUE(importing.wait_exit(10s));
    ::close(writer);
    EXPECT_EQ(exported(to()), empty);
}

INSTANTIATE_TEST_SUITE_P(Databases, DatabaseRows, both_databases(), database_name);

}  // namespace
}  // namespace baton::test
