// What is seen of the cluster from one daemon, as metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "base/metrics.h"
#include "queue/cluster/member_view.h"

namespace baton::queue::cluster {

/// Use from one thread.
class MemberMetrics {
public:
    MemberMetrics(MetricRegistry& registry, std::uint32_t partitions)
        : members_(registry.gauge("baton_cluster_members", "Daemons that are there")),
          in_touch_(registry.gauge(
              "baton_cluster_in_touch", "1 while NATS takes what this daemon writes, else 0")),
          connected_(registry.gauge(
              "baton_cluster_nats_connected", "1 while a NATS server is connected, else 0")),
          led_(registry.gauge(
              "baton_cluster_partitions_led", "Partitions that this daemon leads and serves")),
          without_leader_(registry.gauge("baton_cluster_partitions_without_leader",
              "Partitions that no daemon serves, as seen from here")),
          hanging_(registry.gauge("baton_cluster_partitions_hanging",
              "Partitions that this daemon neither opens nor closes: it needs a restart")),
          troubled_(registry.gauge("baton_cluster_troubled",
              "1 while this daemon has seen something fail lately and nothing moves for balance")),
          passed_over_(registry.counter("baton_cluster_daemons_passed_over_total",
              "News of daemons beyond those that a daemon keeps in mind (1,000)")),
          changes_(registry.counter(
              "baton_cluster_leader_changes_total", "Changes of a partition's leader seen here")) {
        for (std::uint32_t partition = 0; partition < partitions; ++partition) {
            leads_.push_back(&registry.gauge("baton_cluster_leads",
                "1 while this daemon leads the partition, else 0",
                {{"partition", std::to_string(partition)}}));
        }
    }

    void see(const MemberView& view) {
        const auto state = state_of(view);
        members_.Set(static_cast<double>(view.members.size()));
        in_touch_.Set(view.is_in_touch ? 1 : 0);
        connected_.Set(view.is_connected ? 1 : 0);
        led_.Set(static_cast<double>(state.leads.size()));
        without_leader_.Set(static_cast<double>(state.without_leader.size()));
        hanging_.Set(static_cast<double>(view.hanging.size()));
        const bool is_troubled = !view.members.empty() && view.members.back().record.is_troubled;
        troubled_.Set(is_troubled ? 1 : 0);
        passed_over_.Increment(static_cast<double>(view.passed_over) - passed_over_.Value());
        const auto& leaders = view.leaders;
        last_.resize(leaders.size());
        for (std::size_t i = 0; i < leaders.size(); ++i) {
            leads_[i]->Set(leaders[i].is_serving && leaders[i].id == view.id ? 1 : 0);
            if (leaders[i].id.text.empty() || leaders[i].id == last_[i]) continue;
            if (!last_[i].text.empty()) changes_.Increment();
            last_[i] = leaders[i].id;
        }
    }

private:
    prometheus::Gauge& members_;
    prometheus::Gauge& in_touch_;
    prometheus::Gauge& connected_;
    prometheus::Gauge& led_;
    prometheus::Gauge& without_leader_;
    prometheus::Gauge& hanging_;
    prometheus::Gauge& troubled_;
    prometheus::Counter& passed_over_;
    prometheus::Counter& changes_;
    std::vector<prometheus::Gauge*> leads_;
    std::vector<DaemonId> last_;
};

}  // namespace baton::queue::cluster
