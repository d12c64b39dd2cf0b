// Every limit of the server, at the limit and one beyond, with peers no library would be.
#include <chrono>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/event.h"
#include "support/eventually.h"
#include "unit/net/test_server.h"

namespace baton::net {
namespace {

using namespace std::chrono_literals;
using test::echo;
using test::get_request;
using test::post_request;
using test::TestServer;
using test::text_response;

std::string get_of_size(std::size_t size) {
    std::string request = "GET / HTTP/1.1\r\nHost: test\r\nX-Pad: ";
    request.append(size - request.size() - 4, 'x');
    return request + "\r\n\r\n";
}

TEST(HttpServerLimits, head_at_the_limit_passes_and_one_byte_more_is_431) {
    TestServer server(echo, {.header_max = 16'384});
    auto client = server.connect();
    client.send(get_of_size(16'384));
    EXPECT_EQ(client.read_response().status, 200);
    client.send(get_of_size(16'385));
    const auto response = client.read_response();
    EXPECT_EQ(response.status, 431);
    EXPECT_EQ(response.fields.at("connection"), "close");
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_TRUE(server.counted(R"(baton_net_limit_hits_total{limit="header"} 1)"));
}

TEST(HttpServerLimits, endless_head_gets_431_although_the_client_sends_on) {
    TestServer server(echo, {.header_max = 1'000});
    auto client = server.connect();
    client.send("GET / HTTP/1.1\r\nX: " + std::string(1'000'000, 'x'));
    EXPECT_EQ(client.read_response().status, 431);
}

TEST(HttpServerLimits, body_at_the_limit_passes_and_one_byte_more_is_413) {
    TestServer server(echo, {.body_max = 100'000});
    auto client = server.connect();
    client.send(post_request(std::string(100'000, 'x')));
    EXPECT_EQ(client.read_response().body.size(), 100'000U);
    // Announced is enough: no byte of the body was sent.
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100001\r\n\r\n");
    const auto response = client.read_response();
    EXPECT_EQ(response.status, 413);
    EXPECT_EQ(response.fields.at("connection"), "close");
    EXPECT_TRUE(server.counted(R"(baton_net_limit_hits_total{limit="body"} 1)"));
}

TEST(HttpServerLimits, what_is_refused_before_its_end_has_its_target) {
    TestServer server(echo, {.header_max = 1'000, .body_max = 10});
    const auto answer = [&](const std::string& request) {
        auto client = server.connect();
        client.send(request);
        return client.read_response().body;
    };
    using testing::EndsWith;
    EXPECT_THAT(answer("POST /a?b HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n"),
        EndsWith(" of /a?b"));
    EXPECT_THAT(answer("GET /a HTTP/1.1\r\nX: " + std::string(2'000, 'x')), EndsWith(" of /a"));
    EXPECT_THAT(answer("GET /a%00b HTTP/1.1\r\nHost: test\r\n\r\n"), EndsWith(" of /a%00b"));
    EXPECT_THAT(
        answer("GET /" + std::string(2'000, 'x')), testing::Not(testing::HasSubstr(" of /")));
}

TEST(HttpServerLimits, body_that_is_not_invited_gets_413_instead_of_100) {
    TestServer server(echo, {.body_max = 10});
    auto client = server.connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 413);
}

TEST(HttpServerLimits, chunked_body_at_the_limit_passes_and_one_byte_more_is_413) {
    TestServer server(echo, {.body_max = 10});
    const std::string head = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
    auto client = server.connect();
    client.send(head + "6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_response().body, "0123456789");
    client.send(head + "6\r\n012345\r\n5\r\n6789a\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 413);
}

TEST(HttpServerLimits, client_that_sends_its_large_body_first_still_reads_the_413) {
    TestServer server(echo, {.body_max = 1'000});
    auto client = server.connect();
    client.send(post_request(std::string(20'000'000, 'x')));
    EXPECT_EQ(client.read_response().status, 413);
    EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpServerLimits, client_that_never_stops_sending_is_cut) {
    TestServer server(echo, {.body_max = 1'000, .linger_timeout = 100ms});
    auto client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1001\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 413);
    EXPECT_TRUE(test::eventually([&] { return server.server->connections() == 0; }));
}

TEST(HttpServerLimits, connection_beyond_the_limit_gets_503_until_one_leaves) {
    TestServer server(echo, {.connections_max = 2});
    auto first = server.connect();
    auto second = server.connect();
    first.send(get_request());
    EXPECT_EQ(first.read_response().status, 200);
    second.send(get_request());
    EXPECT_EQ(second.read_response().status, 200);
    auto third = server.connect();
    third.send(get_request());
    const auto response = third.read_response();
    EXPECT_EQ(response.status, 503);
    EXPECT_TRUE(response.body.starts_with("overloaded")) << response.body;
    EXPECT_EQ(third.read_to_end(), "");
    EXPECT_TRUE(server.counted(R"(baton_net_limit_hits_total{limit="connections"} 1)"));
    EXPECT_TRUE(server.counted("baton_net_connections_count 2"));
    first.close();
    ASSERT_TRUE(test::eventually([&] { return server.server->connections() == 1; }));
    auto fourth = server.connect();
    fourth.send(get_request());
    EXPECT_EQ(fourth.read_response().status, 200);
}

TEST(HttpServerLimits, crowd_beyond_the_limit_does_not_hurt_who_is_inside) {
    TestServer server(echo, {.connections_max = 1});
    auto inside = server.connect();
    inside.send(get_request());
    EXPECT_EQ(inside.read_response().status, 200);
    std::vector<test::RawConnection> crowd;
    for (int i = 0; i < 300; ++i) crowd.push_back(server.connect());
    EXPECT_TRUE(test::eventually(
        [&] { return server.counted(R"(baton_net_limit_hits_total{limit="connections"} 300)"); }));
    inside.send(get_request());
    EXPECT_EQ(inside.read_response().status, 200);
}

/// Takes every free descriptor of the process, until it goes.
class DescriptorFamine {
public:
    DescriptorFamine() {
        ::getrlimit(RLIMIT_NOFILE, &usual_);
        const ::rlimit tight{.rlim_cur = 256, .rlim_max = usual_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &tight);
        for (int copy = ::dup(0); copy >= 0; copy = ::dup(0)) copies_.push_back(copy);
    }
    ~DescriptorFamine() {
        ::setrlimit(RLIMIT_NOFILE, &usual_);
        for (const int copy : copies_) ::close(copy);
    }

private:
    ::rlimit usual_{};
    std::vector<int> copies_;
};

TEST(HttpServerLimits, server_out_of_descriptors_accepts_again_when_there_are_some) {
    TestServer server(echo);
    // A thread's first allocation reads a file (glibc counts processors): let both have that
    // behind.
    for (int i = 0; i < 2; ++i) {
        auto warm = server.connect();
        warm.send(get_request());
        EXPECT_EQ(warm.read_response().status, 200);
    }
    ASSERT_TRUE(test::eventually([&] { return server.server->connections() == 0; }));
    auto client = test::RawConnection::unconnected();
    {
        const DescriptorFamine famine;
        client.connect_to(server.server->port());
        client.send(get_request());
        EXPECT_FALSE(client.readable_within(250ms));
    }
    EXPECT_EQ(client.read_response().status, 200);
}

TEST(HttpServerTime, request_that_stalls_gets_408) {
    TestServer server(echo, {.request_timeout = 50ms});
    auto in_head = server.connect();
    in_head.send("GET / HTTP/1.1\r\nHost:");
    auto in_body = server.connect();
    in_body.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhal");
    for (auto* client : {&in_head, &in_body}) {
        const auto response = client->read_response();
        EXPECT_EQ(response.status, 408);
        EXPECT_EQ(response.fields.at("connection"), "close");
        EXPECT_EQ(client->read_to_end(), "");
    }
    EXPECT_TRUE(server.counted(R"(baton_net_limit_hits_total{limit="request_time"} 2)"));
}

TEST(HttpServerTime, trickling_does_not_stretch_the_request_time) {
    TestServer server(echo, {.request_timeout = 200ms});
    auto client = server.connect();
    client.send("GET / HTTP/1.1\r\n");
    const auto begin = std::chrono::steady_clock::now();
    while (!client.readable_within(5ms)) {
        client.send("X: y\r\n");
        ASSERT_LT(std::chrono::steady_clock::now() - begin, 5s);
    }
    EXPECT_EQ(client.read_response().status, 408);
}

TEST(HttpServerTime, request_time_does_not_limit_the_handler) {
    TestServer server(
        [](Request) -> Task<Response> {
            co_await sleep_until(Deadline::after(300ms));
            co_return text_response("ok");
        },
        {.idle_timeout = 50ms, .request_timeout = 50ms, .write_timeout = 50ms});
    auto client = server.connect();
    client.send(get_request());
    EXPECT_EQ(client.read_response().status, 200);
}

TEST(HttpServerTime, idle_connection_is_closed_without_a_word) {
    TestServer server(echo, {.idle_timeout = 50ms});
    auto silent = server.connect();
    auto used = server.connect();
    used.send(get_request());
    EXPECT_EQ(used.read_response().status, 200);
    EXPECT_EQ(used.read_to_end(), "");
    EXPECT_EQ(silent.read_to_end(), "");
}

TEST(HttpServerTime, client_that_does_not_read_is_cut) {
    TestServer server(
        [](Request) -> Task<Response> { co_return text_response(std::string(32'000'000, 'x')); },
        {.write_timeout = 100ms});
    auto client = server.connect();
    client.send(get_request());
    EXPECT_TRUE(test::eventually(
        [&] { return server.counted(R"(baton_net_limit_hits_total{limit="write_time"} 1)"); }));
    EXPECT_LT(client.read_to_end().size(), 32'000'000U);
}

}  // namespace
}  // namespace baton::net
