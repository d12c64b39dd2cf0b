// What a daemon says of its cluster.
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "queue/cluster/member_metrics.h"
#include "queue/cluster/member_view.h"

namespace baton::queue::cluster {
namespace {

ClusterNode::Member member(const std::string& name) {
    return {DaemonId(name + "-1"), {.name = name, .partitions = 4}};
}

MemberView some_view() {
    MemberView view{.cluster = "c", .id = DaemonId("b-1"), .is_connected = true};
    view.leaders = {
        {DaemonId("b-1"), true}, {DaemonId("a-1"), true}, {DaemonId("b-1"), false}, {{}, false}};
    view.members = {member("b"), member("a")};
    view.members[0].record.is_draining = true;
    return view;
}

TEST(MemberView, says_who_leads_what_and_what_nobody_does) {
    const auto state = state_of(some_view());
    EXPECT_EQ(state.name, "c");
    EXPECT_EQ(state.daemon, "b");
    EXPECT_TRUE(state.is_connected);
    EXPECT_FALSE(state.is_in_touch);
    EXPECT_EQ(state.partitions, 4U);
    EXPECT_EQ(state.leads, std::vector<std::uint32_t>{0});
    EXPECT_EQ(state.without_leader, (std::vector<std::uint32_t>{2, 3}))
        << "who opens a partition does not serve it yet";
    ASSERT_EQ(state.daemons.size(), 2U);
    EXPECT_EQ(
        state.daemons[0], (ClusterState::Daemon{.name = "a", .may_lead = true, .leads = {1}}));
    EXPECT_TRUE(state.daemons[1].is_draining);
}

TEST(MemberView, knows_when_all_is_served_and_when_it_has_handed_over) {
    auto view = some_view();
    const auto led = led_here(view);
    EXPECT_EQ(led, (std::vector<Partition>{0, 2}));
    EXPECT_FALSE(is_settled(MemberView{}));
    EXPECT_FALSE(is_settled(view));
    EXPECT_FALSE(has_handed_over(view, led));
    view.leaders[0] = {DaemonId("a-1"), true};
    view.leaders[2] = {DaemonId("a-1"), false};
    EXPECT_FALSE(has_handed_over(view, led)) << "who opens a partition does not serve it yet";
    view.leaders[2].is_serving = true;
    EXPECT_TRUE(has_handed_over(view, led));
    EXPECT_FALSE(is_settled(view)) << "nobody leads the last one";
    view.leaders[3] = {DaemonId("a-1"), true};
    EXPECT_TRUE(is_settled(view));
}

TEST(MemberView, knows_that_nobody_is_left_to_hand_over_to) {
    auto view = some_view();
    const auto led = led_here(view);
    view.members[1].record.is_draining = true;
    EXPECT_TRUE(has_handed_over(view, led));
    view.members[1].record = {.name = "a", .may_lead = false};
    EXPECT_TRUE(has_handed_over(view, led));
    view.members.pop_back();
    EXPECT_TRUE(has_handed_over(view, led));
}

TEST(MemberView, is_shown_in_metrics) {
    MetricRegistry registry;
    MemberMetrics metrics(registry, 4);
    auto view = some_view();
    metrics.see(view);
    const auto has = [&](const std::string& line) {
        return registry.render().find("\nbaton_cluster_" + line + "\n") != std::string::npos;
    };
    EXPECT_TRUE(has("members 2"));
    EXPECT_TRUE(has("nats_connected 1"));
    EXPECT_TRUE(has("in_touch 0"));
    EXPECT_TRUE(has("partitions_led 1"));
    EXPECT_TRUE(has("partitions_without_leader 2"));
    EXPECT_TRUE(has("leads{partition=\"0\"} 1"));
    EXPECT_TRUE(has("leads{partition=\"2\"} 0"));
    EXPECT_TRUE(has("leader_changes_total 0")) << "the first leader seen is no change";
    view.leaders[1] = {};  // that it has gone is none, that another one comes is
    metrics.see(view);
    view.leaders[1] = {DaemonId("b-1"), true};
    view.hanging = {2};
    view.passed_over = 7;
    metrics.see(view);
    metrics.see(view);
    EXPECT_TRUE(has("partitions_hanging 1"));
    EXPECT_TRUE(has("daemons_passed_over_total 7"));
    EXPECT_TRUE(has("leader_changes_total 1"));
    EXPECT_TRUE(has("partitions_led 2"));
}

}  // namespace
}  // namespace baton::queue::cluster
