// The cluster that other tests stand on: real servers, and faults that are what they say.
#include "support/nats_cluster.h"

#include <chrono>
#include <stdexcept>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "support/nats_client.h"

namespace baton::test {
namespace {

using std::chrono::seconds;

/// Publishes through a node until it is acknowledged.
bool publishes_within(const NatsCluster& cluster, std::size_t node, seconds patience) {
    NatsClient client(cluster, node);
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
        if (client.publish("LOG")) return true;
    }
    return false;
}

TEST(NatsClusterTest, one_node_stores_and_keeps_what_it_stored) {
    NatsCluster cluster({.nodes = 1, .parent = fast_place()});
    {
        NatsClient client(cluster, 0);
        EXPECT_TRUE(client.add_stream("LOG", "LOG", 1));
        EXPECT_TRUE(client.publish("LOG"));
    }
    EXPECT_EQ(cluster.leader_of("LOG"), 0U);
    EXPECT_EQ(cluster.leader_of("OTHER"), std::nullopt);
    cluster.kill(0);
    EXPECT_FALSE(cluster.running(0));
    EXPECT_EQ(cluster.leader_of("LOG"), std::nullopt);
    cluster.restart(0);
    EXPECT_EQ(NatsClient(cluster, 0).count("LOG"), 1U);
}

TEST(NatsClusterTest, the_settings_reach_the_servers) {
    NatsCluster cluster({.nodes = 1,
        .parent = fast_place(),
        .server_settings = "max_payload: 8MB",
        .jetstream_settings = "max_file: 64MB"});
    EXPECT_TRUE(cluster.log(0).contains("Max Storage:     64.00 MB")) << cluster.log(0);
}

class NatsFaultTest : public testing::Test {
protected:
    NatsFaultTest() {
        NatsClient client(cluster_, 0);
        EXPECT_TRUE(client.add_stream("LOG", "LOG", 3));
        EXPECT_TRUE(client.publish("LOG"));
        cluster_.await_healthy();  // two that know of the stream are needed for another leader
        leader_ = cluster_.await_leader("LOG");
        other_ = (leader_ + 1) % 3;
    }

    ~NatsFaultTest() override {
        if (!HasFailure()) return;
        for (std::size_t node = 0; node < cluster_.size(); ++node) {
            fmt::print("node {}:\n{}\n", node + 1, cluster_.log(node));
        }
    }

    NatsCluster cluster_{
        {.can_cut = true, .parent = fast_place(), .server_settings = "debug: true"}};
    std::size_t leader_ = 0;
    std::size_t other_ = 0;
};

TEST_F(NatsFaultTest, another_node_leads_when_the_leader_is_killed) {
    cluster_.kill(leader_);
    EXPECT_TRUE(publishes_within(cluster_, other_, seconds(20)));
    EXPECT_NE(cluster_.await_leader("LOG"), leader_);
    cluster_.restart(leader_);
    EXPECT_TRUE(publishes_within(cluster_, leader_, seconds(20)));
}

TEST_F(NatsFaultTest, another_node_leads_while_the_leader_is_stopped) {
    cluster_.stop(leader_);
    EXPECT_TRUE(publishes_within(cluster_, other_, seconds(20)));
    EXPECT_NE(cluster_.await_leader("LOG"), leader_);
    cluster_.cont(leader_);
    EXPECT_TRUE(publishes_within(cluster_, leader_, seconds(20)));
}

TEST_F(NatsFaultTest, a_node_that_is_cut_off_hears_nobody_until_it_is_healed) {
    NatsClient inside(cluster_, leader_);
    cluster_.cut(leader_);
    EXPECT_FALSE(inside.publish("LOG", 200));
    EXPECT_TRUE(publishes_within(cluster_, other_, seconds(20)));
    EXPECT_NE(cluster_.await_leader("LOG"), leader_);
    EXPECT_THROW(NatsClient(cluster_, leader_), std::runtime_error);
    cluster_.heal(leader_);
    EXPECT_TRUE(publishes_within(cluster_, leader_, seconds(20)));
}

TEST_F(NatsFaultTest, a_cut_that_resets_breaks_connections_at_once) {
    cluster_.cut(leader_, Link::reset);
    EXPECT_THROW(NatsClient(cluster_, leader_), std::runtime_error);
    EXPECT_TRUE(publishes_within(cluster_, other_, seconds(20)));
    cluster_.heal(leader_);
    EXPECT_TRUE(publishes_within(cluster_, leader_, seconds(20)));
}

TEST_F(NatsFaultTest, without_a_quorum_nothing_is_acknowledged) {
    cluster_.cut((leader_ + 1) % 3);
    cluster_.cut((leader_ + 2) % 3);
    EXPECT_FALSE(NatsClient(cluster_, leader_).publish("LOG", 1'000));
    cluster_.heal((leader_ + 1) % 3);
    cluster_.heal((leader_ + 2) % 3);
    cluster_.await_healthy();
    EXPECT_TRUE(publishes_within(cluster_, leader_, seconds(20)));
}

}  // namespace
}  // namespace baton::test
