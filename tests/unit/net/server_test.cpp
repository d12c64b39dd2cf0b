// The server as a well-behaved client sees it. Limits and time: server_limits_test.cpp.
#include "net/server.h"

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "runtime/event.h"
#include "support/eventually.h"
#include "unit/net/test_server.h"

namespace baton::net {
namespace {

using test::echo;
using test::get_request;
using test::post_request;
using test::TestServer;
using test::text_response;

TEST(HttpServer, handler_sees_the_request_as_it_came) {
    Request seen;
    TestServer server([&](Request request) -> Task<Response> {
        seen = std::move(request);
        co_return text_response("ok", 201);
    });
    auto client = server.connect();
    client.send(
        "POST /a%20b?x=1 HTTP/1.1\r\nHost: test\r\nX-Key: v\r\nContent-Length: 4\r\n\r\nbody");
    const auto response = client.read_response();
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(response.body, "ok");
    EXPECT_EQ(response.fields.at("server"), "baton");
    EXPECT_EQ(response.fields.at("content-type"), "text/plain");
    EXPECT_EQ(response.fields.at("date").size(), 29U);
    EXPECT_FALSE(response.fields.contains("connection"));
    EXPECT_EQ(seen.method, Method::post);
    EXPECT_EQ(seen.method_text, "POST");
    EXPECT_EQ(seen.target, "/a%20b?x=1");
    EXPECT_EQ(seen.path, "/a b");
    EXPECT_EQ(seen.query_value("x"), "1");
    EXPECT_EQ(seen.fields.get("x-key"), "v");
    EXPECT_EQ(seen.body, "body");
    EXPECT_TRUE(seen.peer.starts_with("127.0.0.1:")) << seen.peer;
}

TEST(HttpServer, keeps_a_connection_for_many_requests) {
    TestServer server(echo);
    auto client = server.connect();
    for (int i = 0; i < 100; ++i) {
        client.send(post_request(std::to_string(i)));
        EXPECT_EQ(client.read_response().body, std::to_string(i));
    }
    EXPECT_EQ(server.server->connections(), 1U);
    EXPECT_TRUE(server.counted("baton_net_connections_count 1"));
    EXPECT_TRUE(server.counted(R"(baton_net_requests_total{status_class="2xx"} 100)"));
    client.close();
    EXPECT_TRUE(test::eventually([&] { return server.server->connections() == 0; }));
}

TEST(HttpServer, answers_pipelined_requests_in_order) {
    TestServer server(echo);
    auto client = server.connect();
    std::string requests;
    for (int i = 0; i < 500; ++i) requests += post_request(std::to_string(i));
    client.send(requests);
    for (int i = 0; i < 500; ++i) EXPECT_EQ(client.read_response().body, std::to_string(i));
}

TEST(HttpServer, closes_when_either_side_says_so) {
    TestServer server([](Request request) -> Task<Response> {
        auto response = text_response("bye");
        response.close = request.path == "/close";
        co_return response;
    });
    auto asks = server.connect();
    asks.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(asks.read_response().fields.at("connection"), "close");
    EXPECT_EQ(asks.read_to_end(), "");
    auto told = server.connect();
    told.send(get_request("/close"));
    EXPECT_EQ(told.read_response().fields.at("connection"), "close");
    EXPECT_EQ(told.read_to_end(), "");
}

TEST(HttpServer, http_1_0_closes_unless_the_client_wants_to_stay) {
    TestServer server(echo);
    auto leaves = server.connect();
    leaves.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(leaves.read_response().fields.at("connection"), "close");
    EXPECT_EQ(leaves.read_to_end(), "");
    auto stays = server.connect();
    for (int i = 0; i < 2; ++i) {
        stays.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        EXPECT_EQ(stays.read_response().fields.at("connection"), "keep-alive");
    }
}

TEST(HttpServer, head_tells_the_length_and_sends_no_body) {
    TestServer server(echo);
    auto client = server.connect();
    client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n" + get_request());
    EXPECT_EQ(client.read_response(true).fields.at("content-length"), "2");
    EXPECT_EQ(client.read_response().body, "ok");
}

TEST(HttpServer, invites_a_body_that_waits_for_it) {
    TestServer server(echo);
    auto client = server.connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ(client.read_response(true).status, 100);
    client.send("body");
    EXPECT_EQ(client.read_response().body, "body");
}

TEST(HttpServer, takes_chunked_bodies_and_goes_on) {
    TestServer server(echo);
    auto client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfoo\r\n");
    client.send("3\r\nbar\r\n0\r\nX-Trailer: t\r\n\r\n" + get_request());
    EXPECT_EQ(client.read_response().body, "foobar");
    EXPECT_EQ(client.read_response().body, "ok");
}

TEST(HttpServer, carries_large_bodies_both_ways) {
    TestServer server(echo);
    std::string body;
    while (body.size() < 10'000'000) body += std::to_string(body.size());
    auto client = server.connect();
    // The answer comes only once all is sent, so one thread is enough.
    client.send(post_request(body));
    EXPECT_EQ(client.read_response().body, body);
    client.send(get_request());
    EXPECT_EQ(client.read_response().body, "ok");
}

TEST(HttpServer, spreads_connections_over_the_executors) {
    std::mutex mutex;
    std::set<std::thread::id> threads;
    TestServer server([&](Request) -> Task<Response> {
        const std::scoped_lock lock(mutex);
        threads.insert(std::this_thread::get_id());
        co_return text_response("ok");
    });
    for (int i = 0; i < 2; ++i) {
        auto client = server.connect();
        client.send(get_request());
        EXPECT_EQ(client.read_response().status, 200);
    }
    EXPECT_EQ(threads.size(), 2U);
}

TEST(HttpServer, failing_handler_answers_500_and_the_connection_stays) {
    TestServer server([](Request request) -> Task<Response> {
        if (request.path == "/throw") throw std::runtime_error("secret");
        // Its own inner operation was aborted; the connection is fine.
        if (request.path == "/abort")
            throw boost::system::system_error(asio::error::operation_aborted);
        co_return text_response("ok");
    });
    auto client = server.connect();
    for (const auto* path : {"/throw", "/abort"}) {
        client.send(get_request(path));
        const auto response = client.read_response();
        EXPECT_EQ(response.status, 500);
        EXPECT_EQ(response.body.find("secret"), std::string::npos);
        EXPECT_TRUE(response.body.ends_with(std::string(" of ") + path)) << "it gets its shape";
    }
    client.send(get_request());
    EXPECT_EQ(client.read_response().status, 200);
    EXPECT_TRUE(server.counted(R"(baton_net_requests_total{status_class="5xx"} 2)"));
}

TEST(HttpServer, bad_escape_is_400_and_the_connection_stays) {
    TestServer server(echo);
    auto client = server.connect();
    client.send(get_request("/%zz") + get_request());
    EXPECT_EQ(client.read_response().status, 400);
    EXPECT_EQ(client.read_response().status, 200);
}

TEST(HttpServer, syntax_error_is_400_with_what_and_where_and_close) {
    TestServer server(echo);
    auto client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost test\r\n\r\n");
    const auto response = client.read_response();
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.fields.at("connection"), "close");
    EXPECT_TRUE(response.body.starts_with("invalid_argument: malformed HTTP request"))
        << response.body;
    EXPECT_EQ(client.read_to_end(), "");
}

/// A handler that waits until it is cancelled or a test lets it go.
struct Gate {
    std::promise<void> entered;
    std::promise<void> cancelled;
    std::atomic<bool> open = false;

    Task<Response> wait(Request) {
        struct Notice {
            Gate& gate;
            bool finished = false;
            ~Notice() {
                if (!finished) gate.cancelled.set_value();
            }
        };
        Notice notice{*this};
        entered.set_value();
        while (!open) co_await sleep_until(Deadline::after(std::chrono::milliseconds(5)));
        notice.finished = true;
        co_return text_response("finished");
    }
    Handler handler() {
        return [this](Request request) { return wait(std::move(request)); };
    }
    static bool happens(std::promise<void>& promise) {
        return promise.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready;
    }
};

TEST(HttpServer, client_that_leaves_cancels_its_handler) {
    Gate gate;
    TestServer server(gate.handler());
    auto client = server.connect();
    client.send(get_request());
    ASSERT_TRUE(Gate::happens(gate.entered));
    client.close();
    EXPECT_TRUE(Gate::happens(gate.cancelled));
    EXPECT_TRUE(test::eventually([&] { return server.server->connections() == 0; }));
}

TEST(HttpServer, client_that_resets_cancels_its_handler) {
    Gate gate;
    TestServer server(gate.handler());
    auto client = server.connect();
    client.send(get_request());
    ASSERT_TRUE(Gate::happens(gate.entered));
    client.reset();
    EXPECT_TRUE(Gate::happens(gate.cancelled));
}

TEST(HttpServer, client_that_leaves_behind_pipelined_bytes_cancels_its_handler) {
    Gate gate;
    TestServer server(gate.handler());
    auto client = server.connect();
    client.send(get_request());
    ASSERT_TRUE(Gate::happens(gate.entered));
    client.send(get_request());
    client.close();
    EXPECT_TRUE(Gate::happens(gate.cancelled));
}

TEST(HttpServer, pipelined_bytes_are_no_disconnect) {
    std::atomic<int> count = 0;
    TestServer server([&](Request) -> Task<Response> {
        // Long enough for several looks at the connection.
        const int n = ++count;
        co_await sleep_until(Deadline::after(std::chrono::milliseconds(n == 1 ? 350 : 0)));
        co_return text_response(std::to_string(n));
    });
    auto client = server.connect();
    client.send(get_request());
    ASSERT_TRUE(test::eventually([&] { return count == 1; }));
    client.send(get_request());
    EXPECT_EQ(client.read_response().body, "1");
    EXPECT_EQ(client.read_response().body, "2");
}

TEST(HttpServerStop, request_under_way_finishes_and_idle_connections_close) {
    Gate gate;
    TestServer server(gate.handler());
    auto idle = server.connect();
    auto busy = server.connect();
    busy.send(get_request());
    ASSERT_TRUE(Gate::happens(gate.entered));
    ASSERT_TRUE(test::eventually([&] { return server.server->connections() == 2; }));
    auto stopped = std::async(std::launch::async, [&] { server.stop(std::chrono::seconds(10)); });
    EXPECT_EQ(idle.read_to_end(), "");
    EXPECT_THROW(server.connect(), std::system_error);
    gate.open = true;
    const auto response = busy.read_response();
    EXPECT_EQ(response.body, "finished");
    EXPECT_EQ(response.fields.at("connection"), "close");
    EXPECT_EQ(busy.read_to_end(), "");
    stopped.get();
    EXPECT_EQ(server.server->connections(), 0U);
}

TEST(HttpServerStop, what_is_left_at_the_deadline_is_cancelled) {
    Gate gate;
    TestServer server(gate.handler());
    auto client = server.connect();
    client.send(get_request());
    ASSERT_TRUE(Gate::happens(gate.entered));
    server.stop(std::chrono::milliseconds(20));
    EXPECT_TRUE(Gate::happens(gate.cancelled));
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(server.server->connections(), 0U);
    EXPECT_TRUE(server.counted("baton_net_connections_count 0"));
}

TEST(HttpServerStop, a_server_that_never_started_can_go) {
    IoPool pool(1);
    MetricRegistry metrics;
    const auto server = make_server(pool, {.port = 0}, test::format_error, metrics, Log());
    ASSERT_TRUE(server);
    EXPECT_NE((*server)->port(), 0);
}

TEST(HttpServerListen, says_why_it_cannot_listen) {
    TestServer server(echo);
    const auto port = server.server->port();
    const auto taken =
        make_server(server.pool, {.port = port}, test::format_error, server.metrics, Log());
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::address_in_use);
    EXPECT_NE(taken.error().detail.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
    for (const auto* host : {"no such host", "192.0.2.1"}) {
        const auto bad = make_server(
            server.pool, {.host = host, .port = 0}, test::format_error, server.metrics, Log());
        ASSERT_FALSE(bad);
        EXPECT_EQ(bad.error().code, Errc::invalid_argument) << host;
    }
}

TEST(HttpServerListen, takes_names_and_ipv6) {
    TestServer named(echo, {.host = "localhost"});
    IoPool pool(1);
    MetricRegistry metrics;
    const auto v6 =
        make_server(pool, {.host = "::1", .port = 0}, test::format_error, metrics, Log());
    if (!v6) GTEST_SKIP() << to_string(v6.error());
    EXPECT_NE((*v6)->port(), 0);
}

}  // namespace
}  // namespace baton::net
