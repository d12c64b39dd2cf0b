// What the commit pipeline counts.
#pragma once

#include <chrono>
#include <cstddef>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include "base/metrics.h"

namespace baton::queue {

struct PipelineMetrics {
    explicit PipelineMetrics(MetricRegistry& registry)
        : commits(registry.counter("baton_queue_commits_total", "Batches made durable")),
          records(registry.counter("baton_queue_records_total", "Records made durable")),
          failures(registry.counter("baton_queue_commit_failures_total", "Batches that failed")),
          limits(
              registry.counter("baton_queue_refused_total", "Commands refused: too many waited")),
          seconds(
              registry.latency("baton_queue_commit_seconds", "Time of one commit in the store")) {}

    void committed(std::size_t record_count, std::chrono::steady_clock::duration time) {
        commits.Increment();
        records.Increment(static_cast<double>(record_count));
        seconds.Observe(std::chrono::duration<double>(time).count());
    }

    prometheus::Counter& commits;
    prometheus::Counter& records;
    prometheus::Counter& failures;
    prometheus::Counter& limits;
    prometheus::Histogram& seconds;
};

}  // namespace baton::queue
