// Daemons whose conversations and keys are in PostgreSQL: the way of a message, and a server that
// goes away under it.
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/io_pool.h"
#include "support/daemon_session.h"
#include "support/eventually.h"
#include "support/postgres_server.h"
#include "support/raw_http.h"

namespace baton::test {
namespace {

using namespace std::chrono_literals;

class PostgresDaemon : public testing::Test {
protected:
    PostgresDaemon() { server_.reset(); }

    std::unique_ptr<Daemon> start(std::vector<std::string> more = {}) {
        auto settings = server_.settings();
        settings.insert(settings.end(),
            {"logging.level=error", "scheduler.retry_initial=50ms", "scheduler.retry_max=500ms"});
        settings.insert(settings.end(), more.begin(), more.end());
        return Daemon::start({.settings = std::move(settings)});
    }
    Result<DialogMessage> send(DaemonSession& session, const std::string& text) {
        return pool_.run(session.dialogs.send({.content = text}));
    }
    DialogMessage wait(DaemonSession& session, MessageId id) {
        auto done = pool_.run(session.dialogs.wait(id, Deadline::after(30s)));
        EXPECT_TRUE(done) << to_string(done.error());
        return done.value_or(DialogMessage{});
    }

    PostgresServer& server_ = PostgresServer::shared();
    IoPool pool_{1};
};

TEST_F(PostgresDaemon, answers_messages_and_keeps_them_over_its_own_end) {
    const auto daemon = start();
    DialogMessage asked;
    {
        DaemonSession session(*daemon);
        const auto sent = send(session, std::string("zero \0 and more", 15));
        ASSERT_TRUE(sent) << to_string(sent.error());
        asked = *sent;
        EXPECT_EQ(wait(session, asked.id).status, DialogStatus::completed);
    }
    const auto key = run_cli(*daemon, {"key", "create", "worker"});
    EXPECT_EQ(key.exit.status, 0) << key.err;
    daemon->kill9();
    daemon->restart();
    DaemonSession session(*daemon);
    const auto history = pool_.run(session.dialogs.history(asked.conversation_id, 10));
    ASSERT_TRUE(history) << to_string(history.error());
    ASSERT_EQ(history->size(), 1u);
    EXPECT_EQ(history->front().id, asked.id);
    EXPECT_EQ(history->front().content, asked.content);
    EXPECT_NE(run_cli(*daemon, {"key", "list"}).out.find("worker"), std::string::npos);
}

TEST_F(PostgresDaemon, says_unavailable_while_the_server_is_away_and_goes_on_when_it_is_back) {
    const auto daemon = start();
    DaemonSession session(*daemon);
    const auto first = send(session, "before");
    ASSERT_TRUE(first) << to_string(first.error());
    EXPECT_EQ(wait(session, first->id).status, DialogStatus::completed);
    server_.kill();
    const auto read = pool_.run(session.dialogs.get(first->id));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::database_unavailable) << to_string(read.error());
    EXPECT_GT(read.error().retry_after, Duration(0));
    server_.start();
    Result<DialogMessage> again = fail(Errc::unavailable, "not asked yet");
    EXPECT_TRUE(eventually([&] { return (again = send(session, "after")).has_value(); }))
        << to_string(again.error());
    ASSERT_TRUE(again);
    EXPECT_EQ(wait(session, again->id).status, DialogStatus::completed);
    EXPECT_EQ(wait(session, first->id).status, DialogStatus::completed);
}

TEST_F(PostgresDaemon, tells_callers_of_no_door_where_its_server_is) {
    const auto daemon = start({"logging.level=warn"});
    server_.kill();
    const auto http = net::make_client({});
    const auto call = [&](net::Method method, const std::string& target, std::string body) {
        net::ClientRequest request{
            .method = method, .url = daemon->url() + target, .body = std::move(body)};
        request.fields.set("Authorization", "Bearer " + daemon->admin_key());
        request.fields.set("Content-Type", "application/json");
        return pool_.run(http->send(std::move(request), Deadline::after(30s))).value();
    };
    const std::string port = std::to_string(server_.port());
    using enum net::Method;
    for (const auto& [method, target, body] :
        std::vector<std::tuple<net::Method, std::string, std::string>>{
            {get, "/api/v1/messages", ""}, {get, "/api/v1/conversations", ""},
            {post, "/api/v1/conversations", "{}"}, {get, "/api/v1/users", ""},
            {post, "/api/v1/messages", R"({"content":"hello"})"},
            {get, "/api/v1/search/messages?q=a", ""}, {post, "/admin/v1/keys", R"({"name":"k"})"},
            {post, "/kapi/msg_queue",
                R"({"method":"get_message_reply","params":{"message_id":"m"},"sys":[1,")" +
                    daemon->admin_key() + R"("]})"},
            {get, "/health/ready", ""}}) {
        const auto answer = call(method, target, body);
        EXPECT_FALSE(answer.body.contains(port)) << target << answer.body;
        EXPECT_FALSE(answer.body.contains("127.0.0.1")) << target << answer.body;
        EXPECT_FALSE(answer.body.contains("postgres:")) << target << answer.body;
        if (!target.starts_with("/api/") && !target.starts_with("/admin/")) continue;
        EXPECT_EQ(answer.status, 503) << target << answer.body;
        EXPECT_TRUE(answer.body.contains("the database is away")) << target << answer.body;
        EXPECT_FALSE(answer.fields.get("Retry-After").empty()) << target;
        const auto* told =
            target.starts_with("/api/") ? R"("error_code":2001,)" : R"("database_unavailable")";
        EXPECT_TRUE(answer.body.contains(told)) << target << answer.body;
    }
    EXPECT_TRUE(eventually([&] { return daemon->process().err().contains(port); }))
        << "the log says where: " << daemon->process().err();
    server_.start();
}

TEST_F(PostgresDaemon, holds_as_many_connections_as_the_guide_says) {
    const auto daemon = start({"database.readers=3"});
    static constexpr db::Statement others{
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'baton' AND "
        "backend_type = 'client backend' AND pid <> pg_backend_pid()"};  // not autovacuum's workers
    const auto database = db::make_postgres_database(server_.config());
    const auto connection = database->connect().value();
    std::int64_t count = 0;
    ASSERT_TRUE(connection->execute(others, {}, [&](const db::Row& row) {
        count = row.integer(0);
        return false;
    }));
    EXPECT_EQ(count, 3 + 5);
}

TEST_F(PostgresDaemon, loses_no_accepted_message_while_the_server_is_restarted_under_load) {
    const auto daemon = start();
    DaemonSession session(*daemon);
    std::vector<MessageId> accepted;
    for (int i = 0; i < 60; ++i) {
        if (i == 20) server_.kill();
        if (i == 30) server_.start();
        if (i == 40) server_.stop();
        if (i == 45) server_.start();
        const auto sent = send(session, "message " + std::to_string(i));
        if (sent) accepted.push_back(sent->id);
    }
    EXPECT_GE(accepted.size(), 20u);
    for (const auto id : accepted) {
        EXPECT_EQ(wait(session, id).status, DialogStatus::completed) << id.text();
    }
}

TEST_F(PostgresDaemon, waits_for_a_server_that_starts_later) {
    server_.kill();
    auto settings = server_.settings();
    settings.emplace_back("database.postgres.start_timeout=0ms");
    const auto refused = Daemon::run({.settings = settings});
    EXPECT_EQ(refused.exit.status, errc_info(Errc::database_unavailable).exit_code) << refused.err;
    auto nobody = std::make_unique<RawListener>(server_.port());
    std::jthread later([&] {
        nobody->accept().close();  // the daemon has tried, and found no PostgreSQL
        nobody.reset();
        server_.start();
    });
    const auto daemon = start();
    later.join();
    DaemonSession session(*daemon);
    const auto sent = send(session, "hello");
    EXPECT_TRUE(sent) << to_string(sent.error());
}

TEST_F(PostgresDaemon, does_not_wait_where_it_will_never_come_in) {
    auto settings = server_.settings();
    settings.emplace_back("database.postgres.dbname=nowhere");
    const auto refused = Daemon::run({.settings = settings});
    EXPECT_EQ(refused.exit.status, errc_info(Errc::not_found).exit_code) << refused.err;
    EXPECT_NE(refused.err.find("nowhere"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace baton::test
