#include "queue/cluster/member_view.h"

#include <algorithm>

namespace baton::queue::cluster {

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
