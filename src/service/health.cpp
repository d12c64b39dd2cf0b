#include "service/health.h"

#include <algorithm>
#include <utility>

namespace baton::service {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::string_view name_of(HealthService::Phase phase) {
    switch (phase) {
        case HealthService::Phase::starting: return "starting";
        case HealthService::Phase::running: return "running";
        case HealthService::Phase::draining: return "draining";
    }
    return "unknown";
}

ComponentHealth component(
    std::string name, const Result<void>& state, SteadyClock::time_point asked_at) {
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - asked_at);
    return {.name = std::move(name),
        .healthy = state.has_value(),
        .detail = state ? std::string() : to_string(state.error()),
        .response_time = took};
}

/// One indexed read. That nothing is found is the healthy answer: no conversation has this id.
Task<Result<void>> ask_database(conversations::Conversations& conversations) {
    ConversationId nobody("health-check");
    auto found = co_await conversations.get(std::move(nobody));
    if (!found && found.error().code != Errc::conversation_not_found) {
        co_return fail(std::move(found).error());
    }
    co_return Result<void>();
}

/// Partitions that have no leader at the moment make no daemon ill: it serves the others.
Result<void> reaches_nats(const ClusterState& cluster) {
    if (!cluster.is_connected) return fail(Errc::unavailable, "no NATS server is connected");
    if (cluster.is_in_touch) return {};
    return fail(Errc::unavailable, "NATS has not taken a write of this daemon for a while");
}

}  // namespace

HealthService::HealthService(const queue::Queues& queues,
    conversations::Conversations& conversations, const Clock& clock, std::string version,
    HealthParts parts)
    : queues_(queues),
      conversations_(conversations),
      clock_(clock),
      version_(std::move(version)),
      parts_(std::move(parts)),
      started_at_(clock.now()) {}

Task<HealthReport> HealthService::check() {
    HealthReport report;
    const Phase phase = phase_.load(std::memory_order_relaxed);
    report.phase = name_of(phase);
    report.version = version_;
    report.uptime = std::chrono::duration_cast<std::chrono::seconds>(clock_.now() - started_at_);

    const auto queue_asked_at = SteadyClock::now();
    report.components.push_back(component("queue", queues_.health(), queue_asked_at));
    const auto database_asked_at = SteadyClock::now();
    const auto database = co_await ask_database(conversations_);
    report.components.push_back(component("database", database, database_asked_at));
    Result<void> dispatcher;
    if (phase != Phase::running) dispatcher = fail(Errc::unavailable, report.phase);
    report.components.push_back(component("dispatcher", dispatcher, SteadyClock::now()));
    if (parts_.cluster) {
        const auto cluster_asked_at = SteadyClock::now();
        report.cluster = parts_.cluster();
        report.components.push_back(
            component("cluster", reaches_nats(*report.cluster), cluster_asked_at));
    }
    if (parts_.cache) {
        const auto cache_asked_at = SteadyClock::now();
        auto asking = parts_.cache();
        const auto cache = co_await std::move(asking);
        report.components.push_back(component("cache", cache, cache_asked_at));
        report.components.back().is_needed = false;
    }

    report.ready = std::ranges::all_of(report.components,
        [](const ComponentHealth& part) { return part.healthy || !part.is_needed; });
    co_return report;
}

}  // namespace baton::service
