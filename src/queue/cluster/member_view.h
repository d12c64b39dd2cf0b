// What a daemon knows of its cluster, for people and metrics. Pure.
#pragma once

#include <string>
#include <vector>

#include "model/cluster_state.h"
#include "queue/cluster/cluster_node.h"

namespace baton::queue::cluster {

struct MemberView {
    std::string cluster{};
    DaemonId id{};                               ///< of this daemon
    bool is_connected = false;                   ///< to a NATS server
    std::vector<Partition> hanging{};            ///< see ClusterNode
    bool is_in_touch = false;                    ///< see ClusterNode
    std::uint64_t passed_over = 0;               ///< see ClusterNode
    std::vector<LeaderView> leaders{};           ///< by partition
    std::vector<ClusterNode::Member> members{};  ///< this daemon among them
};

/// Every partition is served.
[[nodiscard]] bool is_settled(const MemberView& view);
/// What this daemon leads, served yet or not.
[[nodiscard]] std::vector<Partition> led_here(const MemberView& view);
/// What this daemon has led is served by others; or nobody is left who may lead.
[[nodiscard]] bool has_handed_over(const MemberView& view, const std::vector<Partition>& led);

[[nodiscard]] ClusterState state_of(const MemberView& view);

}  // namespace baton::queue::cluster
