// The proxy that stands for a network: what it lets through, holds back and breaks.
#include "support/fault_proxy.h"

#include <chrono>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "support/raw_http.h"

namespace baton::test {
namespace {

using std::chrono::milliseconds;

class FaultProxyTest : public testing::Test {
protected:
    /// Whether a connection through the proxy ends by itself, with or without an error.
    bool breaks(RawConnection& connection) {
        try {
            connection.read_to_end();
            return true;
        } catch (const std::system_error&) {
            return true;
        }
    }

    RawListener server_;
    FaultProxy proxy_{server_.port()};
};

TEST_F(FaultProxyTest, bytes_and_ends_pass_in_both_directions) {
    auto client = RawConnection::connect(proxy_.port());
    auto server = server_.accept();
    const std::string much(3'000'000, 'x');
    client.send("question");
    EXPECT_EQ(server.take(8), "question");
    server.send("answer");
    EXPECT_EQ(client.take(6), "answer");
    client.send(much.substr(0, 100'000));
    client.shutdown_send();
    EXPECT_EQ(server.read_to_end().size(), 100'000U);
    server.send("after the end of the other side");
    server.close();
    EXPECT_EQ(client.read_to_end(), "after the end of the other side");
}

TEST_F(FaultProxyTest, dripping_link_brings_every_byte) {
    proxy_.set_link(Link::drip);
    auto client = RawConnection::connect(proxy_.port());
    auto server = server_.accept();
    client.send("question");
    EXPECT_EQ(server.take(8), "question");
    server.send(std::string(2'000, 'x'));
    server.close();
    EXPECT_EQ(client.read_to_end(), std::string(2'000, 'x'));
}

TEST_F(FaultProxyTest, clients_count_until_they_end) {
    auto client = RawConnection::connect(proxy_.port());
    auto server = server_.accept();
    client.send("x");
    EXPECT_EQ(server.take(1), "x");
    EXPECT_EQ(proxy_.clients(), 1U);
    client.shutdown_send();
    EXPECT_EQ(server.read_to_end(), "");
    EXPECT_EQ(proxy_.clients(), 0U);
}

TEST_F(FaultProxyTest, holds_at_the_byte_it_was_told) {
    auto client = RawConnection::connect(proxy_.port());
    auto server = server_.accept();
    client.send("before");
    EXPECT_EQ(server.take(6), "before");
    EXPECT_EQ(proxy_.bytes_to_target(), 6U);
    proxy_.hold_after(4);
    client.send("question");
    EXPECT_EQ(server.take(4), "ques");
    EXPECT_FALSE(server.readable_within(milliseconds(50)));
    EXPECT_EQ(proxy_.link(), Link::hold);
    EXPECT_EQ(proxy_.bytes_to_target(), 10U);
    proxy_.set_link(Link::pass);
    EXPECT_EQ(server.take(4), "tion");
}

TEST_F(FaultProxyTest, what_is_held_comes_when_the_link_passes_again) {
    auto client = RawConnection::connect(proxy_.port());
    auto server = server_.accept();
    client.send("before");
    EXPECT_EQ(server.take(6), "before");
    proxy_.set_link(Link::hold);
    client.send("meanwhile");
    EXPECT_FALSE(server.readable_within(milliseconds(50)));
    auto late = RawConnection::connect(proxy_.port());
    late.send("late");
    EXPECT_FALSE(late.readable_within(milliseconds(50)));
    proxy_.set_link(Link::pass);
    EXPECT_EQ(server.take(9), "meanwhile");
    EXPECT_EQ(server_.accept().take(4), "late");
}

TEST_F(FaultProxyTest, a_reset_link_breaks_all_connections_and_takes_no_new_ones) {
    auto client = RawConnection::connect(proxy_.port());
    auto server = server_.accept();
    client.send("x");
    EXPECT_EQ(server.take(1), "x");
    proxy_.set_link(Link::reset);
    EXPECT_TRUE(breaks(client));
    EXPECT_TRUE(breaks(server));
    auto refused = RawConnection::connect(proxy_.port());
    EXPECT_TRUE(breaks(refused));
    proxy_.set_link(Link::pass);
    auto again = RawConnection::connect(proxy_.port());
    again.send("again");
    EXPECT_EQ(server_.accept().take(5), "again");
}

TEST_F(FaultProxyTest, a_target_that_does_not_listen_breaks_the_connection) {
    FaultProxy nowhere;
    auto client = RawConnection::connect(nowhere.port());
    EXPECT_TRUE(breaks(client));
    nowhere.set_target(server_.port());
    auto again = RawConnection::connect(nowhere.port());
    again.send("now");
    EXPECT_EQ(server_.accept().take(3), "now");
}

}  // namespace
}  // namespace baton::test
