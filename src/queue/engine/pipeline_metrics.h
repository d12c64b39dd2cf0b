// What the commit pipeline counts.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include "base/error.h"
#include "base/metrics.h"

namespace baton::queue {

/// Safe to use from any thread.
class PipelineMetrics {
public:
    explicit PipelineMetrics(MetricRegistry& registry)
        : commits_(registry.counter("baton_queue_commits_total", "Batches made durable")),
          records_(registry.counter("baton_queue_records_total", "Records made durable")),
          failures_(registry.counter("baton_queue_commit_failures_total", "Batches that failed")),
          seconds_(
              registry.latency("baton_queue_commit_seconds", "Time of one commit in the store")) {
        for (std::size_t i = 0; i < limits.size(); ++i) {
            refused_[i] = &registry.counter("baton_queue_refused_total",
                "Calls refused because of a limit", {{"code", std::string(to_string(limits[i]))}});
        }
    }

    void committed(std::size_t records, std::chrono::steady_clock::duration time) {
        commits_.Increment();
        records_.Increment(static_cast<double>(records));
        seconds_.Observe(std::chrono::duration<double>(time).count());
    }
    void commit_failed() { failures_.Increment(); }

    /// A call failed so. Counts when a limit was the reason.
    void refused(Errc code) {
        for (std::size_t i = 0; i < limits.size(); ++i) {
            if (limits[i] == code) refused_[i]->Increment();
        }
    }

private:
    static constexpr std::array limits{Errc::queue_full, Errc::storage_full, Errc::quota_exceeded,
        Errc::rate_limited, Errc::message_too_large, Errc::payload_too_large, Errc::overloaded};

    prometheus::Counter& commits_;
    prometheus::Counter& records_;
    prometheus::Counter& failures_;
    std::array<prometheus::Counter*, limits.size()> refused_{};
    prometheus::Histogram& seconds_;
};

}  // namespace baton::queue
