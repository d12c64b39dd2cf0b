#include "base/metrics.h"

#include <map>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace baton {
namespace {

std::map<std::string, std::string> to_map(const MetricRegistry::Labels& labels) {
    std::map<std::string, std::string> map;
    for (const auto& label : labels) map.emplace(label.name, label.value);
    return map;
}

const prometheus::Histogram::BucketBoundaries latency_seconds{0.0001, 0.00025, 0.0005, 0.001,
    0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

}  // namespace

MetricRegistry::MetricRegistry()
    : registry_(
          std::make_shared<prometheus::Registry>(prometheus::Registry::InsertBehavior::Merge)) {}
MetricRegistry::~MetricRegistry() = default;

prometheus::Counter& MetricRegistry::counter(
    const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildCounter()
        .Name(name)
        .Help(help)
        .Register(*registry_)
        .Add(to_map(labels));
}

prometheus::Gauge& MetricRegistry::gauge(
    const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add(to_map(labels));
}

prometheus::Histogram& MetricRegistry::latency(
    const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildHistogram()
        .Name(name)
        .Help(help)
        .Register(*registry_)
        .Add(to_map(labels), latency_seconds);
}

std::string MetricRegistry::render() const {
    return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace baton
