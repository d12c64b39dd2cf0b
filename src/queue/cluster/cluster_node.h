// One daemon's part in the cluster: which partitions it leads, and when it stops. Pure: events and
// the time go in, actions come out. README.md tells the protocol and where each number comes from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/cluster/cluster_events.h"

namespace baton::queue::cluster {

struct ClusterTiming {
    Duration ttl{3'000};             ///< of the bucket: how long an entry lives that nobody renews
    Duration renew_interval{750};    ///< between writes of an entry; two may fail
    Duration retry_interval{250};    ///< after a write that failed
    Duration write_patience{1'000};  ///< an answer later than that counts as unknown
    /// A lease to answer without a commit ends so long before the entry can expire: what the clocks
    /// of this daemon and of the NATS servers may be apart after `ttl`.
    Duration lease_margin{750};
    /// Once the bucket can be written (again): so long everyone may renew before someone takes
    /// over.
    Duration grace{1'000};
    /// The next in line tries so much later.
    Duration stagger{1'000};
    /// Partitions move for balance only after the daemons have been the same for so long …
    Duration calm{5'000};
    /// … not before their leader has served so long …
    Duration hold{5'000};
    /// … and nothing has failed for so long, of what any daemon has seen.
    Duration quiet{30'000};
    std::uint32_t moves_max = 4;  ///< partitions that a daemon hands over at a time
    /// A partition that could not be opened or broke is tried again after this, doubled each time …
    Duration reopen_min{100};
    Duration reopen_max{30'000};
    /// … by this daemon; after so many failures in a row it is offered to the next one.
    std::uint32_t failures_max = 2;
    /// An opening, or a closing, that takes longer hangs: the partition goes on elsewhere, and this
    /// daemon is given no more until the engine has ended.
    Duration open_patience{60'000};
    Duration close_patience{30'000};  ///< longer than any lease to answer
};

struct ClusterNodeConfig {
    DaemonId id{};                 ///< of this run: make_daemon_id
    std::string name{};            ///< 1..64 of A-Z a-z 0-9 _ -; stays over restarts
    std::string address{};         ///< shown to people
    std::uint32_t partitions = 1;  ///< 1..256, the same for all daemons
    bool may_lead = true;          ///< false: knows who leads what, and leads nothing
    ClusterTiming timing{};
};

/// Who leads a partition, as far as is known here.
struct LeaderView {
    DaemonId id{};            ///< empty: nobody
    bool is_serving = false;  ///< takes commands
    bool operator==(const LeaderView&) const = default;
};

/// Use from one thread. `now` must not go back. Call `handle` with a Tick when `next_tick` has
/// come, also when other events are handled meanwhile.
///
///     for (auto& action : node.handle(Connected{}, now)) start(action);
///
/// The shell must hold: a write has one answer; a partition has at most one engine here, of the
/// last turn; what a paused process finds late (an answer, a lease) it judges by the clock of then.
class ClusterNode final {
public:
    explicit ClusterNode(ClusterNodeConfig config);
    ~ClusterNode();
    ClusterNode(const ClusterNode&) = delete;
    ClusterNode& operator=(const ClusterNode&) = delete;

    [[nodiscard]] ClusterActions handle(const ClusterEvent& event, SteadyTime now);
    /// When the next Tick is due.
    [[nodiscard]] SteadyTime next_tick() const;

    /// Where commands for a partition go.
    [[nodiscard]] LeaderView leader(Partition partition, SteadyTime now) const;
    /// Uids of queues that live there although they name another partition, as it was served last.
    [[nodiscard]] const std::vector<std::uint64_t>& guests(Partition partition) const;
    /// Whether commands for the partition are taken here.
    [[nodiscard]] bool is_serving(Partition partition) const;
    /// Partitions whose engine here neither opens nor ends.
    [[nodiscard]] std::vector<Partition> hanging() const;
    /// Until when answers may be given without a commit; the past when not.
    [[nodiscard]] SteadyTime answers_until(Partition partition) const;

    struct Member {
        DaemonId id;
        DaemonRecord record;
        bool operator==(const Member&) const = default;
    };
    /// The daemons that are there, this one last.
    [[nodiscard]] std::vector<Member> members(SteadyTime now) const;
    /// How often a daemon was seen of which nothing is kept, as there are too many.
    [[nodiscard]] std::uint64_t passed_over() const;
    /// Whether the bucket has taken a write of ours lately.
    [[nodiscard]] bool is_in_touch(SteadyTime now) const;
    /// Who has another number of partitions: this daemon came later and leads nothing.
    [[nodiscard]] std::optional<Member> misfit() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace baton::queue::cluster
