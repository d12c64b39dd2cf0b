// The logs of the partitions that this daemon leads, in numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "queue/store/shared_log.h"

namespace baton::app {

/// All methods from any thread. The registry and the clock must outlive it.
class LogMetrics final {
public:
    LogMetrics(MetricRegistry& registry, std::uint32_t partitions, const Clock& clock);

    /// The same log, counted as that of `partition` until it goes; it must not outlive this.
    [[nodiscard]] std::unique_ptr<queue::SharedLog> count(
        std::uint32_t partition, std::unique_ptr<queue::SharedLog> log) const;

    /// Bytes that posts may still bring; 0 again when the log of `count` goes.
    void show_room(std::uint32_t partition, std::uint64_t bytes) const;

    /// What is known of one log; all are 0 while the partition is not led here.
    struct Gauges {
        prometheus::Gauge* entries = nullptr;
        prometheus::Gauge* lag = nullptr;
        prometheus::Gauge* room = nullptr;
        prometheus::Gauge* checkpoint = nullptr;
    };

private:
    std::vector<Gauges> gauges_;  ///< by partition
    const Clock& clock_;
};

}  // namespace baton::app
