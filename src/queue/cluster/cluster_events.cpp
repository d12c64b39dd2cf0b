#include "queue/cluster/cluster_events.h"

#include <utility>

namespace baton::queue::cluster {

Result<ClusterEvent> seen(
    std::string_view key, std::optional<std::string_view> value, std::uint64_t revision) {
    if (auto id = parse_daemon_key(key)) {
        DaemonSeen event{.id = *std::move(id), .record = {}, .revision = revision};
        if (value) {
            BATON_TRY(event.record, parse_daemon_record(*value));
        }
        return event;
    }
    BATON_TRY(const auto partition, parse_leader_key(key));
    LeaderSeen event{.partition = partition, .record = {}, .revision = revision};
    if (value) {
        BATON_TRY(event.record, parse_leader_record(*value));
    }
    return event;
}

}  // namespace baton::queue::cluster
