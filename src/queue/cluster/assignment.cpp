#include "queue/cluster/assignment.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <tuple>

namespace baton::queue::cluster {
namespace {

struct Daemon {
    const Candidate* candidate = nullptr;
    std::size_t quota = 0;
    std::vector<Partition> held{};
};

/// In the order that gives the first of them one more.
std::vector<Daemon> with_quotas(const std::vector<Candidate>& candidates, std::size_t partitions) {
    std::vector<Daemon> daemons;
    for (const auto& candidate : candidates) daemons.push_back({.candidate = &candidate});
    std::ranges::sort(daemons, {}, [](const Daemon& daemon) {
        const auto& [id, name] = *daemon.candidate;
        return std::make_tuple(stable_hash(name), id.view());
    });
    for (std::size_t i = 0; i < daemons.size(); ++i) {
        const bool one_more = i < partitions % daemons.size();
        daemons[i].quota = partitions / daemons.size() + (one_more ? 1 : 0);
    }
    return daemons;
}

/// More is better; never equal for two daemons.
auto fitness(const Daemon& daemon, Partition partition) {
    const auto& [id, name] = *daemon.candidate;
    return std::make_tuple(affinity(name, partition), id.view());
}

}  // namespace

std::uint64_t affinity(std::string_view daemon, Partition partition) noexcept {
    return stable_hash(daemon, (std::uint64_t{partition} + 1) * 0x9e37'79b9'7f4a'7c15ULL);
}

Leaders assign(const std::vector<Candidate>& candidates, const Leaders& current) {
    Leaders plan(current.size());
    if (candidates.empty()) return plan;
    auto daemons = with_quotas(candidates, current.size());
    std::map<std::string_view, Daemon*> by_id;
    for (auto& daemon : daemons) by_id[daemon.candidate->id.view()] = &daemon;

    for (Partition i = 0; i < current.size(); ++i) {
        const auto leader = current[i] ? by_id.find(current[i]->view()) : by_id.end();
        if (leader != by_id.end()) leader->second->held.push_back(i);
    }
    for (auto& daemon : daemons) {
        std::ranges::sort(daemon.held, std::ranges::greater{},
            [&](Partition partition) { return affinity(daemon.candidate->name, partition); });
        if (daemon.held.size() > daemon.quota) daemon.held.resize(daemon.quota);
        for (const auto partition : daemon.held) plan[partition] = daemon.candidate->id;
    }
    for (Partition i = 0; i < plan.size(); ++i) {
        if (plan[i]) continue;
        Daemon* best = nullptr;
        for (auto& daemon : daemons) {
            if (daemon.held.size() >= daemon.quota) continue;
            if (best == nullptr || fitness(daemon, i) > fitness(*best, i)) best = &daemon;
        }
        best->held.push_back(i);  // the quotas add up to all partitions
        plan[i] = best->candidate->id;
    }
    return plan;
}

std::vector<DaemonId> line_for(Partition partition, const std::vector<Candidate>& candidates) {
    std::vector<Daemon> daemons;
    for (const auto& candidate : candidates) daemons.push_back({.candidate = &candidate});
    std::ranges::sort(daemons, std::ranges::greater{},
        [&](const Daemon& daemon) { return fitness(daemon, partition); });
    std::vector<DaemonId> line;
    for (const auto& daemon : daemons) line.push_back(daemon.candidate->id);
    return line;
}

std::size_t rank_of(const DaemonId& daemon, Partition partition,
    const std::vector<DaemonId>& called, const std::vector<Candidate>& candidates) {
    std::vector<DaemonId> order;
    const auto add = [&](const DaemonId& id) {
        const bool is_there = std::ranges::find(candidates, id, &Candidate::id) != candidates.end();
        if (is_there && std::ranges::find(order, id) == order.end()) order.push_back(id);
    };
    for (const auto& id : called) add(id);
    for (const auto& id : line_for(partition, candidates)) add(id);
    return static_cast<std::size_t>(std::ranges::find(order, daemon) - order.begin());
}

}  // namespace baton::queue::cluster
