// /v1/stream over real sockets, on the real engine.
#include "api/stream/stream_door.h"

#include <atomic>
#include <optional>
#include <set>
#include <thread>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "queue/engine/engine_queues.h"
#include "queue/store/memory/memory_store.h"
#include "support/eventually.h"
#include "support/raw_web_socket.h"
#include "unit/net/test_server.h"

namespace baton::api::stream {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::RawWebSocket;
namespace json = boost::json;

class StreamDoor : public testing::Test {
protected:
    StreamDoor() {
        auto made = queue::make_engine_queues(
            queue::make_memory_store(), {}, clock_, engine_metrics_, Log());
        queues = std::move(made).value();
        service = std::make_unique<service::QueueService>(*queues);
        logs = std::make_unique<service::LogService>(*queues);
        outputs = std::make_unique<service::OutputService>(*queues);
    }
    ~StreamDoor() override {
        if (server) server->stop(0ms);
        queues->stop();
    }

    void open_door(StreamConfig config = {}, net::ServerConfig server_config = {}) {
        door = make_stream_door(
            {.queues = *service, .logs = *logs, .outputs = *outputs, .metrics = metrics}, config);
        const auto serve = [this](net::WebSocket& socket) {
            return door({.who = {.key = KeyId("k"), .name = "tester"},
                            .still_allowed = [this] { return allowed.load(); }},
                socket);
        };
        server.emplace(
            [serve](net::Request request) -> Task<net::Response> {
                co_return net::web_socket_response(request, serve);
            },
            server_config);
        const auto put = server->pool.run(queues->put_queue(QueueName("mail"), {}));
        ASSERT_TRUE(put);
    }
    RawWebSocket connect() const { return {server->server->port(), "/"}; }

    static json::object read(RawWebSocket& client) {
        return json::parse(client.read_text()).as_object();
    }
    /// Sends a command and reads its answer, which must be the next frame.
    static json::object ask(RawWebSocket& client, const std::string& command) {
        client.send(command);
        return read(client);
    }
    static std::string post_command(int id, std::string_view content = "x") {
        return fmt::format(
            R"({{"id":{},"op":"post","queue":"mail","messages":[{{"content":"{}"}}]}})", id,
            content);
    }
    static void post(RawWebSocket& client, int count) {
        for (int i = 0; i < count; ++i) {
            const auto posted = ask(client, post_command(900));
            ASSERT_TRUE(posted.contains("result")) << json::serialize(posted);
        }
    }
    static std::string consume(int id, int credit, int lease_ms = 30'000) {
        return fmt::format(R"({{"id":{},"op":"consume","queue":"mail","credit":{},"lease_ms":{}}})",
            id, credit, lease_ms);
    }
    /// Receipts of the next `count` messages that are pushed; other frames must not come.
    static std::vector<std::string> receive(RawWebSocket& client, std::size_t count) {
        std::vector<std::string> receipts;
        while (receipts.size() < count) {
            const auto event = read(client);
            const auto* messages = event.if_contains("messages");
            if (messages == nullptr) throw std::runtime_error(json::serialize(event));
            for (const auto& message : messages->as_array()) {
                receipts.emplace_back(message.at("receipt").as_string());
            }
        }
        return receipts;
    }
    static std::string settle(std::string_view op, const std::vector<std::string>& receipts) {
        json::object command{{"id", 800}, {"op", op}};
        json::array list;
        for (const auto& receipt : receipts) list.emplace_back(receipt);
        command["receipts"] = std::move(list);
        return json::serialize(command);
    }
    static std::string error_of(const json::object& answer) {
        const auto* error = answer.if_contains("error");
        if (error == nullptr) return json::serialize(answer);
        const auto* field = error->at("details").as_object().if_contains("field");
        std::string text(error->at("code").as_string());
        return field == nullptr ? text : text + " " + std::string(field->as_string());
    }
    QueueStats stats() { return server->pool.run(queues->stats(QueueName("mail"))).value(); }
    bool counted(const std::string& line) const {
        return metrics.render().find(line + "\n") != std::string::npos;
    }

    SystemClock clock_;
    MetricRegistry engine_metrics_;
    MetricRegistry metrics;
    std::atomic<bool> allowed = true;
    std::unique_ptr<queue::Queues> queues;
    std::unique_ptr<service::QueueService> service;
    std::unique_ptr<service::LogService> logs;
    std::unique_ptr<service::OutputService> outputs;
    ServeStream door;
    std::optional<test::TestServer> server;
};

TEST_F(StreamDoor, posts_consumes_and_acks_on_one_connection) {
    open_door();
    auto client = connect();
    const auto posted = ask(client,
        R"({"id":1,"op":"post","queue":"mail","messages":[{"content":"a"},{"content":"b"}]})");
    EXPECT_EQ(posted.at("id"), 1);
    EXPECT_EQ(posted.at("result").at("messages").as_array().size(), 2U);
    EXPECT_EQ(posted.at("result").at("durability"), "fsync");
    EXPECT_EQ(ask(client, consume(2, 10)).at("result").at("credit"), 10);
    const auto event = read(client);
    EXPECT_EQ(event.at("event"), "messages");
    EXPECT_EQ(event.at("consumer"), 2);
    EXPECT_EQ(event.at("messages").at(0).at("content"), "a");
    EXPECT_EQ(event.at("messages").at(1).at("content"), "b");
    const auto receipt = [&](std::size_t i) {
        return std::string(event.at("messages").at(i).at("receipt").as_string());
    };
    const auto acked = ask(client, settle("ack", {receipt(0), "nonsense", receipt(1)}));
    EXPECT_EQ(acked.at("result").at("acked"), 2);
    EXPECT_EQ(acked.at("result").at("errors").at(0).at("receipt"), "nonsense");
    EXPECT_EQ(stats().message_count, 0U);
    EXPECT_TRUE(counted(R"(baton_stream_commands_total{op="ack",outcome="ok"} 1)"));
}

TEST_F(StreamDoor, errors_have_the_one_shape_and_end_nothing) {
    open_door();
    auto client = connect();
    const auto unread = ask(client, "nonsense");
    EXPECT_TRUE(unread.at("id").is_null());
    EXPECT_EQ(error_of(unread), "malformed_json");
    const auto wrong = ask(client, R"({"id":5,"op":"ack","receipts":"x"})");
    EXPECT_EQ(wrong.at("id"), 5);
    EXPECT_EQ(error_of(wrong), "invalid_argument receipts");
    const auto nowhere =
        ask(client, R"({"id":6,"op":"post","queue":"nope","messages":[{"content":"a"}]})");
    EXPECT_EQ(error_of(nowhere), "queue_not_found queue");
    post(client, 1);
}

TEST_F(StreamDoor, pushes_no_more_than_the_credit) {
    open_door();
    auto client = connect();
    post(client, 5);
    EXPECT_EQ(ask(client, consume(1, 2)).at("result").at("credit"), 2);
    static_cast<void>(receive(client, 2));
    const auto added = ask(client, R"({"id":2,"op":"credit","consumer":1,"add":2})");
    EXPECT_EQ(added.at("result").at("credit"), 2);
    static_cast<void>(receive(client, 2));
    EXPECT_FALSE(client.connection().readable_within(20ms));
    EXPECT_EQ(stats().leased, 4U);
    EXPECT_EQ(error_of(ask(client, R"({"id":3,"op":"credit","consumer":9,"add":2})")),
        "not_found consumer");
}

TEST_F(StreamDoor, many_commands_are_in_flight_and_all_are_answered) {
    open_door();
    auto client = connect();
    std::string frames;
    constexpr int count = 2'000;
    for (int i = 0; i < count; ++i) frames += test::client_frame(1, post_command(i));
    client.connection().send(frames);
    std::set<std::int64_t> ids;
    for (int i = 0; i < count; ++i) ids.insert(read(client).at("id").as_int64());
    EXPECT_EQ(ids.size(), static_cast<std::size_t>(count));
    EXPECT_EQ(stats().message_count, static_cast<std::uint64_t>(count));
}

TEST_F(StreamDoor, commands_beyond_the_limit_wait_unread) {
    open_door({.commands_max = 1});
    auto client = connect();
    std::string frames;
    for (int i = 0; i < 50; ++i) frames += test::client_frame(1, post_command(i));
    client.connection().send(frames);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(read(client).at("id"), i) << "one after the other";
    EXPECT_FALSE(counted(R"(baton_stream_limit_hits_total{limit="commands"} 0)"));
}

TEST_F(StreamDoor, leases_are_renewed_while_the_connection_is_open) {
    open_door();
    auto client = connect();
    post(client, 3);
    static_cast<void>(ask(client, consume(1, 10, 300)));
    const auto receipts = receive(client, 3);
    // Five renewals of three leases: more than a lease and a half has gone by.
    EXPECT_TRUE(eventually([&] {
        for (int renewed = 15; renewed < 60; ++renewed) {
            if (counted(fmt::format("baton_stream_leases_renewed_total {}", renewed))) return true;
        }
        return false;
    }));
    EXPECT_EQ(stats().leased, 3U);
    EXPECT_EQ(ask(client, settle("ack", receipts)).at("result").at("acked"), 3);
}

TEST_F(StreamDoor, what_was_leased_goes_back_without_blame_when_the_connection_ends) {
    open_door();
    auto client = connect();
    post(client, 3);
    static_cast<void>(ask(client, consume(1, 10, 600'000)));
    const auto receipts = receive(client, 3);
    EXPECT_EQ(ask(client, settle("ack", {receipts[0]})).at("result").at("acked"), 1);
    client.connection().reset();
    EXPECT_TRUE(eventually([&] { return stats().ready == 2; }));
    auto other = connect();
    static_cast<void>(ask(other, consume(1, 10)));
    const auto event = read(other);
    EXPECT_EQ(event.at("messages").at(0).at("failures"), 0);
    EXPECT_EQ(event.at("messages").at(0).at("attempts"), 2);
    EXPECT_TRUE(counted("baton_stream_leases_given_back_total 2"));
}

TEST_F(StreamDoor, nacked_messages_come_again_with_blame) {
    open_door();
    auto client = connect();
    post(client, 1);
    static_cast<void>(ask(client, consume(1, 1)));
    const auto receipts = receive(client, 1);
    EXPECT_EQ(ask(client, settle("nack", receipts)).at("result").at("nacked"), 1);
    client.send(R"({"id":2,"op":"credit","consumer":1,"add":1})");
    EXPECT_EQ(read(client).at("id"), 2);
    EXPECT_EQ(read(client).at("messages").at(0).at("failures"), 1);
}

TEST_F(StreamDoor, a_cancelled_message_is_told) {
    open_door();
    auto client = connect();
    post(client, 1);
    static_cast<void>(ask(client, consume(1, 1)));
    const auto receipt = receive(client, 1).at(0);
    const MessageId message = Receipt::parse(receipt).value().message;
    ASSERT_TRUE(server->pool.run(queues->cancel(message)));
    const auto event = read(client);
    EXPECT_EQ(event.at("event"), "cancelled");
    EXPECT_EQ(event.at("receipt").as_string(), receipt);
}

TEST_F(StreamDoor, a_cancelled_consumer_gets_nothing_more_and_keeps_its_leases) {
    open_door();
    auto client = connect();
    post(client, 1);
    static_cast<void>(ask(client, consume(1, 10)));
    const auto receipts = receive(client, 1);
    EXPECT_TRUE(ask(client, R"({"id":2,"op":"cancel","consumer":1})").contains("result"));
    post(client, 1);
    EXPECT_EQ(stats().ready, 1U);
    EXPECT_EQ(ask(client, settle("ack", receipts)).at("result").at("acked"), 1);
    EXPECT_EQ(
        error_of(ask(client, R"({"id":3,"op":"cancel","consumer":1})")), "not_found consumer");
    EXPECT_EQ(ask(client, consume(1, 1)).at("result").at("credit"), 1) << "its id is free again";
}

TEST_F(StreamDoor, a_consumer_ends_with_its_queue) {
    open_door();
    auto client = connect();
    static_cast<void>(ask(client, consume(1, 10)));
    ASSERT_TRUE(server->pool.run(queues->delete_queue(QueueName("mail"))));
    const auto event = read(client);
    EXPECT_EQ(event.at("event"), "ended");
    EXPECT_EQ(event.at("consumer"), 1);
    EXPECT_EQ(error_of(event), "queue_not_found queue");
}

TEST_F(StreamDoor, consumers_credit_and_leases_have_their_limits) {
    open_door({.consumers_max = 2, .credit_max = 5, .held_max = 3});
    auto client = connect();
    EXPECT_EQ(error_of(ask(client, consume(1, 6))), "invalid_argument credit");
    EXPECT_EQ(error_of(ask(client, consume(1, 1, 0))), "invalid_argument lease_ms");
    EXPECT_EQ(ask(client, consume(1, 5)).at("result").at("credit"), 5);
    EXPECT_EQ(error_of(ask(client, consume(1, 1))), "conflict id");
    EXPECT_EQ(ask(client, consume(2, 0)).at("result").at("credit"), 0);
    EXPECT_EQ(error_of(ask(client, consume(3, 0))), "overloaded");
    EXPECT_EQ(error_of(ask(client, R"({"id":4,"op":"credit","consumer":1,"add":1})")),
        "invalid_argument add");
    auto poster = connect();
    post(poster, 5);
    const auto receipts = receive(client, 3);
    EXPECT_FALSE(client.connection().readable_within(20ms)) << "three are held";
    client.send(settle("ack", receipts));
    std::size_t pushed = 0;
    for (bool acked = false; !acked || pushed < 2;) {  // in whichever order
        const auto frame = read(client);
        acked |= frame.contains("id");
        if (frame.contains("messages")) pushed += frame.at("messages").as_array().size();
    }
    EXPECT_EQ(pushed, 2U) << "in the place of the three that were held";
    EXPECT_FALSE(counted(R"(baton_stream_limit_hits_total{limit="held"} 0)"));
}

TEST_F(StreamDoor, a_log_is_pushed_from_where_it_was_committed) {
    open_door();
    QueueConfig config;
    config.mode = QueueMode::log;
    ASSERT_TRUE(server->pool.run(queues->put_queue(QueueName("events"), config)));
    auto client = connect();
    const auto post_event = [&](std::string_view content) {
        const auto posted = ask(client,
            fmt::format(
                R"({{"id":9,"op":"post","queue":"events","messages":[{{"content":"{}"}}]}})",
                content));
        ASSERT_TRUE(posted.contains("result")) << json::serialize(posted);
    };
    post_event("a");
    post_event("b");
    const auto subscribed = ask(
        client, R"({"id":1,"op":"subscribe","queue":"events","subscription":"audit","credit":1})");
    EXPECT_EQ(subscribed.at("result").at("committed"), 0);
    EXPECT_EQ(read(client).at("messages").at(0).at("content"), "a");
    EXPECT_FALSE(client.connection().readable_within(20ms));
    client.send(R"({"id":2,"op":"credit","consumer":1,"add":5})");
    EXPECT_EQ(read(client).at("id"), 2);
    EXPECT_EQ(read(client).at("messages").at(0).at("content"), "b");
    EXPECT_EQ(
        ask(client, R"({"id":3,"op":"commit","queue":"events","subscription":"audit","seq":1})")
            .at("result")
            .at("committed"),
        1);
    auto other = connect();
    static_cast<void>(ask(
        other, R"({"id":1,"op":"subscribe","queue":"events","subscription":"audit","credit":5})"));
    EXPECT_EQ(read(other).at("messages").at(0).at("content"), "b");
    EXPECT_TRUE(ask(other, R"({"id":2,"op":"cancel","consumer":1})").contains("result"));
    EXPECT_EQ(error_of(ask(other,
                  R"({"id":3,"op":"subscribe","queue":"mail","subscription":"s","credit":1})")),
        "unsupported");
}

TEST_F(StreamDoor, output_is_said_by_who_holds_the_lease) {
    open_door();
    auto client = connect();
    post(client, 1);
    static_cast<void>(ask(client, consume(1, 1)));
    const auto receipt = receive(client, 1).at(0);
    const auto said = ask(
        client, R"({"id":2,"op":"output","receipt":")" + receipt + R"(","events":["one","two"]})");
    EXPECT_EQ(said.at("result").at("next"), 2);
    EXPECT_EQ(ask(client, settle("ack", {receipt})).at("result").at("acked"), 1);
    EXPECT_EQ(error_of(ask(client,
                  R"({"id":3,"op":"output","receipt":")" + receipt + R"(","events":["late"]})")),
        "lease_lost");
}

TEST_F(StreamDoor, a_stop_answers_what_was_begun_gives_back_and_says_1001) {
    open_door();
    auto client = connect();
    post(client, 2);
    static_cast<void>(ask(client, consume(1, 10, 600'000)));
    static_cast<void>(receive(client, 2));
    std::thread stopping([&] { server->stop(5s); });
    EXPECT_EQ(client.read().close_code(), 1001U);
    client.send_close(1001);
    stopping.join();
    EXPECT_EQ(stats().ready, 2U);
}

TEST_F(StreamDoor, large_messages_reach_a_reader_that_takes_its_time) {
    net::ServerConfig config;
    config.web_socket.unsent_max = 2'000'000;
    open_door({}, config);
    auto client = connect();
    for (int i = 0; i < 20; ++i) {
        NewMessage message;
        message.data.content = Bytes(std::string(900'000, 'x'));
        std::vector<NewMessage> messages;
        messages.push_back(std::move(message));
        ASSERT_TRUE(server->pool.run(queues->post(QueueName("mail"), std::move(messages))));
    }
    static_cast<void>(ask(client, consume(1, 100)));
    const auto receipts = receive(client, 20);
    EXPECT_EQ(ask(client, settle("ack", receipts)).at("result").at("acked"), 20);
}

}  // namespace
}  // namespace baton::api::stream
