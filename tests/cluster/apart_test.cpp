// Gateway and scheduler as daemons of their own over one PostgreSQL, and changes of messages and
// conversations in a cluster, whatever keeps them.
#include <memory>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "net/client.h"
#include "runtime/io_pool.h"
#include "support/daemon.h"
#include "support/daemon_session.h"
#include "support/eventually.h"
#include "support/nats_cluster.h"
#include "support/raw_http.h"
#include "support/temp_dir.h"
#include "support/test_database.h"

namespace baton::test {
namespace {

namespace json = boost::json;
using net::Method;
using namespace std::chrono_literals;

/// On SQLite one daemon is gateway and scheduler, because nobody else sees its conversations; on
/// PostgreSQL they are apart. A third one leads the queues.
class ClusterDialogs : public ::testing::TestWithParam<DatabaseKind> {
protected:
    ClusterDialogs() {
        if (is_postgres()) PostgresServer::shared().reset();
        queues_ = start("queue");
    }

    static bool is_postgres() { return GetParam() == DatabaseKind::postgres; }

    std::unique_ptr<Daemon> start(const std::string& roles) {
        std::vector<std::string> settings{"queue.store=jetstream",
            "nats.servers=[\"" + nats_.url(0) + "\"]", "nats.user=" + nats_.user().name,
            "nats.password=" + nats_.user().password, "nats.replicas=1", "cluster.partitions=2",
            "cluster.log_size=64MiB", "scheduler.timeout=60s", "scheduler.lease=2s",
            "scheduler.retry_initial=50ms", "logging.level=warn"};
        if (provider_) {
            settings.push_back(R"(llm.endpoints=[{"base_url":"http://127.0.0.1:)" +
                               std::to_string(provider_->port()) + R"(/v1"}])");
        }
        if (is_postgres()) {
            const auto more = PostgresServer::shared().settings();
            settings.insert(settings.end(), more.begin(), more.end());
        }
        return Daemon::start({.settings = std::move(settings), .arguments = {"--roles", roles}});
    }
    void start_dialogs() {
        gateway_ = start(is_postgres() ? "gateway" : "gateway,scheduler");
        if (is_postgres()) scheduler_ = start("scheduler");
    }

    net::Response call(
        const Daemon& daemon, Method method, const std::string& target, std::string body = {}) {
        net::ClientRequest request{
            .method = method, .url = daemon.url() + target, .body = std::move(body)};
        request.fields.set("Authorization", "Bearer " + daemon.admin_key());
        request.fields.set("Content-Type", "application/json");
        auto answer = pool_.run(http_->send(std::move(request), Deadline::after(60s)));
        EXPECT_TRUE(answer) << target << ": " << to_string(answer.error());
        return answer.value_or(net::Response{.status = 599});
    }
    static json::value data_of(const net::Response& answer) {
        EXPECT_LT(answer.status, 300) << answer.body;
        return json::parse(answer.body).as_object()["data"];
    }
    /// The path of a message to the default agent, sent at the gateway.
    std::string send(const std::string& text) {
        const auto sent = data_of(call(*gateway_, Method::post, "/api/v1/messages",
            fmt::format(R"({{"content":"{}"}})", text)));
        conversation_ =
            "/api/v1/conversations/" + std::string(sent.at("conversation_id").as_string());
        return "/api/v1/messages/" + std::string(sent.at("id").as_string());
    }
    std::string status_of(const Daemon& daemon, const std::string& message) {
        const auto data = data_of(call(daemon, Method::get, message + "?wait_ms=20000"));
        return std::string(data.at("status").as_string());
    }
    /// What a provider says to the next one who asks.
    void answer(RawConnection& connection, const std::string& text) {
        connection.send(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: "
            "close\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" +
            text + "\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
        connection.close();
    }

    IoPool pool_{1};
    std::unique_ptr<net::Client> http_ = net::make_client({});
    NatsCluster nats_{NatsClusterOptions{.nodes = 1, .parent = fast_place()}};
    std::unique_ptr<RawListener> provider_;
    std::string conversation_;
    std::unique_ptr<Daemon> queues_;
    std::unique_ptr<Daemon> gateway_;
    std::unique_ptr<Daemon> scheduler_;
};

TEST_P(ClusterDialogs, what_comes_in_at_the_gateway_runs_at_the_scheduler_and_is_stored) {
    start_dialogs();
    const auto message = send("hello");
    EXPECT_EQ(status_of(*gateway_, message), "completed");
    const auto turns = data_of(call(*gateway_, Method::get, conversation_ + "/messages"));
    const auto& said = turns.at("messages").as_array();
    ASSERT_EQ(said.size(), 2u) << "question and answer";
    EXPECT_EQ(said[0].at("content"), "hello");
    EXPECT_NE(json::serialize(said[1]).find("hello"), std::string::npos) << "echo said it";
    const auto chat = call(*gateway_, Method::post, "/v1/chat/completions",
        R"({"model":"echo","messages":[{"role":"user","content":"and you?"}]})");
    EXPECT_EQ(chat.status, 200) << chat.body;
    EXPECT_NE(chat.body.find("and you?"), std::string::npos) << chat.body;
    EXPECT_FALSE(chat.fields.get("Baton-Message-Id").empty()) << "it went through the queue";
}

TEST_P(ClusterDialogs, a_scheduler_that_dies_is_followed_by_another) {
    if (!is_postgres()) {
        start_dialogs();
        const auto before = send("before");
        EXPECT_EQ(status_of(*gateway_, before), "completed");
        gateway_->kill9();
        gateway_->restart();
        EXPECT_EQ(status_of(*gateway_, send("after")), "completed");
        EXPECT_EQ(status_of(*gateway_, before), "completed");
        return;
    }
    gateway_ = start("gateway");  // before there has ever been a scheduler
    const auto early = send("early");
    scheduler_ = start("scheduler");
    EXPECT_EQ(status_of(*gateway_, early), "completed");
    scheduler_->kill9();
    const auto waiting = send("waiting");
    scheduler_ = start("scheduler");
    EXPECT_EQ(status_of(*gateway_, waiting), "completed");
    const auto second = start("gateway");
    EXPECT_EQ(status_of(*second, early), "completed") << "any gateway shows it";
}

TEST_P(ClusterDialogs, a_scheduler_that_joins_disturbs_nobody_elses_run) {
    provider_ = std::make_unique<RawListener>();
    start_dialogs();
    const auto message = send("a long story");
    auto running = provider_->accept();
    running.read_until("a long story");
    const auto other = start(is_postgres() ? "scheduler" : "gateway,scheduler");
    answer(running, "the end");
    EXPECT_EQ(status_of(*gateway_, message), "completed");
    const auto ended = data_of(call(*gateway_, Method::get, message));
    EXPECT_EQ(ended.at("retry_count"), 0) << json::serialize(ended);
}

TEST_P(ClusterDialogs, a_message_is_cancelled_where_it_runs) {
    provider_ = std::make_unique<RawListener>();
    start_dialogs();
    const auto message = send("a long story");
    auto running = provider_->accept();
    running.read_until("a long story");
    const auto put = call(*gateway_, Method::put, message + "/status", R"({"status":"cancelled"})");
    EXPECT_EQ(put.status, 200) << put.body;
    running.read_to_end();  // the scheduler has hung up
    EXPECT_EQ(status_of(*gateway_, message), "cancelled");
    const auto again = call(*gateway_, Method::put, message + "/status", R"({"status":"pending"})");
    EXPECT_EQ(again.status, 409) << "cancelled is the end: " << again.body;
}

TEST_P(ClusterDialogs, a_failed_message_is_tried_again) {
    provider_ = std::make_unique<RawListener>();
    start_dialogs();
    const auto message = send("hello");
    {
        auto refusing = provider_->accept();
        refusing.read_until("hello");
        refusing.send(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
            "Connection: close\r\nContent-Length: 43\r\n\r\n"
            R"({"error":{"message":"no","type":"invalid"}})");
        refusing.close();
    }
    ASSERT_EQ(status_of(*gateway_, message), "failed");
    const auto put = call(*gateway_, Method::put, message + "/status", R"({"status":"pending"})");
    EXPECT_EQ(put.status, 200) << put.body;
    auto serving = provider_->accept();
    serving.read_until("hello");
    answer(serving, "at last");
    EXPECT_TRUE(eventually([&] { return status_of(*gateway_, message) == "completed"; }));
}

TEST_P(ClusterDialogs, a_conversation_changes_for_every_gateway) {
    start_dialogs();
    const auto message = send("hello");
    EXPECT_EQ(status_of(*gateway_, message), "completed");
    const auto other = is_postgres() ? start("gateway") : nullptr;
    const Daemon& second = other ? *other : *gateway_;
    EXPECT_EQ(
        data_of(call(second, Method::put, conversation_, R"({"title":"Tour","state":"completed"})"))
            .at("title"),
        "Tour");
    EXPECT_EQ(data_of(call(*gateway_, Method::get, conversation_)).at("state"), "completed");
    EXPECT_EQ(
        call(*gateway_, Method::post, conversation_ + "/messages", R"({"content":"x"})").status,
        409);
    EXPECT_EQ(
        data_of(call(*gateway_, Method::post, conversation_ + "/archive")).at("state"), "archived");
    EXPECT_EQ(call(second, Method::put, conversation_, R"({"state":"active"})").status, 409);
    EXPECT_EQ(call(second, Method::del, conversation_).status, 200);
    EXPECT_EQ(call(*gateway_, Method::get, conversation_).status, 404);
    EXPECT_EQ(call(*gateway_, Method::get, message).status, 404);
}

INSTANTIATE_TEST_SUITE_P(Databases, ClusterDialogs, both_databases(), database_name);

}  // namespace
}  // namespace baton::test
