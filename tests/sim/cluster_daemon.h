// A simulated daemon: the real ClusterNode, and everything around it that a shell does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster_engine.h"
#include "queue/cluster/cluster_node.h"

namespace baton::test {

class SimCluster;

/// A machine with its disks and clock; processes come and go on it.
class SimDaemon final {
public:
    SimDaemon(SimCluster& cluster, int number);

    // What happens to it.
    void start();
    void crash();
    void pause() { is_paused_ = true; }
    void resume();
    void drain();
    void jump_clock(Duration by) { wall_offset_ += by; }
    bool is_cut_from_bucket = false;
    bool is_cut_from_log = false;
    bool is_cut_from_peers = false;
    bool is_cut_from_clients = false;

    /// Something comes in over the network.
    void receive(Duration time, std::function<void()> what) { after(time, std::move(what)); }
    /// Takes a request of a client, here or at the leader.
    void gate(std::shared_ptr<SimCall> call);
    /// Takes it as the leader.
    void command(std::shared_ptr<SimCall> call);

    [[nodiscard]] bool is_alive() const { return node_ != nullptr; }
    [[nodiscard]] bool is_paused() const { return is_paused_; }
    [[nodiscard]] bool is_draining() const { return is_draining_; }
    [[nodiscard]] queue::cluster::DaemonId id() const { return id_; }
    [[nodiscard]] std::string name() const { return "node" + std::to_string(number_); }
    [[nodiscard]] std::set<queue::cluster::Partition> serving() const;
    /// Whether it may answer for all of them without a commit.
    [[nodiscard]] bool has_leases() const;

private:
    using Partition = queue::cluster::Partition;
    using Ticket = queue::cluster::Ticket;

    [[nodiscard]] SimTime steady_time() const;
    [[nodiscard]] TimePoint wall_time() const;
    void after(Duration time, std::function<void()> what);
    void tell(const queue::cluster::ClusterEvent& event);
    void pump();
    void watch();
    SimHost host(Partition partition, Ticket turn);

    void start(const queue::cluster::WriteKey& write);
    void start(const queue::cluster::CopyPartition& copy);
    void start(const queue::cluster::OpenPartition& open);
    void start(const queue::cluster::ServePartition& serve);
    void start(const queue::cluster::AnswerUntil& answer);
    void start(const queue::cluster::ProvePartition& prove);
    void start(const queue::cluster::ClosePartition& close);
    void start(const queue::cluster::Drained&);

    SimCluster& cluster_;
    SimWorld& world_;
    const int number_;
    double drift_ = 0;
    Duration wall_offset_{0};

    // Of the process.
    queue::cluster::DaemonId id_;
    std::unique_ptr<queue::cluster::ClusterNode> node_;
    std::uint64_t process_ = 0;
    bool is_paused_ = false;
    bool is_draining_ = false;
    std::vector<std::function<void()>> held_;  ///< what came while it was paused
    bool is_connected_ = false;
    std::optional<SimTime> cut_since_;
    std::uint64_t watched_ = 0;
    struct Seat {
        Ticket turn = 0;
        std::shared_ptr<SimEngine> engine;
    };
    std::map<Partition, Seat> seats_;
    std::map<Partition, std::shared_ptr<SimEngine>> undead_;  ///< see Mistake::goes_on_after_close

    std::shared_ptr<SimulatedDisk> disk_of(Partition partition);
    std::map<Partition, std::shared_ptr<SimulatedDisk>> disks_;
};

}  // namespace baton::test
