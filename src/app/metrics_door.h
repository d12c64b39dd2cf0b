// The metrics port: one route, for Prometheus.
#pragma once

#include <string>

#include "access/access.h"
#include "base/metrics.h"
#include "net/server.h"

namespace baton::app {

struct MetricsDoorConfig {
    std::string path = "/metrics";
    bool open = false;  ///< without a key
};

/// Answers GET of the path with every metric, anything else with 404 or 405. The references must
/// outlive it.
[[nodiscard]] net::Handler make_metrics_door(
    MetricsDoorConfig config, const access::Access& access, const MetricRegistry& metrics);

}  // namespace baton::app
