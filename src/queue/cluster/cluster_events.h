// What a daemon's part in the cluster hears and what it asks for: the two sides of ClusterNode.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "queue/cluster/cluster_records.h"

namespace baton::queue::cluster {

/// Of a clock that never goes back and goes on while the process or the machine sleeps.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// A number for one write, one turn of leading or one proof: answers say which it was for.
using Ticket = std::uint64_t;

// ---- Events ----

/// The connection to NATS is there (again). The entries of the bucket follow, then ViewComplete.
struct Connected {};
/// It is gone. Writes whose answer has not come are answered `unknown`.
struct Disconnected {};
/// An entry of the bucket was written or deleted (no record). Of one key a higher revision is
/// newer; older ones may still come and are passed over. That entries expire is not told.
struct DaemonSeen {
    DaemonId id;
    std::optional<DaemonRecord> record;
    std::uint64_t revision = 0;
};
struct LeaderSeen {
    Partition partition = 0;
    std::optional<LeaderRecord> record;
    std::uint64_t revision = 0;
};
/// Every entry that was in the bucket when the connection came has been seen.
struct ViewComplete {};

enum class WriteOutcome : std::uint8_t {
    stored,
    refused,  ///< the key did not have the revision that was expected: certainly not stored
    unknown,  ///< no answer in time, or an error: it may be stored, or be so later
};
/// What became of a WriteKey; comes once for each, after at most a second or so.
struct Written {
    Ticket ticket = 0;
    WriteOutcome outcome = WriteOutcome::unknown;
    std::uint64_t revision = 0;  ///< of the key now, when stored
};

/// The log was taken over and read to its end.
struct Opened {
    Ticket turn = 0;
    std::vector<std::uint64_t> guests{};  ///< as LeaderRecord
};
/// It could not be; nothing is open and no ClosePartition follows.
struct OpenFailed {
    Ticket turn = 0;
};
/// The open engine's store has stopped: another writer has taken over, or nobody knows what was
/// written. It still has to be closed.
struct Broken {
    Ticket turn = 0;
};
/// Part of what partitions are kept by is away, or was: this daemon goes on, but another one might
/// not be able to open them. Told again and again while that shows.
struct Troubled {};
/// Nothing of this turn is open any more, and nothing of it will write.
struct Closed {
    Ticket turn = 0;
};
/// What ProvePartition asked for has been made durable.
struct Proved {
    Ticket turn = 0;
    Ticket proof = 0;
};

/// Stop leading: hand everything over. There is no way back.
struct Drain {};
/// Nothing but time. Due at `ClusterNode::next_tick`.
struct Tick {};

using ClusterEvent = std::variant<Connected, Disconnected, DaemonSeen, LeaderSeen, ViewComplete,
    Written, Opened, OpenFailed, Broken, Troubled, Closed, Proved, Drain, Tick>;

/// The event that an entry of the bucket is; `value` absent: deleted. Fails: invalid_argument (the
/// key is none of ours), protocol_error (a newer daemon's, or damaged). Such entries are passed
/// over.
[[nodiscard]] Result<ClusterEvent> seen(
    std::string_view key, std::optional<std::string_view> value, std::uint64_t revision);

// ---- Actions, to be started in this order; none is waited for ----

struct WriteKey {
    Ticket ticket = 0;
    std::string key;
    std::string value;
    /// Compare-and-set: the revision the key must have, 0: it must not exist. Absent: whatever it
    /// is.
    std::optional<std::uint64_t> expected{};
    bool operator==(const WriteKey&) const = default;
};
/// Read what the copy of the log here still lacks, as this daemon may soon have to lead. Takes
/// nothing over and answers nothing; an opening waits for it.
struct CopyPartition {
    Partition partition = 0;
    bool operator==(const CopyPartition&) const = default;
};
/// Take the log over and recover an engine from it, but commit nothing yet. → Opened | OpenFailed.
struct OpenPartition {
    Partition partition = 0;
    Ticket turn = 0;
    bool operator==(const OpenPartition&) const = default;
};
/// From here on the engine may commit, and commands are taken.
struct ServePartition {
    Partition partition = 0;
    Ticket turn = 0;
    bool operator==(const ServePartition&) const = default;
};
/// Until then an answer that needs no commit may be given without one; it must be looked at again
/// after the engine has been asked and before the answer leaves. Never given: not at all. May move
/// back only to the past (`SteadyTime::min()`): at once no more.
struct AnswerUntil {
    Partition partition = 0;
    Ticket turn = 0;
    SteadyTime until{};
    bool operator==(const AnswerUntil&) const = default;
};
/// Commit anything, begun from now on: that succeeds only if nobody has taken the log over.
/// → Proved | Broken, or nothing when the store refused it; it is asked for again then.
struct ProvePartition {
    Partition partition = 0;
    Ticket turn = 0;
    Ticket proof = 0;
    bool operator==(const ProvePartition&) const = default;
};
/// Refuse commands, commit and answer those that were taken, close the store. → Closed, always,
/// also when an opening is under way (then without Opened or OpenFailed).
struct ClosePartition {
    Partition partition = 0;
    Ticket turn = 0;
    DaemonId next{};  ///< who is going to lead, for those who are refused; empty: not known
    bool operator==(const ClosePartition&) const = default;
};
/// Nothing is led any more and the successors know it: the daemon may end.
struct Drained {
    bool operator==(const Drained&) const = default;
};

using ClusterAction = std::variant<WriteKey, CopyPartition, OpenPartition, ServePartition,
    AnswerUntil, ProvePartition, ClosePartition, Drained>;
using ClusterActions = std::vector<ClusterAction>;

}  // namespace baton::queue::cluster
