// Quotas that hold for all partitions together: asks the engines led here, tells the other daemons.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/metrics.h"
#include "queue/cluster/quota_book.h"

namespace baton::queue::cluster {

/// Whether a tenant's posts are refused is up to the engine of each partition, which knows what the
/// tenant keeps in the others as of half a second ago: that much more may come in (ADR 0013). All
/// methods from any thread.
class QuotaExchange {
public:
    using Answer = std::function<void(const QuotaUsage&)>;
    struct Ports {
        std::function<SteadyTime()> now;
        std::function<bool(Partition)> is_served;  ///< by any daemon
        /// Tells the engine of a partition what counts elsewhere, and hears what it keeps. Calls
        /// `answer` once or never, on any thread, not after the exchange has gone. Does not block.
        std::function<void(Partition, std::vector<TenantUsage> elsewhere, Answer answer)> ask;
        std::function<void(const Bytes& event)> tell;  ///< to all daemons; it may be lost
    };
    QuotaExchange(std::uint32_t partitions, Ports ports, MetricRegistry& metrics);

    /// To be called often. `led`: the partitions whose engines are here.
    void step(const std::vector<Partition>& led);
    /// What counts in a partition beside what it keeps itself.
    [[nodiscard]] std::vector<TenantUsage> elsewhere(Partition partition);
    /// An event of any daemon, also of this one, and of any kind.
    void heard(std::string_view event);

private:
    void answered(Partition partition, const QuotaUsage& usage);

    const Ports ports_;
    prometheus::Counter& untold_;
    std::mutex mutex_;
    QuotaBook book_;
};

}  // namespace baton::queue::cluster
