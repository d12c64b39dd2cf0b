#include "cluster_daemon.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "cluster_sim.h"
#include "queue/store/journal/journal_store.h"
#include "support/queue_letters.h"

namespace baton::test {

using namespace queue::cluster;

namespace {

/// A connection counts as lost after so long without a sign of life.
constexpr Duration ping_time{2'000};
/// How long taking over insists.
constexpr Duration patience{1'500};

}  // namespace

SimDaemon::SimDaemon(SimCluster& cluster, int number)
    : cluster_(cluster), world_(cluster.world()), number_(number) {
    drift_ = (static_cast<double>(world_.chance.below(2'001)) - 1'000) / 100'000;  // ±1 %
    wall_offset_ = world_.chance.between(-2'000, 2'000);
}

void SimDaemon::start() {
    ++process_;
    id_ = make_daemon_id(name(), world_.chance.number());
    node_ = std::make_unique<ClusterNode>(
        ClusterNodeConfig{.id = id_, .name = name(), .partitions = cluster_.map().partitions()});
    is_paused_ = is_draining_ = is_connected_ = false;
    cut_since_.reset();
    watched_ = 0;
    world_.note(name() + " starts");
    pump();
}

/// What was on its way to the disks may be lost; each is a new disk, since the old one may still
/// get what the process sent to the log.
void SimDaemon::crash() {
    world_.note(name() + " crashes");
    node_.reset();
    ++process_;
    held_.clear();
    seats_.clear();
    undead_.clear();
    const bool is_power_cut = world_.chance.one_in(3);
    for (auto& [partition, disk] : disks_) {
        const auto choose = [&](std::size_t n) { return world_.chance.below(n); };
        disk = std::make_shared<SimulatedDisk>(
            is_power_cut ? disk->after_power_cut(choose) : disk->copy());
    }
}

void SimDaemon::resume() {
    is_paused_ = false;
    world_.note(name() + " goes on");
    for (const auto& what : std::exchange(held_, {})) what();
}

void SimDaemon::drain() {
    world_.note(name() + " drains");
    after(Duration(0), [this] {
        is_draining_ = true;
        tell(Drain{});
    });
}

std::set<Partition> SimDaemon::serving() const {
    std::set<Partition> found;
    for (const auto& [partition, seat] : seats_) {
        const bool serves = node_ && node_->is_serving(partition) && seat.engine->is_serving();
        if (serves) found.insert(partition);
    }
    return found;
}

bool SimDaemon::has_leases() const {
    return std::ranges::all_of(serving(),
        [&](Partition partition) { return node_->answers_until(partition) > steady_time(); });
}

SimTime SimDaemon::steady_time() const {
    const auto now = world_.agenda.now().time_since_epoch().count();
    return SimTime(Duration(now + static_cast<std::int64_t>(static_cast<double>(now) * drift_)));
}

TimePoint SimDaemon::wall_time() const {
    return from_unix_ms(1'700'000'000'000) + steady_time().time_since_epoch() + wall_offset_;
}

void SimDaemon::after(Duration time, std::function<void()> what) {
    auto mine = [this, process = process_, what = std::move(what)] {
        if (process != process_ || node_ == nullptr) return;
        if (is_paused_) {
            held_.push_back([this, process, what] {
                if (process == process_ && node_ != nullptr) what();
            });
        } else {
            what();
        }
    };
    world_.agenda.after(time, std::move(mine));
}

void SimDaemon::tell(const ClusterEvent& event) {
    for (const auto& action : node_->handle(event, steady_time())) {
        std::visit([&](const auto& it) { start(it); }, action);
    }
}

void SimDaemon::pump() {
    watch();
    if (node_->next_tick() <= steady_time()) tell(Tick{});
    const auto seats = seats_;
    for (const auto& [partition, seat] : seats) seat.engine->kick();
    if (node_ != nullptr) after(world_.chance.between(5, 25), [this] { pump(); });
}

void SimDaemon::watch() {
    if (is_cut_from_bucket) {
        if (!cut_since_) cut_since_ = world_.agenda.now();
        if (is_connected_ && world_.agenda.now() - *cut_since_ >= ping_time) {
            is_connected_ = false;
            tell(Disconnected{});
        }
        return;
    }
    cut_since_.reset();
    if (world_.is_bucket_away || (!world_.is_calm && world_.chance.one_in(8))) return;
    const bool is_new = !std::exchange(is_connected_, true);
    if (is_new || world_.doubles_message()) watched_ = 0;
    if (is_new) tell(Connected{});
    for (const auto& [key, entry] : world_.bucket.since(watched_, world_.server_time())) {
        watched_ = entry.revision;
        tell(must(seen(key, entry.value, entry.revision)));
    }
    if (is_new) tell(ViewComplete{});
}

// ---- The bucket ----

void SimDaemon::start(const WriteKey& write) {
    const auto is_answered = std::make_shared<bool>(false);
    const auto answer = [this, is_answered, ticket = write.ticket](
                            WriteOutcome outcome, std::uint64_t revision) {
        if (std::exchange(*is_answered, true)) return;
        tell(Written{ticket, outcome, revision});
    };
    after(ClusterTiming{}.write_patience, [=] { answer(WriteOutcome::unknown, 0); });
    if (is_cut_from_bucket || world_.loses_message()) return;
    world_.agenda.after(world_.travel_time(), [this, write, answer, process = process_] {
        if (world_.is_bucket_away || is_cut_from_bucket) return;
        const auto stored =
            world_.bucket.write(write.key, write.value, write.expected, world_.server_time());
        if (write.key.starts_with("partition")) {
            world_.note(name() + " wrote " + write.key + " " + write.value + " -> " +
                        std::to_string(stored.revision));
        }
        if (process != process_ || world_.loses_message()) return;
        after(world_.travel_time(), [=] { answer(stored.outcome, stored.revision); });
    });
}

// ---- Engines ----

SimHost SimDaemon::host(Partition partition, Ticket turn) {
    const auto process = process_;
    return {.after =
                [this, process](Duration time, std::function<void()> what) {
                    if (process == process_) after(time, std::move(what));
                },
        .is_alive = [this, process] { return process == process_ && node_ != nullptr; },
        .wall_time = [this] { return wall_time(); },
        .steady_time = [this] { return steady_time(); },
        .reaches_log = [this] { return !is_cut_from_log; },
        .answer = [this](std::shared_ptr<SimCall> call,
                      const Error* error) { cluster_.answer(*this, std::move(call), error); },
        .broken =
            [this, partition, turn] {
                world_.note(name() + " is broken in " + std::to_string(partition));
                tell(Broken{turn});
            }};
}

std::shared_ptr<SimulatedDisk> SimDaemon::disk_of(Partition partition) {
    auto& disk = disks_[partition];
    if (disk == nullptr) disk = std::make_shared<SimulatedDisk>();
    return disk;
}

/// An opening need not wait for it here: it is done in a moment, or not at all.
void SimDaemon::start(const CopyPartition& copy) {
    if (seats_.contains(copy.partition)) world_.violated("a copy is made beside an engine");
    after(world_.travel_time(), [this, partition = copy.partition] {
        if (seats_.contains(partition) || undead_.contains(partition)) return;
        const auto files = disk_of(partition)->files();
        SimSharedLog log(world_, cluster_.stream(partition), [this] { return !is_cut_from_log; });
        const auto copied = queue::copy_log(*files, log, {});
        world_.note(name() + " copies " + std::to_string(partition) +
                    (copied ? "" : ": " + copied.error().detail));
    });
}

void SimDaemon::start(const OpenPartition& open) {
    if (seats_.contains(open.partition)) world_.violated("two engines of one partition");
    undead_.erase(open.partition);
    auto engine = std::make_shared<SimEngine>(world_, cluster_.stream(open.partition),
        host(open.partition, open.turn), disk_of(open.partition), world_.chance.number());
    seats_[open.partition] = {open.turn, engine};
    const bool is_slow = !world_.is_calm && world_.chance.one_in(world_.is_about_reading ? 2 : 6);
    const auto time = is_slow ? world_.chance.between(500, 6'000) : world_.travel_time();
    after(time, [this, open, engine] {
        const auto is_current = [this, open] {
            const auto seat = seats_.find(open.partition);
            return seat != seats_.end() && seat->second.turn == open.turn;
        };
        if (!is_current()) return;
        const auto result = engine->recover();
        world_.note(name() + " opens " + std::to_string(open.partition) +
                    (result ? "" : ": " + result.error().detail));
        const bool is_damaged = !result && result.error().code == Errc::storage_corrupt;
        if (is_damaged) world_.violated("the log is damaged: " + result.error().detail);
        after(result ? world_.chance.between(5, 300) : patience, [=, this, is_open = !!result] {
            if (!is_current()) return;
            if (!is_open) seats_.erase(open.partition);
            if (!is_open) return tell(OpenFailed{open.turn});
            tell(Opened{open.turn});
        });
    });
}

void SimDaemon::start(const ServePartition& serve) {
    world_.note(name() + " serves " + std::to_string(serve.partition));
    seats_.at(serve.partition).engine->serve();
}

void SimDaemon::start(const AnswerUntil& answer) {
    const auto seat = seats_.find(answer.partition);
    if (seat == seats_.end() || seat->second.turn != answer.turn) return;
    if (world_.mistake == Mistake::goes_on_after_close && answer.until == SimTime::min()) return;
    seat->second.engine->answer_until(answer.until);
}

void SimDaemon::start(const ProvePartition& prove) {
    seats_.at(prove.partition).engine->prove([this, prove] {
        tell(Proved{prove.turn, prove.proof});
    });
}

void SimDaemon::start(const ClosePartition& close) {
    world_.note(name() + " closes " + std::to_string(close.partition));
    seats_.at(close.partition).engine->close([this, close] {
        if (world_.mistake == Mistake::goes_on_after_close) {
            undead_[close.partition] = seats_.at(close.partition).engine;
        }
        seats_.erase(close.partition);
        tell(Closed{close.turn});
    });
}

void SimDaemon::start(const Drained&) {
    world_.note(name() + " has drained");
    world_.agenda.after(Duration(1), [this, process = process_] {
        if (process == process_) crash();
    });
}

// ---- Requests ----

void SimDaemon::gate(std::shared_ptr<SimCall> call) {
    const auto leader = node_->leader(call->partition, steady_time());
    if (leader.id == id_ || undead_.contains(call->partition)) return command(std::move(call));
    cluster_.forward(*this, leader, std::move(call));
}

void SimDaemon::command(std::shared_ptr<SimCall> call) {
    const auto seat = seats_.find(call->partition);
    if (seat != seats_.end()) return seat->second.engine->submit(std::move(call));
    const auto undead = undead_.find(call->partition);
    if (undead != undead_.end()) return undead->second->submit(std::move(call));
    const Error error{.code = Errc::unavailable, .detail = "not led here"};
    cluster_.answer(*this, std::move(call), &error);
}

}  // namespace baton::test
