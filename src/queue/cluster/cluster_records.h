// What daemons write into the key-value bucket of their cluster. README.md is this in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "queue/cluster/assignment.h"
#include "queue/cluster/partition_map.h"

namespace baton::queue::cluster {

/// Of the key `daemon.<id>`: this daemon is here.
struct DaemonRecord {
    std::string name{};
    std::string address{};  ///< where its HTTP API answers; for people only
    std::uint32_t partitions = 1;
    bool is_draining = false;  ///< about to stop: leads nothing new
    bool may_lead = true;      ///< else it only sends commands to those who lead
    bool is_troubled = false;  ///< something failed lately: nothing moves for balance
    bool operator==(const DaemonRecord&) const = default;
};

/// Of the key `partition.<number>`: who leads.
struct LeaderRecord {
    DaemonId leader{};        ///< empty: nobody
    bool is_serving = false;  ///< takes commands; if not yet, it is reading the log
    DaemonId next{};          ///< when nobody leads: who should, at once; may be empty
    /// While it is served: uids of its queues that name another partition, at most guests_max.
    std::vector<std::uint64_t> guests{};
    bool operator==(const LeaderRecord&) const = default;
};

/// `name` must be of A-Z a-z 0-9 _ -.
[[nodiscard]] DaemonId make_daemon_id(std::string_view name, std::uint64_t random);

[[nodiscard]] std::string daemon_key(const DaemonId& id);
[[nodiscard]] std::string leader_key(Partition partition);
/// Fails: invalid_argument for any other key.
[[nodiscard]] Result<DaemonId> parse_daemon_key(std::string_view key);
[[nodiscard]] Result<Partition> parse_leader_key(std::string_view key);

[[nodiscard]] std::string to_json(const DaemonRecord& record);
[[nodiscard]] std::string to_json(const LeaderRecord& record);
/// Unknown fields are passed over: a newer daemon wrote them. Fails: protocol_error.
[[nodiscard]] Result<DaemonRecord> parse_daemon_record(std::string_view json);
[[nodiscard]] Result<LeaderRecord> parse_leader_record(std::string_view json);

}  // namespace baton::queue::cluster
