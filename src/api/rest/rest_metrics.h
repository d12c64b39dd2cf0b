// What this door counts: requests and their time, by route.
#pragma once

#include <array>
#include <chrono>
#include <span>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include "api/rest/router.h"
#include "base/metrics.h"

namespace baton::api::rest {

/// Safe from any thread.
class RestMetrics final {
public:
    RestMetrics(MetricRegistry& registry, std::span<const RouteInfo> routes) {
        for (const RouteInfo& route : routes) {
            rows_.push_back(make_row(
                registry, std::string(net::to_string(route.method)), std::string(route.pattern)));
        }
        rows_.push_back(make_row(registry, "any", "none"));  // what no route answers
    }

    /// `route`: its place in the table, or the table's size when none matched.
    void answered(std::size_t route, int status, std::chrono::duration<double> took) {
        Row& row = rows_[route];
        row.by_class[static_cast<std::size_t>(status / 100 - 1) % class_count]->Increment();
        row.seconds->Observe(took.count());
    }

private:
    static constexpr std::size_t class_count = 5;
    struct Row {
        std::array<prometheus::Counter*, class_count> by_class{};
        prometheus::Histogram* seconds = nullptr;
    };

    static Row make_row(
        MetricRegistry& registry, const std::string& method, const std::string& route) {
        Row row;
        for (std::size_t i = 0; i < class_count; ++i) {
            row.by_class[i] = &registry.counter("baton_rest_requests_total",
                "Requests answered, by route and class of status",
                {{"method", method}, {"route", route}, {"status", std::to_string(i + 1) + "xx"}});
        }
        row.seconds = &registry.latency("baton_rest_request_seconds",
            "Time from a request's last byte to its answer's first",
            {{"method", method}, {"route", route}});
        return row;
    }

    std::vector<Row> rows_;
};

}  // namespace baton::api::rest
