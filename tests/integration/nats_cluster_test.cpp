// The cluster that other tests stand on: real servers, and faults that are what they say.
#include "support/nats_cluster.h"

#include <chrono>
#include <memory>
#include <nats/nats.h>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace baton::test {
namespace {

using std::chrono::seconds;

/// A connection to one node that does not wander to another one.
class NatsClient final {
public:
    NatsClient(const NatsCluster& cluster, std::size_t node) {
        natsOptions* options = nullptr;
        must(natsOptions_Create(&options));
        natsOptions_SetURL(options, cluster.url(node).c_str());
        natsOptions_SetUserInfo(
            options, cluster.user().name.c_str(), cluster.user().password.c_str());
        natsOptions_SetTimeout(options, 2'000);
        const auto status = natsConnection_Connect(&connection_, options);
        natsOptions_Destroy(options);
        must(status);
        must(natsConnection_JetStream(&context_, connection_, nullptr));
    }
    ~NatsClient() {
        jsCtx_Destroy(context_);
        natsConnection_Destroy(connection_);
    }
    NatsClient(const NatsClient&) = delete;
    NatsClient& operator=(const NatsClient&) = delete;

    void add_stream(const char* name, std::int64_t replicas) {
        jsStreamConfig config;
        must(jsStreamConfig_Init(&config));
        config.Name = name;
        config.Subjects = &name;
        config.SubjectsLen = 1;
        config.Replicas = replicas;
        must(js_AddStream(nullptr, context_, &config, nullptr, nullptr));
    }
    /// Whether it was acknowledged in time.
    bool publish(const char* subject, std::int64_t wait_ms = 1'000) {
        jsPubOptions options;
        must(jsPubOptions_Init(&options));
        options.MaxWait = wait_ms;
        return js_Publish(nullptr, context_, subject, "x", 1, &options, nullptr) == NATS_OK;
    }
    /// How many messages the stream holds.
    std::uint64_t count(const char* stream) {
        jsStreamInfo* info = nullptr;
        must(js_GetStreamInfo(&info, context_, stream, nullptr, nullptr));
        const auto count = info->State.Msgs;
        jsStreamInfo_Destroy(info);
        return count;
    }

private:
    static void must(natsStatus status) {
        if (status != NATS_OK) throw std::runtime_error(natsStatus_GetText(status));
    }

    natsConnection* connection_ = nullptr;
    jsCtx* context_ = nullptr;
};

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
        client.add_stream("LOG", 1);
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
        client.add_stream("LOG", 3);
        EXPECT_TRUE(client.publish("LOG"));
        leader_ = cluster_.await_leader("LOG");
        other_ = (leader_ + 1) % 3;
    }

    NatsCluster cluster_{{.can_cut = true, .parent = fast_place()}};
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
