// WebSockets as a client sees them: the handshake, messages, bad peers, slow peers, the end.
#include "net/web_socket.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "runtime/event.h"
#include "support/eventually.h"
#include "support/raw_web_socket.h"
#include "unit/net/test_server.h"

namespace baton::net {
namespace {

using namespace std::chrono_literals;
using test::client_frame;
using test::eventually;
using test::RawWebSocket;
using test::TestServer;
using test::upgrade_request;

Task<void> echo_messages(WebSocket& socket) {
    while (true) {
        const auto message = co_await socket.read();
        if (!message) co_return;
        if (*message == "close") socket.close(CloseCode::policy_violation, "as you wish");
        if (*message == "throw") throw std::runtime_error("told to");
        socket.send("echo " + *message);
    }
}

Handler upgrade_to(std::function<Task<void>(WebSocket&)> serve) {
    return [serve = std::move(serve)](Request request) -> Task<Response> {
        const auto good = check_web_socket(request);
        if (!good) co_return test::format_error(good.error());
        co_return web_socket_response(request, serve);
    };
}

RawWebSocket open(TestServer& server) { return {server.server->port(), "/"}; }

TEST(WebSocket, handshake_answers_the_key_of_the_rfc) {
    TestServer server(upgrade_to(echo_messages));
    auto client = open(server);
    EXPECT_EQ(client.answer().fields.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(client.answer().fields.at("upgrade"), "websocket");
    EXPECT_EQ(client.answer().fields.at("connection"), "Upgrade");
    EXPECT_FALSE(client.answer().fields.contains("content-length"));
    EXPECT_TRUE(eventually([&] { return server.counted("baton_net_web_sockets_count 1"); }));
}

TEST(WebSocket, a_wrong_handshake_is_told_the_field_and_the_connection_goes_on) {
    TestServer server(upgrade_to(echo_messages));
    auto client = server.connect();
    for (const auto& [from, to] : {std::pair{"Upgrade: websocket", "Upgrade: h2c"},
             std::pair{"Connection: Upgrade", "Connection: keep-alive"},
             std::pair{"Version: 13", "Version: 8"}, std::pair{"dGhl", "dGh"}}) {
        auto request = upgrade_request("/");
        request.replace(request.find(from), std::string(from).size(), to);
        client.send(request);
        EXPECT_EQ(client.read_response().status, 400) << to;
    }
    auto old = server.connect();
    auto request = upgrade_request("/");
    request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
    old.send(request);
    EXPECT_EQ(old.read_response().status, 400);
}

TEST(WebSocket, messages_come_back_in_order_also_when_sent_with_the_handshake) {
    TestServer server(upgrade_to(echo_messages));
    auto connection = server.connect();
    connection.send(upgrade_request("/") + client_frame(1, "early"));
    EXPECT_EQ(connection.read_response(true).status, 101);
    EXPECT_EQ(connection.take(12),
        "\x81\x0A"
        "echo early");
    auto client = open(server);
    std::string frames;
    for (int i = 0; i < 1'000; ++i) frames += client_frame(1, std::to_string(i));
    client.connection().send(frames);
    for (int i = 0; i < 1'000; ++i) EXPECT_EQ(client.read_text(), "echo " + std::to_string(i));
    const std::string large(3'000'000, 'x');
    client.send(large);
    EXPECT_EQ(client.read_text(), "echo " + large);
    EXPECT_TRUE(server.counted(R"(baton_net_web_socket_messages_total{direction="in"} 1002)"));
}

TEST(WebSocket, a_ping_comes_back_with_its_payload) {
    TestServer server(upgrade_to(echo_messages));
    auto client = open(server);
    client.connection().send(client_frame(9, "beat"));
    const auto pong = client.read();
    EXPECT_EQ(pong.opcode, 10U);
    EXPECT_EQ(pong.payload, "beat");
}

TEST(WebSocket, the_peers_close_is_answered_with_its_code_and_the_connection_ends) {
    TestServer server(upgrade_to(echo_messages));
    auto client = open(server);
    client.send("last");
    client.send_close(4'321);
    EXPECT_EQ(client.read_text(), "echo last");
    EXPECT_EQ(client.read().close_code(), 4'321U);
    EXPECT_EQ(client.connection().read_to_end(), "");
    EXPECT_TRUE(eventually([&] { return server.server->connections() == 0; }));
    EXPECT_TRUE(server.counted("baton_net_web_sockets_count 0"));
}

TEST(WebSocket, our_close_comes_after_what_was_queued_and_waits_for_the_peers) {
    TestServer server(upgrade_to(echo_messages));
    auto client = open(server);
    client.send("before");
    client.send("close");
    EXPECT_EQ(client.read_text(), "echo before");
    const auto close = client.read();
    EXPECT_EQ(close.close_code(), 1008U);
    EXPECT_EQ(close.payload.substr(2), "as you wish");
    EXPECT_FALSE(client.connection().readable_within(20ms));
    client.send_close(1000);
    EXPECT_EQ(client.connection().read_to_end(), "");
}

TEST(WebSocket, a_peer_that_never_closes_is_cut_off) {
    ServerConfig config;
    config.web_socket.close_timeout = 50ms;
    TestServer server(upgrade_to(echo_messages), config);
    auto client = open(server);
    client.send("close");
    EXPECT_EQ(client.read().close_code(), 1008U);
    EXPECT_EQ(client.connection().read_to_end(), "");
    EXPECT_TRUE(eventually([&] { return server.server->connections() == 0; }));
}

TEST(WebSocket, a_task_that_throws_closes_with_1011) {
    TestServer server(upgrade_to(echo_messages));
    auto client = open(server);
    client.send("throw");
    EXPECT_EQ(client.read().close_code(), 1011U);
}

TEST(WebSocket, bad_frames_are_told_why_before_the_end) {
    ServerConfig config;
    config.web_socket.message_max = 1'000;
    TestServer server(upgrade_to(echo_messages), config);
    const std::pair<std::string, unsigned> bad[] = {
        {client_frame(1, "x", {.masked = false}), 1002},
        {client_frame(3, "x"), 1002},
        {client_frame(2, "x"), 1003},
        {client_frame(1, "\xFF"), 1007},
        {client_frame(1, std::string(1'001, 'x')), 1009},
    };
    for (const auto& [bytes, code] : bad) {
        auto client = open(server);
        client.connection().send(bytes + std::string(100'000, 'y'));
        EXPECT_EQ(client.read().close_code(), code);
        client.connection().shutdown_send();
        EXPECT_EQ(client.connection().read_to_end(), "");
    }
    EXPECT_TRUE(server.counted(R"(baton_net_limit_hits_total{limit="web_socket_protocol"} 4)"));
    EXPECT_TRUE(server.counted(R"(baton_net_limit_hits_total{limit="web_socket_message"} 1)"));
}

TEST(WebSocket, a_silent_peer_is_pinged_and_cut_off_unless_it_answers) {
    ServerConfig config;
    config.web_socket.ping_interval = 100ms;
    config.web_socket.pong_timeout = 300ms;
    TestServer server(upgrade_to(echo_messages), config);
    auto lives = open(server);
    auto half_open = open(server);
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(lives.read().opcode, 9U);
        lives.connection().send(client_frame(10, {}));
    }
    EXPECT_EQ(half_open.read().opcode, 9U);
    EXPECT_EQ(half_open.connection().read_to_end(), "") << "asked once, then cut off";
    lives.send("still here");
    EXPECT_EQ(lives.read_text(), "echo still here");
    EXPECT_TRUE(server.counted(R"(baton_net_limit_hits_total{limit="pong_time"} 1)"));
}

TEST(WebSocket, a_slow_reader_is_closed_with_1008) {
    ServerConfig config;
    config.web_socket.unsent_max = 1'000'000;
    std::atomic<bool> refused = false;
    TestServer server(upgrade_to([&](WebSocket& socket) -> Task<void> {
        const auto go = co_await socket.read();
        EXPECT_TRUE(go);
        std::size_t sent = 0;
        while (socket.send(std::string(100'000, 'x'))) {
            sent += 100'000;
            co_await sleep_until(Deadline::after(1ms));
        }
        EXPECT_GT(sent, 1'000'000U);
        refused = true;
    }),
        config);
    auto client = open(server);
    client.send("go");
    EXPECT_TRUE(eventually([&] { return refused.load(); }));
    auto frame = client.read();
    while (frame.opcode == 1) frame = client.read();
    EXPECT_EQ(frame.close_code(), 1008U);
    EXPECT_TRUE(server.counted(R"(baton_net_limit_hits_total{limit="web_socket_unsent"} 1)"));
}

TEST(WebSocket, a_peer_that_takes_nothing_is_cut_off) {
    ServerConfig config;
    config.web_socket.write_timeout = 100ms;
    config.web_socket.unsent_max = 100'000'000;
    TestServer server(upgrade_to([](WebSocket& socket) -> Task<void> {
        socket.send(std::string(50'000'000, 'x'));
        const bool drained = co_await socket.drained(0);
        EXPECT_FALSE(drained);
    }),
        config);
    auto client = open(server);
    EXPECT_TRUE(eventually([&] { return server.server->connections() == 0; }));
    EXPECT_TRUE(server.counted(R"(baton_net_limit_hits_total{limit="write_time"} 1)"));
}

TEST(WebSocket, a_sender_can_wait_until_the_peer_has_caught_up) {
    constexpr int count = 100;
    TestServer server(upgrade_to([](WebSocket& socket) -> Task<void> {
        for (int i = 0; i < count; ++i) {
            socket.send(std::string(1'000'000, 'x'));
            const bool open = co_await socket.drained(100'000);
            EXPECT_TRUE(open);
        }
    }));
    auto client = open(server);
    for (int i = 0; i < count; ++i) EXPECT_EQ(client.read_text().size(), 1'000'000U);
    EXPECT_EQ(client.read().close_code(), 1000U);
}

TEST(WebSocket, a_stop_lets_the_last_answers_out_and_closes_with_1001) {
    std::atomic<bool> seen = false;
    TestServer server(upgrade_to([&](WebSocket& socket) -> Task<void> {
        const auto first = co_await socket.read();
        EXPECT_TRUE(first);
        seen = true;
        const auto second = co_await socket.read();
        EXPECT_FALSE(second);
        EXPECT_TRUE(socket.stopping());
        EXPECT_TRUE(socket.send("last words"));
    }));
    auto client = open(server);
    client.send("hello");
    EXPECT_TRUE(eventually([&] { return seen.load(); }));
    std::thread stopping([&] { server.stop(5s); });
    EXPECT_EQ(client.read_text(), "last words");
    EXPECT_EQ(client.read().close_code(), 1001U);
    client.send_close(1001);
    stopping.join();
    EXPECT_EQ(client.connection().read_to_end(), "");
}

TEST(WebSocket, a_task_that_goes_on_is_cancelled_at_the_deadline) {
    TestServer server(
        upgrade_to([](WebSocket&) -> Task<void> { co_await sleep_until(Deadline::never()); }));
    auto client = open(server);
    server.stop(50ms);
    EXPECT_EQ(client.connection().read_to_end(), "");
}

TEST(WebSocket, a_peer_that_leaves_without_a_word_ends_the_reading) {
    std::atomic<int> ended = 0;
    TestServer server(upgrade_to([&](WebSocket& socket) -> Task<void> {
        const auto message = co_await socket.read();
        EXPECT_FALSE(message);
        EXPECT_FALSE(socket.send("to nobody"));
        ++ended;
    }));
    auto closes = open(server);
    auto resets = open(server);
    closes.connection().close();
    resets.connection().reset();
    EXPECT_TRUE(eventually([&] { return ended == 2 && server.server->connections() == 0; }));
}

}  // namespace
}  // namespace baton::net
