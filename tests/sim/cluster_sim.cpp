#include "cluster_sim.h"

#include <algorithm>

namespace baton::test {
namespace {

constexpr std::size_t daemons_max = 5;
/// A client gives up after it.
constexpr Duration call_time{1'500};
/// Time after the last fault until every partition is led, …
constexpr Duration leader_time{10'000};
/// … for so long not even when it moves, …
constexpr Duration gap_max{1'000};
/// … until all share evenly: nothing moves for 30 s after the last fault, …
constexpr Duration balance_time{50'000};
/// … and until everything is done. By a clock that is behind, leases take twice as long.
constexpr Duration finish_time{90'000};

std::uint32_t draw_partitions(Chance& chance) {
    return static_cast<std::uint32_t>(1 + chance.below(6));
}

}  // namespace

SimCluster::SimCluster(std::uint64_t seed, Mistake mistake)
    : world_(seed, mistake), map_(draw_partitions(world_.chance)), ledger_(world_) {
    world_.server_drift = (static_cast<double>(world_.chance.below(2'001)) - 1'000) / 100'000;
    world_.is_about_reading = world_.chance.one_in(4);
    world_.streams.resize(map_.partitions());
    const std::size_t count = 3 + world_.chance.below(2);
    for (std::size_t i = 0; i < count; ++i) {
        daemons_.push_back(std::make_unique<SimDaemon>(*this, static_cast<int>(i)));
    }
    std::vector<QueueName> queues;
    const std::size_t queue_count = 1 + world_.chance.below(4);
    for (std::size_t i = 0; i < queue_count; ++i) {
        queues.emplace_back("queue" + std::to_string(i));
    }
    clients_ = std::make_unique<SimClients>(*this, ledger_, std::move(queues));
}

SimCluster::~SimCluster() = default;

SimOutcome SimCluster::run() {
    for (auto& daemon : daemons_) daemon->start();
    clients_->start();
    world_.agenda.run(Duration(3'000));
    fault();
    world_.agenda.run(world_.chance.between(10'000, 40'000));
    has_faults_ = false;
    calm_down();
    world_.agenda.run(leader_time);
    served_at_.resize(map_.partitions(), world_.agenda.now());
    watch_leaders();
    clients_->stop_posting();
    for (Duration waited{0}; waited < finish_time; waited += Duration(1'000)) {
        if (waited >= balance_time && ledger_.unfinished() == 0 && clients_->found_all_empty()) {
            break;
        }
        world_.agenda.run(Duration(1'000));
    }
    check_balance();
    if (!clients_->found_all_empty()) world_.violated("a queue did not become empty");
    ledger_.finish();
    SimOutcome outcome{.violations = world_.violations,
        .trace = world_.trace,
        .accepted = ledger_.accepted(),
        .openings = 0,
        .faults = faults_};
    for (const auto& stream : world_.streams) {
        outcome.openings += static_cast<std::uint64_t>(std::ranges::count_if(
            stream.messages, [](const auto& message) { return message.second.number == 0; }));
    }
    return outcome;
}

/// Each partition has one leader, but for moments in which it moves.
void SimCluster::watch_leaders() {
    std::vector<int> leaders(map_.partitions(), 0);
    for (const auto& daemon : daemons_) {
        for (const auto partition : daemon->serving()) ++leaders[partition];
    }
    for (std::size_t i = 0; i < leaders.size(); ++i) {
        if (leaders[i] > 0) served_at_[i] = world_.agenda.now();
        const bool is_missed = world_.agenda.now() - served_at_[i] > gap_max;
        if (leaders[i] > 1 || is_missed) {
            world_.violated("partition " + std::to_string(i) + " has " +
                            std::to_string(leaders[i]) + " leaders");
        }
    }
    world_.agenda.after(Duration(100), [this] { watch_leaders(); });
}

void SimCluster::check_balance() {
    std::vector<std::size_t> loads;
    for (const auto& daemon : daemons_) {
        if (daemon->is_alive()) loads.push_back(daemon->serving().size());
        if (!daemon->has_leases()) world_.violated(daemon->name() + " commits for each answer");
    }
    const auto [least, most] = std::ranges::minmax(loads);
    if (most - least > 1) world_.violated("the load is not shared");
}

// ---- The network ----

void SimCluster::send(std::shared_ptr<SimCall> call) {
    world_.agenda.after(call_time, [call] {
        const Error error{.code = Errc::deadline_exceeded, .detail = "no answer"};
        call->done(&error);
    });
    std::vector<SimDaemon*> gates;
    for (const auto& daemon : daemons_) {
        const bool is_open =
            daemon->is_alive() && !daemon->is_cut_from_clients && !daemon->is_draining();
        if (is_open) gates.push_back(daemon.get());
    }
    if (gates.empty() || world_.loses_message()) return;
    SimDaemon* gate = gates[world_.chance.below(gates.size())];
    gate->receive(world_.travel_time(), [gate, call] { gate->gate(call); });
}

void SimCluster::forward(
    SimDaemon& from, const queue::cluster::LeaderView& to, std::shared_ptr<SimCall> call) {
    const auto leader =
        std::ranges::find(daemons_, to.id, [](const auto& daemon) { return daemon->id(); });
    if (to.id.empty() || !to.is_serving || leader == daemons_.end()) {
        const Error error{.code = Errc::unavailable, .detail = "nobody leads"};
        return answer(from, std::move(call), &error);
    }
    SimDaemon* target = leader->get();
    const bool is_lost =
        from.is_cut_from_peers || target->is_cut_from_peers || world_.loses_message();
    if (is_lost) return;
    target->receive(world_.travel_time(), [target, call] { target->command(call); });
}

void SimCluster::answer(SimDaemon& from, std::shared_ptr<SimCall> call, const Error* error) {
    if (from.is_cut_from_clients || world_.loses_message()) return;
    const auto told = error == nullptr ? std::nullopt : std::optional<Error>(*error);
    world_.agenda.after(
        world_.travel_time() * 2, [call, told] { call->done(told ? &*told : nullptr); });
}

// ---- Faults ----

void SimCluster::for_a_while(bool& flag, Duration time) {
    flag = true;
    world_.agenda.after(time, [&flag] { flag = false; });
}

void SimCluster::fault() {
    if (!has_faults_) return;
    ++faults_;
    if (world_.chance.one_in(6)) {
        fault_of_servers();
    } else {
        fault_of_daemon(*daemons_[world_.chance.below(daemons_.size())]);
    }
    world_.agenda.after(world_.chance.between(200, 4'000), [this] { fault(); });
}

void SimCluster::fault_of_servers() {
    if (world_.chance.one_in(2)) {
        world_.note("the bucket is away");
        for_a_while(world_.is_bucket_away, world_.chance.between(500, 9'000));
    } else {
        const auto partition = world_.chance.below(world_.streams.size());
        world_.note("stream " + std::to_string(partition) + " is away");
        for_a_while(world_.streams[partition].is_away, world_.chance.between(500, 9'000));
    }
}

void SimCluster::fault_of_daemon(SimDaemon& daemon) {
    auto& chance = world_.chance;
    if (!daemon.is_alive()) return daemon.start();
    if (world_.is_about_reading && !chance.one_in(4)) {
        world_.note(daemon.name() + " is cut from the bucket");
        return for_a_while(daemon.is_cut_from_bucket, chance.between(2'500, 9'000));
    }
    const auto time = chance.between(100, chance.one_in(3) ? 15'000 : 2'000);
    switch (chance.below(10)) {
        case 0:
        case 1:
            if (daemon.is_paused()) return daemon.resume();
            world_.note(daemon.name() + " pauses");
            daemon.pause();
            return world_.agenda.after(time, [&daemon] {
                if (daemon.is_alive() && daemon.is_paused()) daemon.resume();
            });
        case 2:
        case 3:
            daemon.crash();
            return world_.agenda.after(time, [&daemon] {
                if (!daemon.is_alive()) daemon.start();
            });
        case 4: return for_a_while(daemon.is_cut_from_bucket, time);
        case 5: return for_a_while(daemon.is_cut_from_log, time);
        case 6:
            world_.note(daemon.name() + " is cut from NATS");
            for_a_while(daemon.is_cut_from_bucket, time);
            for_a_while(daemon.is_cut_from_log, time);
            return for_a_while(daemon.is_cut_from_peers, time);
        case 7: return for_a_while(daemon.is_cut_from_clients, time);
        case 8: return daemon.jump_clock(chance.between(-30'000, 30'000));
        default:
            if (chance.one_in(2) || daemons_.size() >= daemons_max) return daemon.drain();
            daemons_.push_back(
                std::make_unique<SimDaemon>(*this, static_cast<int>(daemons_.size())));
            return daemons_.back()->start();
    }
}

/// The last faults end, and messages arrive.
void SimCluster::calm_down() {
    world_.note("calm");
    world_.is_calm = true;
    world_.is_bucket_away = false;
    for (auto& stream : world_.streams) stream.is_away = false;
    for (auto& daemon : daemons_) {
        daemon->is_cut_from_bucket = daemon->is_cut_from_log = false;
        daemon->is_cut_from_peers = daemon->is_cut_from_clients = false;
        if (daemon->is_alive() && daemon->is_paused()) daemon->resume();
        if (!daemon->is_alive()) daemon->start();
    }
}

}  // namespace baton::test
