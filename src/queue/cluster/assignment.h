// Which daemon should lead which partition: a pure function that every daemon computes for itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "queue/cluster/partition_map.h"

namespace baton::queue::cluster {

/// One run of a daemon: its name and a random number, as one token of A-Z a-z 0-9 _ -.
using DaemonId = Id<struct DaemonIdTag>;

/// A daemon that may lead.
struct Candidate {
    DaemonId id{};
    std::string name{};  ///< stays over restarts, so that it is given what it has a copy of
    bool operator==(const Candidate&) const = default;
};

/// For each partition who leads it, or nobody.
using Leaders = std::vector<std::optional<DaemonId>>;

/// How much `daemon` is meant for `partition`: the one with the most comes first.
[[nodiscard]] std::uint64_t affinity(std::string_view daemon, Partition partition) noexcept;

/// Who should lead each partition. `candidates`: none twice, in any order; none: nobody leads.
/// - Each gets P / N partitions, rounded down, and the first P mod N by a hash of their names one
///   more.
/// - Whoever leads a partition keeps it, up to that number; the rest goes by rendezvous hashing. So
///   when a daemon goes only its partitions move, and when one comes only those that it gets.
/// - What is done of the plan does not change the rest of it.
[[nodiscard]] Leaders assign(const std::vector<Candidate>& candidates, const Leaders& current);

/// The candidates in the order in which they should try for `partition` after whom it is assigned
/// to.
[[nodiscard]] std::vector<DaemonId> line_for(
    Partition partition, const std::vector<Candidate>& candidates);

/// How many candidates try for `partition` before `daemon`: those who are called come first.
[[nodiscard]] std::size_t rank_of(const DaemonId& daemon, Partition partition,
    const std::vector<DaemonId>& called, const std::vector<Candidate>& candidates);

}  // namespace baton::queue::cluster
