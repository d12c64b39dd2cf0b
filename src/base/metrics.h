// Metrics: prometheus-cpp under short names. Each module has a Metrics struct with verbs built on
// these.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Registry;
class Counter;
class Gauge;
class Histogram;
template <typename T>
class Family;
}  // namespace prometheus

namespace baton {

/// The daemon's metrics. Names are `baton_<module>_<noun>_<unit>`; labels are bounded sets (level,
/// code, route), never ids. Thread-safe. A module asks once at start and keeps the reference, which
/// lives as long as the registry.
class MetricRegistry final {
public:
    struct Label {
        std::string name;
        std::string value;
    };
    using Labels = std::vector<Label>;

    MetricRegistry();
    ~MetricRegistry();
    MetricRegistry(const MetricRegistry&) = delete;
    MetricRegistry& operator=(const MetricRegistry&) = delete;

    prometheus::Counter& counter(
        const std::string& name, const std::string& help, const Labels& labels = {});
    prometheus::Gauge& gauge(
        const std::string& name, const std::string& help, const Labels& labels = {});
    /// Seconds, with buckets from 100 µs to 60 s.
    prometheus::Histogram& latency(
        const std::string& name, const std::string& help, const Labels& labels = {});

    /// Everything in the Prometheus text format 0.0.4.
    [[nodiscard]] std::string render() const;

private:
    std::shared_ptr<prometheus::Registry> registry_;
};

}  // namespace baton
