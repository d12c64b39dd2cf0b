// What happens while an answer comes: streaming, back-pressure, cancellation. The rest:
// client_test.cpp.
#include <future>

#include <gtest/gtest.h>

#include "net/client.h"
#include "runtime/task_group.h"
#include "unit/net/test_client.h"

namespace baton::net {
namespace {

using namespace std::chrono_literals;
using test::Caller;
using test::RawPeer;
using test::soon;

TEST(HttpClientCancel, cancelled_task_ends_its_transfer_at_once) {
    RawPeer peer;
    Caller caller;
    Result<Response> result;
    TaskGroup group(caller.pool.executor(0));
    const auto request = [&]() -> Task<void> {
        ClientRequest wanted{.url = peer.url()};
        result = co_await caller.client->send(std::move(wanted), soon);
    };
    asio::post(group.executor(), [&] { group.spawn(request); });
    auto connection = peer.accept_request();
    const auto begin = std::chrono::steady_clock::now();
    caller.pool.run(group.stop());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 50ms);
    EXPECT_EQ(connection.read_to_end(), "");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::cancelled);
}

TEST(HttpClientCancel, client_that_goes_fails_what_is_under_way) {
    RawPeer peer;
    Caller caller;
    auto response = caller.start({.url = peer.url()});
    auto connection = peer.accept_request();
    caller.client.reset();
    EXPECT_EQ(response.get().error().code, Errc::cancelled);
    EXPECT_EQ(connection.read_to_end(), "");
}

TEST(HttpClientStream, hands_out_head_then_pieces_as_they_come) {
    RawPeer peer;
    Caller caller;
    std::promise<int> status;
    std::promise<void> first_piece;
    std::string body;
    const auto on_head = [&](const Response& head) {
        EXPECT_EQ(body, "");
        status.set_value(head.status);
    };
    const auto on_body = [&](std::string_view piece) {
        if (body.empty()) first_piece.set_value();
        body += piece;
        return true;
    };
    auto response = std::async(std::launch::async, [&] {
        return caller.pool.run(caller.client->stream({.url = peer.url()}, on_head, on_body, soon));
    });
    auto connection = peer.accept_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    EXPECT_EQ(status.get_future().get(), 200);
    connection.send("01234");
    first_piece.get_future().get();
    EXPECT_EQ(response.wait_for(0s), std::future_status::timeout);
    connection.send("56789");
    const auto result = response.get();
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(result->body, "");
    EXPECT_EQ(body, "0123456789");
}

TEST(HttpClientStream, sink_that_lags_slows_the_peer_down) {
    RawPeer peer;
    Caller caller({.stall_timeout = 1s});
    std::promise<void> go_on;
    auto allowed = go_on.get_future().share();
    std::string body;
    const auto on_body = [&](std::string_view piece) {
        allowed.wait();
        body += piece;
        return true;
    };
    auto response = std::async(std::launch::async, [&] {
        return caller.pool.run(caller.client->stream({.url = peer.url()}, {}, on_body, soon));
    });
    constexpr std::size_t size = 64'000'000;
    std::string block;
    while (block.size() < 1'000'000) block += std::to_string(block.size());
    auto connection = peer.accept_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    // Stuck for longer than the stall timeout: our own slowness is no fault of the peer.
    const auto sent = connection.send_until_stuck(block, size, 1'500ms);
    EXPECT_LT(sent, 20'000'000U) << "more than 1 MiB and what the sockets hold";
    go_on.set_value();
    std::size_t rest = size - sent;
    connection.send(std::string_view(block).substr(sent % block.size()).substr(0, rest));
    rest -= std::min(rest, block.size() - sent % block.size());
    for (; rest > 0; rest -= std::min(rest, block.size())) {
        connection.send(std::string_view(block).substr(0, rest));
    }
    const auto result = response.get();
    ASSERT_TRUE(result) << to_string(result.error());
    ASSERT_EQ(body.size(), size);
    for (std::size_t i = 0; i < size; i += block.size()) {
        const auto piece = std::string_view(body).substr(i, block.size());
        ASSERT_TRUE(std::string_view(block).starts_with(piece)) << i;
    }
}

TEST(HttpClientStream, sink_that_has_enough_cuts_the_transfer) {
    RawPeer peer;
    Caller caller;
    auto response = std::async(std::launch::async, [&] {
        const auto on_body = [](std::string_view) { return false; };
        return caller.pool.run(caller.client->stream({.url = peer.url()}, {}, on_body, soon));
    });
    auto connection = peer.accept_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    EXPECT_EQ(response.get().error().code, Errc::cancelled);
    EXPECT_EQ(connection.read_to_end(), "");
}

TEST(HttpClientStream, what_a_sink_throws_comes_out_and_the_transfer_ends) {
    RawPeer peer;
    Caller caller;
    auto response = std::async(std::launch::async, [&] {
        const auto on_body = [](std::string_view) -> bool { throw std::runtime_error("sink"); };
        return caller.pool.run(caller.client->stream({.url = peer.url()}, {}, on_body, soon));
    });
    auto connection = peer.accept_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    EXPECT_THROW(static_cast<void>(response.get()), std::runtime_error);
    EXPECT_EQ(connection.read_to_end(), "");
}

TEST(HttpClientStream, answer_cut_short_fails_after_what_came) {
    RawPeer peer;
    Caller caller;
    std::string body;
    const auto on_body = [&](std::string_view piece) {
        body += piece;
        return true;
    };
    auto response = std::async(std::launch::async, [&] {
        return caller.pool.run(caller.client->stream({.url = peer.url()}, {}, on_body, soon));
    });
    auto connection = peer.accept_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    connection.close();
    EXPECT_EQ(response.get().error().code, Errc::connection_failed);
    EXPECT_EQ(body, "some");
}

}  // namespace
}  // namespace baton::net
