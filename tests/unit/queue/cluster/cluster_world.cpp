#include "cluster_world.h"

#include <variant>

#include <gtest/gtest.h>

namespace baton::queue::cluster {

DaemonId World::id(int number) {
    return make_daemon_id("node" + std::to_string(number), static_cast<std::uint64_t>(number));
}

int World::add(std::uint32_t partitions, bool may_lead) {
    const int number = static_cast<int>(daemons_.size());
    auto daemon = std::make_unique<Daemon>();
    daemon->node = std::make_unique<ClusterNode>(ClusterNodeConfig{.id = id(number),
        .name = "node" + std::to_string(number),
        .partitions = partitions == 0 ? partitions_ : partitions,
        .may_lead = may_lead,
        .timing = timing_});
    daemons_.push_back(std::move(daemon));
    connect(number);
    return number;
}

void World::crash(int number) {
    Daemon& daemon = (*this)[number];
    daemon.is_alive = false;
    daemon.serving.clear();
    daemon.answers_until.clear();
}

void World::cut(int number) {
    (*this)[number].is_cut = true;
    tell(number, Disconnected{});
}

void World::heal(int number) {
    (*this)[number].is_cut = false;
    connect(number);
}

void World::resume(int number) {
    Daemon& daemon = (*this)[number];
    daemon.is_paused = false;
    for (auto& event : std::exchange(daemon.mail, {})) tell(number, event);
}

void World::run(Duration time) {
    for (const auto end = now_ + time; now_ < end;) {
        now_ += step;
        while (!agenda_.empty() && agenda_.begin()->first <= now_) {
            const auto what = std::move(agenda_.begin()->second);
            agenda_.erase(agenda_.begin());
            what();
        }
        for (int i = 0; i < static_cast<int>(daemons_.size()); ++i) pump(i);
    }
}

Duration World::run_until(const std::function<bool()>& holds, Duration max) {
    const auto begin = now_;
    while (!holds() && now_ - begin < max) run(step);
    return now_ - begin;
}

std::vector<int> World::serving(Partition partition) const {
    std::vector<int> found;
    for (std::size_t i = 0; i < daemons_.size(); ++i) {
        if (daemons_[i]->serving.contains(partition)) found.push_back(static_cast<int>(i));
    }
    return found;
}

bool World::all_served() const {
    for (Partition i = 0; i < partitions_; ++i) {
        if (serving(i).size() != 1) return false;
    }
    return true;
}

std::size_t World::load(int number) const {
    return daemons_[static_cast<std::size_t>(number)]->serving.size();
}

bool World::is_balanced(const std::set<int>& among) const {
    if (!all_served()) return false;
    for (int i = 0; i < static_cast<int>(daemons_.size()); ++i) {
        const bool counts = among.contains(i);
        const std::size_t least = counts ? partitions_ / among.size() : 0;
        const std::size_t most = counts ? (partitions_ + among.size() - 1) / among.size() : 0;
        if (load(i) < least || load(i) > most) return false;
    }
    return true;
}

int World::opened() const {
    int count = 0;
    for (const auto& daemon : daemons_) count += daemon->opened;
    return count;
}

void World::connect(int number) {
    (*this)[number].watched = 0;
    tell(number, Connected{});
    deliver(number);
    tell(number, ViewComplete{});
}

void World::tell(int number, const ClusterEvent& event) {
    Daemon& daemon = (*this)[number];
    if (!daemon.is_alive) return;
    if (daemon.is_paused) return daemon.mail.push_back(event);
    for (const auto& action : daemon.node->handle(event, now_)) {
        std::visit([&](const auto& it) { start(number, it); }, action);
    }
}

void World::deliver(int number) {
    Daemon& daemon = (*this)[number];
    for (const auto& [key, entry] : bucket_.since(daemon.watched, now_)) {
        daemon.watched = entry.revision;
        tell(number, seen(key, entry.value, entry.revision).value());
    }
}

void World::pump(int number) {
    Daemon& daemon = (*this)[number];
    if (!daemon.is_alive || daemon.is_paused) return;
    if (!daemon.is_cut && !is_bucket_away) deliver(number);
    if (daemon.node->next_tick() <= now_) tell(number, Tick{});
    const auto serving = daemon.serving;
    for (const auto partition : serving) commit(number, partition);
}

bool World::is_writer(int number, Partition partition) {
    return writers_[partition] == std::pair(number, (*this)[number].engines[partition]);
}

/// Every daemon that serves commits all the time.
void World::commit(int number, Partition partition) {
    Daemon& daemon = (*this)[number];
    if (daemon.is_cut) return;
    if (!is_writer(number, partition)) {
        daemon.serving.erase(partition);
        return tell(number, Broken{daemon.engines[partition]});
    }
    for (std::size_t i = 0; i < daemons_.size(); ++i) {
        const auto& leases = daemons_[i]->answers_until;
        if (static_cast<int>(i) == number || !leases.contains(partition)) continue;
        EXPECT_LE(leases.at(partition), now_) << "node" << i << " may answer for partition "
                                              << partition << ", node" << number << " writes it";
    }
}

void World::start(int number, const WriteKey& write) {
    const auto answer = [=, this](WriteOutcome outcome, std::uint64_t revision) {
        tell(number, Written{write.ticket, outcome, revision});
    };
    if ((*this)[number].is_cut || is_bucket_away) {
        return after(timing_.write_patience, [=] { answer(WriteOutcome::unknown, 0); });
    }
    after(write_time, [=, this] {
        const auto stored = bucket_.write(write.key, write.value, write.expected, now_);
        if ((*this)[number].loses_answers) {
            return after(timing_.write_patience, [=] { answer(WriteOutcome::unknown, 0); });
        }
        after(write_time, [=] { answer(stored.outcome, stored.revision); });
    });
}

void World::start(int number, const CopyPartition& copy) {
    Daemon& daemon = (*this)[number];
    EXPECT_FALSE(daemon.engines.contains(copy.partition)) << "a copy is made beside an engine";
    daemon.copied.insert(copy.partition);
}

void World::start(int number, const OpenPartition& open) {
    Daemon& daemon = (*this)[number];
    EXPECT_FALSE(daemon.engines.contains(open.partition)) << "two engines of one partition";
    daemon.engines[open.partition] = open.turn;
    ++daemon.opened;
    const bool fails = daemon.opens_fail || daemon.is_cut;
    if (!fails) writers_[open.partition] = {number, open.turn};
    after(open_time, [=, this] {
        auto& engines = (*this)[number].engines;
        const auto engine = engines.find(open.partition);
        if ((*this)[number].hangs.contains(open.partition)) return;
        if (engine == engines.end() || engine->second != open.turn) return;  // closed meanwhile
        if (fails) engines.erase(engine);
        if (fails) return tell(number, OpenFailed{open.turn});
        tell(number, Opened{open.turn, guests[open.partition]});
    });
}

void World::start(int number, const ServePartition& serve) {
    EXPECT_EQ((*this)[number].engines[serve.partition], serve.turn);
    (*this)[number].serving.insert(serve.partition);
}

void World::start(int number, const AnswerUntil& answer) {
    (*this)[number].answers_until[answer.partition] = answer.until;
}

void World::start(int number, const ProvePartition& prove) {
    after(write_time, [=, this] {
        const Daemon& daemon = (*this)[number];
        if (daemon.refuses_proofs || !daemon.engines.contains(prove.partition)) return;
        if (is_writer(number, prove.partition)) tell(number, Proved{prove.turn, prove.proof});
    });
}

void World::start(int number, const ClosePartition& close) {
    (*this)[number].serving.erase(close.partition);
    after(close_time, [=, this] {
        Daemon& daemon = (*this)[number];
        if (daemon.hangs.contains(close.partition)) return;
        daemon.engines.erase(close.partition);
        daemon.answers_until.erase(close.partition);
        tell(number, Closed{close.turn});
    });
}

void World::end_hang(int number, Partition partition) {
    Daemon& daemon = (*this)[number];
    daemon.hangs.erase(partition);
    const auto engine = daemon.engines.find(partition);
    if (engine == daemon.engines.end()) return;
    const Closed closed{engine->second};
    daemon.engines.erase(engine);
    daemon.answers_until.erase(partition);
    tell(number, closed);
}

}  // namespace baton::queue::cluster
