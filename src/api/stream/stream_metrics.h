// What the streaming door counts.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "api/stream/command.h"
#include "base/metrics.h"

namespace baton::api::stream {

/// The limits of a connection; labels of `baton_stream_limit_hits_total`.
enum class StreamLimit : std::uint8_t { commands, consumers, credit, held };

/// Safe from any thread; one per door.
class StreamMetrics final {
public:
    explicit StreamMetrics(MetricRegistry& registry)
        : connections_(registry.gauge("baton_stream_connections_count", "Open /v1/stream")),
          pushed_(registry.counter(
              "baton_stream_messages_pushed_total", "Messages leased to consumers of /v1/stream")),
          renewed_(registry.counter(
              "baton_stream_leases_renewed_total", "Leases that connections renewed")),
          lost_(registry.counter("baton_stream_leases_lost_total",
              "Leases that ended while their connection held them")),
          given_back_(registry.counter("baton_stream_leases_given_back_total",
              "Leases that were given back when their connection ended")) {
        for (std::size_t i = 0; i < commands_.size(); ++i) {
            const auto counter = [&](const char* outcome) {
                return &registry.counter("baton_stream_commands_total", "Commands over /v1/stream",
                    {{"op", std::string(operation_name(i))}, {"outcome", outcome}});
            };
            commands_[i] = {counter("ok"), counter("error")};
        }
        constexpr std::array names{"commands", "consumers", "credit", "held"};
        for (std::size_t i = 0; i < names.size(); ++i) {
            limits_[i] = &registry.counter("baton_stream_limit_hits_total",
                "Connections that ran into a limit of /v1/stream", {{"limit", names[i]}});
        }
    }

    void connected() { connections_.Increment(); }
    void disconnected() { connections_.Decrement(); }
    /// `operation`: its place in the variant.
    void answered(std::size_t operation, bool ok) {
        (ok ? commands_[operation].ok : commands_[operation].error)->Increment();
    }
    void pushed(std::size_t count) { pushed_.Increment(static_cast<double>(count)); }
    void renewed(std::size_t count) { renewed_.Increment(static_cast<double>(count)); }
    void lost() { lost_.Increment(); }
    void given_back(std::size_t count) { given_back_.Increment(static_cast<double>(count)); }
    void hit(StreamLimit limit) { limits_[static_cast<std::size_t>(limit)]->Increment(); }

private:
    struct Outcomes {
        prometheus::Counter* ok = nullptr;
        prometheus::Counter* error = nullptr;
    };

    prometheus::Gauge& connections_;
    prometheus::Counter& pushed_;
    prometheus::Counter& renewed_;
    prometheus::Counter& lost_;
    prometheus::Counter& given_back_;
    std::array<Outcomes, std::variant_size_v<Operation>> commands_{};
    std::array<prometheus::Counter*, 4> limits_{};
};

}  // namespace baton::api::stream
