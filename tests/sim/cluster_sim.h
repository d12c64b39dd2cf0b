// A whole cluster in one process and one thread, made of one number: daemons, servers, clients,
// faults.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster_clients.h"
#include "cluster_daemon.h"
#include "cluster_ledger.h"
#include "queue/cluster/partition_map.h"

namespace baton::test {

struct SimOutcome {
    std::vector<std::string> violations;
    std::uint64_t trace = 0;     ///< equal for equal runs
    std::size_t accepted = 0;    ///< messages
    std::uint64_t openings = 0;  ///< changes of writers of all logs
    std::size_t faults = 0;
};

class SimCluster {
public:
    SimCluster(std::uint64_t seed, Mistake mistake);
    ~SimCluster();

    /// Faults for a while, then none; everything has to come right.
    SimOutcome run();

    [[nodiscard]] SimWorld& world() { return world_; }
    [[nodiscard]] const queue::cluster::PartitionMap& map() const { return map_; }
    [[nodiscard]] SimStream& stream(queue::cluster::Partition partition) {
        return world_.streams.at(partition);
    }

    /// A request of a client with its answer: whatever happens, `done` is called once. It may
    /// arrive twice if that does no harm.
    template <class T, class To, class Apply>
    void call(const To& to, Apply apply, std::function<void(const Result<T>&)> done,
        bool may_repeat = true) {
        struct Answer {
            Result<T> value = fail(Errc::internal, "nothing");
            bool is_given = false;
        };
        auto answer = std::make_shared<Answer>();
        auto call = std::make_shared<SimCall>();
        call->partition = map_.of(to);
        call->apply = [answer, apply](queue::Engine& engine, queue::Store& store, TimePoint now) {
            answer->value = apply(engine, store, now);
        };
        call->done = [answer, done](const Error* error) {
            if (std::exchange(answer->is_given, true)) return;
            done(error == nullptr ? std::move(answer->value) : Result<T>(fail(*error)));
        };
        send(std::move(call));
        if (!may_repeat || !world_.doubles_message()) return;
        auto twin = std::make_shared<SimCall>();
        twin->partition = map_.of(to);
        twin->apply = [apply](queue::Engine& engine, queue::Store& store, TimePoint now) {
            static_cast<void>(apply(engine, store, now));
        };
        twin->done = [](const Error*) {};
        send(std::move(twin));
    }

    // The network between clients and daemons.
    void forward(
        SimDaemon& from, const queue::cluster::LeaderView& to, std::shared_ptr<SimCall> call);
    void answer(SimDaemon& from, std::shared_ptr<SimCall> call, const Error* error);

private:
    void send(std::shared_ptr<SimCall> call);
    void fault();
    void fault_of_daemon(SimDaemon& daemon);
    void fault_of_servers();
    void for_a_while(bool& flag, Duration time);
    void calm_down();
    void watch_leaders();
    void check_balance();

    SimWorld world_;
    const queue::cluster::PartitionMap map_;
    std::vector<std::unique_ptr<SimDaemon>> daemons_;
    ClusterLedger ledger_;
    std::unique_ptr<SimClients> clients_;
    std::size_t faults_ = 0;
    bool has_faults_ = true;
    std::vector<SimTime> served_at_;  ///< by partition, when one of them was last seen led
};

}  // namespace baton::test
