// What the kRPC door counts: all its answers have status 200, so routes tell nothing.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <prometheus/counter.h>

#include "api/krpc/calls.h"
#include "base/metrics.h"

namespace baton::api::krpc {

/// Safe from any thread.
class KrpcMetrics final {
public:
    explicit KrpcMetrics(MetricRegistry& registry) {
        for (const auto method : method_names()) rows_.push_back(make_row(registry, method));
        rows_.push_back(make_row(registry, "none"));  // what no method is called
    }

    void answered(std::string_view method, bool well) {
        rows_[method_index(method)][well ? 1 : 0]->Increment();
    }

private:
    using Row = std::array<prometheus::Counter*, 2>;

    static Row make_row(MetricRegistry& registry, std::string_view method) {
        Row row{};
        for (const bool well : {false, true}) {
            row[well ? 1 : 0] = &registry.counter("baton_krpc_calls_total",
                "kRPC calls answered, by method and outcome",
                {{"method", std::string(method)}, {"outcome", well ? "result" : "error"}});
        }
        return row;
    }

    std::vector<Row> rows_;
};

}  // namespace baton::api::krpc
