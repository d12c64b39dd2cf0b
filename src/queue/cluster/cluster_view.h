// The bucket as one daemon has seen it, and what it may conclude from that. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "queue/cluster/cluster_node.h"

namespace baton::queue::cluster {

/// That an entry has expired is never told, it has to be counted. Time counts only while the
/// bucket can be written from here: when it can't be, others may not have been able to renew
/// either, and when it can again they get a grace to do so.
class ClusterView {
public:
    static constexpr std::size_t daemons_max = 1'000;  ///< of further ones nothing is known

    struct Entry {
        std::optional<LeaderRecord> record{};  ///< none: deleted, or never seen
        std::uint64_t revision = 0;
        SteadyTime seen_at{};
        SteadyTime served_at{};  ///< when it was last seen to be served; at first: seen at all
        std::vector<std::uint64_t> guests{};  ///< as it was served last
    };

    explicit ClusterView(const ClusterNodeConfig& config);

    void connected();
    void disconnected() { is_complete_ = false; }
    void completed(SteadyTime now);
    /// A write that was sent at `sent_at` has been stored.
    void stored(SteadyTime sent_at, SteadyTime now);
    void seen(const DaemonSeen& event, SteadyTime now);
    /// Whether it is news.
    bool seen(const LeaderSeen& event, SteadyTime now);

    /// How often a daemon beyond daemons_max was seen.
    [[nodiscard]] std::uint64_t passed_over() const { return passed_over_; }

    [[nodiscard]] bool is_in_touch(SteadyTime now) const;
    [[nodiscard]] const Entry& entry(Partition partition) const { return entries_[partition]; }
    /// Since when nobody leads the partition. None: someone does, or it is not known.
    [[nodiscard]] std::optional<SteadyTime> vacant_since(Partition partition, SteadyTime now) const;
    /// Whether another daemon leads the partition and has not renewed for so long that it may be
    /// dead.
    [[nodiscard]] bool is_silent(Partition partition, SteadyTime now) const;
    /// Whether the entry can no longer be in the bucket.
    [[nodiscard]] bool has_expired(const Entry& entry, SteadyTime now) const;

    [[nodiscard]] std::vector<ClusterNode::Member> members(SteadyTime now) const;
    /// Whether one of these has gone without saying so before.
    [[nodiscard]] bool has_one_died(const std::vector<Candidate>& known, SteadyTime now) const;
    /// Whether another daemon that may lead says that something failed lately.
    [[nodiscard]] bool is_one_troubled(SteadyTime now) const;
    /// Who may lead, this daemon not among them. Such as have not renewed lately may be dead.
    [[nodiscard]] std::vector<Candidate> others(SteadyTime now) const;
    /// Those of them who have renewed lately.
    [[nodiscard]] std::vector<Candidate> lively_others(SteadyTime now) const;
    /// For each partition who leads it or is called to. Nobody, when it has not been served for
    /// long: it goes from one to the other, and nothing else should move because of it.
    [[nodiscard]] Leaders leaders(SteadyTime now) const;
    /// Whether every partition is served, but for such.
    [[nodiscard]] bool is_settled(SteadyTime now) const;
    /// Whether nobody has served the partition for so long that it waits for a person.
    [[nodiscard]] bool is_hopeless(Partition partition, SteadyTime now) const {
        return is_hopeless(entries_[partition], now);
    }
    /// Whether the partition has just been given up, and nobody serves it yet.
    [[nodiscard]] bool is_moving(Partition partition, SteadyTime now) const;

private:
    struct Daemon {
        std::optional<DaemonRecord> record{};
        std::uint64_t revision = 0;
        SteadyTime seen_at{};
    };
    [[nodiscard]] static bool is_hopeless(const Entry& entry, SteadyTime now);
    [[nodiscard]] SteadyTime end_of(SteadyTime seen_at) const;
    [[nodiscard]] bool is_live(const Daemon& daemon, SteadyTime now) const;

    const ClusterNodeConfig& config_;
    std::map<DaemonId, Daemon> daemons_;
    std::vector<Entry> entries_;
    std::uint64_t passed_over_ = 0;
    bool is_complete_ = false;
    std::optional<SteadyTime> last_stored_{};  ///< when it was sent
    SteadyTime in_touch_since_{};
};

}  // namespace baton::queue::cluster
