// A few daemons around one bucket, with engines that are nothing but their place in the log's order
// of writers: for what ClusterNode does, step by step.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "queue/cluster/cluster_node.h"
#include "support/sim_bucket.h"

namespace baton::queue::cluster {

class World {
public:
    static constexpr Duration step{5};
    static constexpr Duration write_time{1};

    struct Daemon {
        std::unique_ptr<ClusterNode> node;
        bool is_alive = true;
        bool is_paused = false;
        bool is_cut = false;
        bool is_drained = false;
        bool opens_fail = false;
        std::set<Partition> hangs;    ///< what is opened or closed there does not come to its end
        bool loses_answers = false;   ///< writes are done, and nobody hears of it
        bool refuses_proofs = false;  ///< its store does not commit, and says so
        std::uint64_t watched = 0;
        std::map<Partition, Ticket> engines;
        std::set<Partition> serving;
        std::multiset<Partition> copied;
        std::map<Partition, SteadyTime> answers_until;
        std::vector<ClusterEvent> mail;  ///< what came while it was paused
        int opened = 0;
    };

    explicit World(std::uint32_t partitions, ClusterTiming timing = {})
        : partitions_(partitions), timing_(timing), bucket_(timing.ttl) {}

    /// A daemon starts. `partitions`: what it takes the cluster to have; 0: what it has.
    int add(std::uint32_t partitions = 0, bool may_lead = true);
    Daemon& operator[](int number) { return *daemons_.at(static_cast<std::size_t>(number)); }
    [[nodiscard]] static DaemonId id(int number);
    [[nodiscard]] SteadyTime now() const { return now_; }
    [[nodiscard]] test::SimBucket& bucket() { return bucket_; }

    void crash(int number);
    void cut(int number);
    void heal(int number);
    void pause(int number) { (*this)[number].is_paused = true; }
    void resume(int number);
    void drain(int number) { tell(number, Drain{}); }
    /// What hung there comes to its end.
    void end_hang(int number, Partition partition);
    /// Someone takes the log over who is no daemon of the cluster.
    void break_log(Partition partition) { writers_[partition] = {-1, 0}; }
    /// Part of what the log is kept by is away.
    void trouble_log(Partition partition) { tell(serving(partition).front(), Troubled{}); }

    void run(Duration time);
    /// Runs until it holds; the time it took, or the maximum.
    Duration run_until(const std::function<bool()>& holds, Duration max = Duration(60'000));

    [[nodiscard]] std::vector<int> serving(Partition partition) const;
    [[nodiscard]] bool all_served() const;
    [[nodiscard]] std::size_t load(int number) const;
    /// Each of these leads its share, and the others nothing.
    [[nodiscard]] bool is_balanced(const std::set<int>& among) const;
    /// Openings since the beginning, of all daemons.
    [[nodiscard]] int opened() const;

    bool is_bucket_away = false;
    std::map<Partition, std::vector<std::uint64_t>> guests;  ///< what the logs have
    Duration open_time{50};
    Duration close_time{20};

private:
    void after(Duration time, std::function<void()> what) {
        agenda_.emplace(now_ + time, std::move(what));
    }
    void connect(int number);
    void tell(int number, const ClusterEvent& event);
    void deliver(int number);
    void pump(int number);
    void commit(int number, Partition partition);
    [[nodiscard]] bool is_writer(int number, Partition partition);

    void start(int number, const WriteKey& write);
    void start(int number, const CopyPartition& copy);
    void start(int number, const OpenPartition& open);
    void start(int number, const ServePartition& serve);
    void start(int number, const AnswerUntil& answer);
    void start(int number, const ProvePartition& prove);
    void start(int number, const ClosePartition& close);
    void start(int number, const Drained&) { (*this)[number].is_drained = true; }

    const std::uint32_t partitions_;
    const ClusterTiming timing_;
    SteadyTime now_{Duration(1'000'000)};
    test::SimBucket bucket_;
    std::multimap<SteadyTime, std::function<void()>> agenda_;
    std::vector<std::unique_ptr<Daemon>> daemons_;
    std::map<Partition, std::pair<int, Ticket>> writers_;  ///< who took the log over last
};

}  // namespace baton::queue::cluster
