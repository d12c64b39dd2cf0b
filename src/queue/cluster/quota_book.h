// What the tenants with a quota keep in each partition, as the leaders tell it. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "model/queue_operations.h"
#include "queue/cluster/cluster_events.h"
#include "queue/cluster/partition_map.h"

namespace baton::queue::cluster {

struct QuotaTiming {
    /// How often the engines led here are asked, and told what is kept elsewhere.
    Duration ask_interval{250};
    /// What has not changed is told again after so long, for those who have missed it.
    Duration tell_interval{500};
    /// Of a partition that is served, and yet nobody tells anything any more, nothing counts.
    Duration silence_max{10'000};
};

/// A telling holds for its partition, whoever leads it: the next leader's takes the place of the
/// last one's, so that what moves counts once. What a partition without a leader keeps goes on
/// counting as it was told last. Use from one thread at a time; `now` must not go back.
class QuotaBook {
public:
    explicit QuotaBook(std::uint32_t partitions, QuotaTiming timing = {})
        : partitions_(partitions), timing_(timing) {}

    /// Whether the engines led here are to be asked now. `is_served`: by any daemon.
    [[nodiscard]] bool is_due(SteadyTime now, const std::function<bool(Partition)>& is_served);

    /// What counts in `partition` beside what it keeps itself. At most QuotaUsage::tenants_max
    /// tenants of each other partition.
    [[nodiscard]] std::vector<TenantUsage> elsewhere(Partition partition) const;

    /// An engine led here has answered. True: all daemons are to be told.
    [[nodiscard]] bool counted(Partition partition, const QuotaUsage& usage, SteadyTime now);
    /// A daemon has told it. Of partitions that the cluster has not, nothing is kept.
    void heard(Partition partition, const std::vector<TenantUsage>& tenants, SteadyTime now);

private:
    struct Page {
        std::map<TenantId, std::uint64_t> used{};
        SteadyTime heard_at{};
        SteadyTime told_at = SteadyTime::min();  ///< from here
    };
    void take(Page& page, const std::vector<TenantUsage>& tenants, SteadyTime now);
    void clear(Page& page);

    const std::uint32_t partitions_;
    const QuotaTiming timing_;
    std::map<Partition, Page> pages_;
    std::map<TenantId, std::uint64_t> totals_;  ///< of all pages
    SteadyTime next_ask_ = SteadyTime::min();
};

}  // namespace baton::queue::cluster
