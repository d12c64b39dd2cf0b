#include "queue/cluster/quota_exchange.h"

#include <utility>

#include <prometheus/counter.h>

#include "queue/remote/command_codec.h"

namespace baton::queue::cluster {

QuotaExchange::QuotaExchange(std::uint32_t partitions, Ports ports, MetricRegistry& metrics)
    : ports_(std::move(ports)),
      untold_(metrics.counter("baton_cluster_quota_untold_total",
          "Times that what a tenant with a quota keeps was not told: there were too many such")),
      book_(partitions) {}

void QuotaExchange::step(const std::vector<Partition>& led) {
    std::vector<std::pair<Partition, std::vector<TenantUsage>>> asked;
    {
        const std::scoped_lock lock(mutex_);
        if (!book_.is_due(ports_.now(), ports_.is_served)) return;
        for (const auto partition : led) asked.emplace_back(partition, book_.elsewhere(partition));
    }
    for (auto& [partition, elsewhere] : asked) {
        ports_.ask(partition, std::move(elsewhere),
            [this, partition](const QuotaUsage& usage) { answered(partition, usage); });
    }
}

void QuotaExchange::answered(Partition partition, const QuotaUsage& usage) {
    {
        const std::scoped_lock lock(mutex_);
        if (!book_.counted(partition, usage, ports_.now())) return;
    }
    if (usage.left_out > 0) untold_.Increment(static_cast<double>(usage.left_out));
    ports_.tell(remote::encode_usage({.partition = partition, .tenants = usage.tenants}));
}

std::vector<TenantUsage> QuotaExchange::elsewhere(Partition partition) {
    const std::scoped_lock lock(mutex_);
    return book_.elsewhere(partition);
}

void QuotaExchange::heard(std::string_view event) {
    const auto usage = remote::decode_usage(event);
    if (!usage) return;
    const std::scoped_lock lock(mutex_);
    book_.heard(usage->partition, usage->tenants, ports_.now());
}

}  // namespace baton::queue::cluster
