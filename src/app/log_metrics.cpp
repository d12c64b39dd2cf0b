#include "app/log_metrics.h"

#include <algorithm>
#include <string>
#include <utility>

#include <prometheus/gauge.h>

namespace baton::app {
namespace {

class CountedLog final : public queue::SharedLog {
public:
    CountedLog(const LogMetrics::Gauges& gauges, const Clock& clock, std::unique_ptr<SharedLog> log)
        : gauges_(gauges), clock_(clock), log_(std::move(log)) {}
    ~CountedLog() override {
        for (auto* gauge : {gauges_.entries, gauges_.lag, gauges_.room, gauges_.checkpoint}) {
            gauge->Set(0);
        }
    }
    CountedLog(const CountedLog&) = delete;
    CountedLog& operator=(const CountedLog&) = delete;

    Result<Bounds> look() override { return log_->look(); }
    Result<Bounds> take_over() override {
        BATON_TRY(bounds_, log_->take_over());
        show_checkpoint();
        show();
        return bounds_;
    }
    Result<void> read(std::uint64_t from, const Visit& visit) override {
        const auto first = std::max(from, bounds_.first);
        std::uint64_t lag = bounds_.last < first ? 0 : bounds_.last - first + 1;
        gauges_.lag->Set(static_cast<double>(lag));
        return log_->read(from, [&](std::uint64_t number, std::string_view entry) -> Result<void> {
            BATON_TRY_VOID(visit(number, entry));
            gauges_.lag->Set(static_cast<double>(--lag));
            return {};
        });
    }
    std::uint64_t room() const override { return log_->room(); }
    Result<void> append(std::uint64_t number, std::string_view entry) override {
        BATON_TRY_VOID(log_->append(number, entry));
        if (bounds_.last == 0) bounds_.first = number;
        bounds_.last = number;
        show();
        return {};
    }
    Result<void> release_before(std::uint64_t number) override {
        BATON_TRY_VOID(log_->release_before(number));
        if (bounds_.last == 0 || number <= bounds_.first) return {};
        bounds_.first = std::min(number, bounds_.last);
        show_checkpoint();
        show();
        return {};
    }

private:
    void show() {
        const auto entries = bounds_.last == 0 ? 0 : bounds_.last - bounds_.first + 1;
        gauges_.entries->Set(static_cast<double>(entries));
    }
    void show_checkpoint() {
        gauges_.checkpoint->Set(static_cast<double>(to_unix_ms(clock_.now())) / 1'000.0);
    }

    const LogMetrics::Gauges gauges_;
    const Clock& clock_;
    const std::unique_ptr<SharedLog> log_;
    Bounds bounds_;
};

}  // namespace

LogMetrics::LogMetrics(MetricRegistry& registry, std::uint32_t partitions, const Clock& clock)
    : clock_(clock) {
    for (std::uint32_t i = 0; i < partitions; ++i) {
        const MetricRegistry::Labels labels{{"partition", std::to_string(i)}};
        gauges_.push_back(
            {.entries = &registry.gauge("baton_cluster_log_entries",
                 "Entries in the log of a partition led here: what a leader without a copy reads",
                 labels),
                .lag = &registry.gauge("baton_cluster_log_lag_entries",
                    "Entries of the log that the copy of a partition being opened here still lacks",
                    labels),
                .room = &registry.gauge("baton_cluster_log_room_bytes",
                    "Bytes that the log of a partition led here takes before posts are refused",
                    labels),
                .checkpoint = &registry.gauge("baton_cluster_checkpoint_timestamp_seconds",
                    "Unix time at which the beginning of the log was last let go, or the log was "
                    "taken over; its age is time() minus this",
                    labels)});
    }
}

void LogMetrics::show_room(std::uint32_t partition, std::uint64_t bytes) const {
    gauges_.at(partition).room->Set(static_cast<double>(bytes));
}

std::unique_ptr<queue::SharedLog> LogMetrics::count(
    std::uint32_t partition, std::unique_ptr<queue::SharedLog> log) const {
    return std::make_unique<CountedLog>(gauges_.at(partition), clock_, std::move(log));
}

}  // namespace baton::app
