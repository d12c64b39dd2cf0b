#include "net/client.h"

#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "runtime/event.h"
#include "runtime/task_group.h"
#include "support/eventually.h"
#include "unit/net/test_client.h"
#include "unit/net/test_server.h"

namespace baton::net {
namespace {

using namespace std::chrono_literals;
using test::Caller;
using test::echo;
using test::RawListener;
using test::RawPeer;
using test::soon;
using test::TestServer;
using test::text_response;

TEST(HttpClient, sends_every_part_and_returns_every_part) {
    Request seen;
    TestServer server([&](Request request) -> Task<Response> {
        seen = std::move(request);
        auto response = text_response("answer", 404);
        response.fields.add("X-Out", "o");
        co_return response;
    });
    Caller caller;
    ClientRequest request{.method = Method::patch, .url = server.url("/a?b=c"), .body = "body"};
    request.fields.add("X-In", "i");
    request.fields.add("X-Empty", "");
    const auto response = caller.send(request);
    ASSERT_TRUE(response) << to_string(response.error());
    EXPECT_EQ(response->status, 404);
    EXPECT_EQ(response->body, "answer");
    EXPECT_EQ(response->content_type, "text/plain");
    EXPECT_EQ(response->fields.get("x-out"), "o");
    EXPECT_EQ(seen.method, Method::patch);
    EXPECT_EQ(seen.target, "/a?b=c");
    EXPECT_EQ(seen.body, "body");
    EXPECT_EQ(seen.fields.get("x-in"), "i");
    EXPECT_TRUE(seen.fields.has("x-empty"));
    EXPECT_FALSE(seen.fields.has("content-type"));
    EXPECT_FALSE(seen.fields.has("expect"));
}

TEST(HttpClient, speaks_every_method) {
    TestServer server([](Request request) -> Task<Response> {
        co_return text_response(request.method_text + ":" + request.body);
    });
    Caller caller;
    for (const auto method :
        {Method::get, Method::post, Method::put, Method::patch, Method::del, Method::options}) {
        for (const std::string body : {"", "b"}) {
            const auto response =
                caller.send({.method = method, .url = server.url("/"), .body = body});
            ASSERT_TRUE(response) << to_string(response.error());
            EXPECT_EQ(response->body, std::string(to_string(method)) + ":" + body);
        }
    }
    const auto head = caller.send({.method = Method::head, .url = server.url("/")});
    ASSERT_TRUE(head) << to_string(head.error());
    EXPECT_EQ(head->body, "");
    EXPECT_EQ(head->fields.get("content-length"), "5");
}

TEST(HttpClient, reuses_its_connection) {
    std::vector<std::string> peers;
    TestServer server([&](Request request) -> Task<Response> {
        peers.push_back(request.peer);
        co_return text_response("ok");
    });
    Caller caller;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(caller.send({.url = server.url("/")}));
    EXPECT_EQ(peers.at(0), peers.at(2));
}

TEST(HttpClient, carries_large_bodies_both_ways) {
    TestServer server(echo);
    Caller caller;
    std::string body;
    while (body.size() < 10'000'000) body += std::to_string(body.size());
    const auto response =
        caller.send({.method = Method::post, .url = server.url("/"), .body = body});
    ASSERT_TRUE(response) << to_string(response.error());
    EXPECT_EQ(response->body, body);
}

TEST(HttpClient, opens_no_more_connections_than_allowed) {
    std::atomic<int> now = 0;
    std::atomic<int> most = 0;
    TestServer server([&](Request) -> Task<Response> {
        most = std::max(most.load(), ++now);
        co_await sleep_until(Deadline::after(5ms));
        --now;
        co_return text_response("ok");
    });
    Caller caller({.connections_max = 2});
    std::vector<std::future<Result<Response>>> answers;
    for (int i = 0; i < 10; ++i) answers.push_back(caller.start({.url = server.url("/")}));
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
    EXPECT_LE(most, 2);
}

TEST(HttpClient, refuses_what_it_cannot_send) {
    Caller caller;
    for (const std::string url : {"", "no url", "127.0.0.1/x", "ftp://host/x", "file:///etc/passwd",
             "http://", "http://host:99999/", "http://ho st/", "http://user:pass@/"}) {
        const auto response = caller.send({.url = url});
        ASSERT_FALSE(response) << url;
        EXPECT_EQ(response.error().code, Errc::invalid_argument) << url;
        EXPECT_EQ(response.error().detail.find("pass@"), std::string::npos);
    }
    ClientRequest request{.url = "http://127.0.0.1:1/"};
    request.fields.add("X-A", "1\r\nX-B: 2");
    EXPECT_EQ(caller.send(request).error().code, Errc::invalid_argument);
    EXPECT_EQ(caller.send({.method = Method::other, .url = "http://127.0.0.1:1/"}).error().code,
        Errc::invalid_argument);
}

TEST(HttpClient, refused_connection_names_the_peer_and_no_secret) {
    std::uint16_t port = 0;
    {
        const RawListener gone;
        port = gone.port();
    }
    Caller caller;
    const auto response =
        caller.send({.url = "http://user:secret@127.0.0.1:" + std::to_string(port) +
                            "/botsecret/send?key=secret"});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::connection_failed);
    EXPECT_NE(response.error().detail.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
    EXPECT_EQ(response.error().detail.find("secret"), std::string::npos) << response.error().detail;
}

TEST(HttpClient, name_that_does_not_resolve_is_connection_failed) {
    Caller caller;
    const auto response =
        caller.send({.url = "http://no-such-host.invalid/"}, Deadline::after(20s));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::connection_failed) << to_string(response.error());
}

TEST(HttpClient, answer_cut_short_is_connection_failed) {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    for (const std::string& answer : {
             std::string(),
             std::string("HTTP/1.1 200"),
             ok + "Content-Length: 10\r\n\r\nhalf",
             ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
             ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
         }) {
        RawPeer peer;
        Caller caller;
        auto response = caller.start({.url = peer.url()});
        auto connection = peer.accept_request();
        connection.send(answer);
        connection.close();
        const auto result = response.get();
        ASSERT_FALSE(result) << answer;
        EXPECT_EQ(result.error().code, Errc::connection_failed) << answer;
    }
}

TEST(HttpClient, reset_is_connection_failed_and_garbage_protocol_error) {
    RawPeer peer;
    Caller caller;
    auto response = caller.start({.url = peer.url()});
    auto connection = peer.accept_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    connection.reset();
    EXPECT_EQ(response.get().error().code, Errc::connection_failed);

    response = caller.start({.url = peer.url()});
    auto garbage = peer.accept_request();
    garbage.send("what do you want?\r\n\r\n");
    garbage.close();
    const auto result = response.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::protocol_error) << to_string(result.error());
}

TEST(HttpClient, endless_head_is_protocol_error) {
    RawPeer peer;
    Caller caller;
    auto response = caller.start({.url = peer.url()});
    auto connection = peer.accept_request();
    connection.send("HTTP/1.1 200 OK\r\n");
    const std::string field = "X-A: " + std::string(1'000, 'a') + "\r\n";
    connection.send_until_stuck(field, 1'000'000, 100ms);
    const auto result = response.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::protocol_error) << to_string(result.error());
}

TEST(HttpClient, interim_answers_and_trailers_are_not_the_answer) {
    RawPeer peer;
    Caller caller;
    auto response = caller.start({.url = peer.url()});
    auto connection = peer.accept_request();
    connection.send(
        "HTTP/1.1 103 Early Hints\r\nX-A: early\r\n\r\nHTTP/1.1 200 OK\r\nX-B: b\r\n"
        "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A: trailer\r\n\r\n");
    const auto result = response.get();
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->body, "ok");
    EXPECT_FALSE(result->fields.has("X-A"));
    EXPECT_TRUE(result->fields.has("X-B"));
}

TEST(HttpClient, redirects_are_answers_like_any_other) {
    TestServer server([](Request) -> Task<Response> {
        auto response = text_response("", 302);
        response.fields.add("Location", "/elsewhere");
        co_return response;
    });
    Caller caller;
    EXPECT_EQ(caller.send({.url = server.url("/")})->status, 302);
}

TEST(HttpClient, body_at_the_limit_passes_and_one_byte_more_fails) {
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: ";
    for (const auto& [answer, fits] : std::vector<std::pair<std::string, bool>>{
             {sized + "10\r\n\r\n0123456789", true},
             {sized + "11\r\n\r\n", false},
             {chunked + "A\r\n0123456789\r\n0\r\n\r\n", true},
             {chunked + "B\r\n0123456789a\r\n", false},
         }) {
        RawPeer peer;
        Caller caller({.body_max = 10});
        auto response = caller.start({.url = peer.url()});
        auto connection = peer.accept_request();
        connection.send(answer);
        const auto result = response.get();
        EXPECT_EQ(result.has_value(), fits) << answer;
        if (fits) continue;
        EXPECT_EQ(result.error().code, Errc::payload_too_large);
    }
}

TEST(HttpClientTime, deadline_ends_a_request_wherever_it_waits) {
    RawPeer peer;
    Caller caller({.connections_max = 1});
    auto talking = caller.start({.url = peer.url()}, Deadline::after(200ms));
    auto connection = peer.accept_request();
    auto waiting = caller.start({.url = peer.url()}, Deadline::after(100ms));
    EXPECT_EQ(waiting.get().error().code, Errc::deadline_exceeded);
    EXPECT_EQ(talking.get().error().code, Errc::deadline_exceeded);
    EXPECT_EQ(connection.read_to_end(), "");
    EXPECT_EQ(caller.send({.url = peer.url()}, Deadline::after(0ms)).error().code,
        Errc::deadline_exceeded);
}

TEST(HttpClientTime, silent_peer_is_cut_and_a_slow_one_is_not) {
    RawPeer peer;
    Caller caller({.stall_timeout = 200ms});
    auto response = caller.start({.url = peer.url()});
    auto connection = peer.accept_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    // Longer than the stall timeout in all, never silent for so long.
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < 500ms) {
        ASSERT_FALSE(connection.readable_within(50ms)) << "cut although it sent";
        connection.send("x");
    }
    ASSERT_EQ(response.wait_for(5s), std::future_status::ready);
    const auto result = response.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::deadline_exceeded);
    EXPECT_NE(result.error().detail.find("silent"), std::string::npos) << result.error().detail;
}

TEST(HttpClientTime, requests_beyond_the_waiting_room_fail_at_once) {
    RawPeer peer;
    Caller caller({.connections_max = 1, .waiting_max = 1});
    auto first = caller.start({.url = peer.url()}, Deadline::after(5s));
    auto connection = peer.accept_request();
    auto second = caller.start({.url = peer.url()}, Deadline::after(5s));
    auto third = caller.start({.url = peer.url()}, Deadline::after(5s));
    // Whichever came last is refused; the other waits.
    ASSERT_TRUE(test::eventually([&] {
        return second.wait_for(0s) == std::future_status::ready ||
               third.wait_for(0s) == std::future_status::ready;
    }));
    auto& refused = second.wait_for(0s) == std::future_status::ready ? second : third;
    EXPECT_EQ(refused.get().error().code, Errc::overloaded);
    caller.client.reset();
    EXPECT_EQ(first.get().error().code, Errc::cancelled);
}

}  // namespace
}  // namespace baton::net
