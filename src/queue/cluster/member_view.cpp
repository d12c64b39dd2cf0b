#include "queue/cluster/member_view.h"

#include <algorithm>

namespace baton::queue::cluster {

bool is_settled(const MemberView& view) {
    return !view.leaders.empty() && std::ranges::all_of(view.leaders, &LeaderView::is_serving);
}

std::vector<Partition> led_here(const MemberView& view) {
    std::vector<Partition> led;
    for (Partition i = 0; i < view.leaders.size(); ++i) {
        if (view.leaders[i].id == view.id) led.push_back(i);
    }
    return led;
}

bool has_handed_over(const MemberView& view, const std::vector<Partition>& led) {
    const bool has_heirs = std::ranges::any_of(view.members, [&](const auto& member) {
        const auto& [id, record] = member;
        return id != view.id && record.may_lead && !record.is_draining;
    });
    return !has_heirs || std::ranges::all_of(led, [&](Partition partition) {
        const auto& [leader, is_serving] = view.leaders[partition];
        return is_serving && leader != view.id;
    });
}

ClusterState state_of(const MemberView& view) {
    ClusterState state{.name = view.cluster,
        .is_connected = view.is_connected,
        .is_in_touch = view.is_in_touch,
        .partitions = static_cast<std::uint32_t>(view.leaders.size())};
    const auto led_by = [&](const DaemonId& id) {
        std::vector<std::uint32_t> led;
        for (Partition i = 0; i < view.leaders.size(); ++i) {
            if (view.leaders[i].is_serving && view.leaders[i].id == id) led.push_back(i);
        }
        return led;
    };
    for (Partition i = 0; i < view.leaders.size(); ++i) {
        if (!view.leaders[i].is_serving) state.without_leader.push_back(i);
    }
    for (const auto& [id, record] : view.members) {
        state.daemons.push_back({.name = record.name,
            .is_draining = record.is_draining,
            .may_lead = record.may_lead,
            .leads = led_by(id)});
        if (id == view.id) state.daemon = record.name;
    }
    state.leads = led_by(view.id);
    state.hanging = view.hanging;
    std::ranges::sort(state.daemons, {}, &ClusterState::Daemon::name);
    return state;
}

}  // namespace baton::queue::cluster
