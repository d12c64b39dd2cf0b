#include "queue/cluster/cluster_node.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "queue/cluster/assignment.h"
#include "queue/cluster/cluster_view.h"
#include "queue/cluster/leadership.h"

namespace baton::queue::cluster {
namespace {

/// Between two looks at what time has brought.
constexpr Duration tick_interval{100};

using Stage = Leadership::Stage;

}  // namespace

struct ClusterNode::Impl {
    explicit Impl(ClusterNodeConfig config_in)
        : config(std::move(config_in)), view(config), copied(config.partitions) {
        for (Partition i = 0; i < config.partitions; ++i) seats.emplace_back(config, i);
        successor = [this](Partition partition) { return best_other(partition); };
    }

    const ClusterNodeConfig config;
    ClusterView view;
    std::vector<Leadership> seats;      // by partition
    std::vector<std::uint64_t> copied;  // revisions of entries that were silent when last copied
    std::function<DaemonId(Partition)> successor;
    Ticket tickets = 0;
    SteadyTime now{};
    SteadyTime ticked_at{};
    bool is_connected = false;
    bool was_complete = false;
    bool is_draining = false;
    bool is_drained = false;
    std::optional<Member> misfit;

    // The entry that says that this daemon is here.
    struct Heartbeat {
        Ticket pending = 0;  // 0: none
        SteadyTime sent_at{};
        SteadyTime next_at{};
        bool says_draining = false;  // the one that is pending, or was stored last
        bool says_hanging = false;
        bool says_troubled = false;
    };
    Heartbeat heartbeat;

    // Who may lead, and since when it is the same daemons.
    std::vector<Candidate> candidates;
    SteadyTime candidates_since{};
    std::optional<SteadyTime> troubled_at;  // a write, a connection, a log, another daemon

    // Events. The answer is whether to look at the whole for what should be done.
    bool on(const Connected&, Step& step);
    bool on(const Disconnected&, Step& step);
    bool on(const DaemonSeen& event, Step& step);
    bool on(const LeaderSeen& event, Step& step);
    bool on(const ViewComplete&, Step& step);
    bool on(const Written& event, Step& step);
    bool on(const Opened& event, Step& step);
    bool on(const OpenFailed& event, Step& step);
    bool on(const Broken& event, Step& step);
    bool on(const Troubled&, const Step& step) {
        troubled_at = step.now;
        return false;
    }
    bool on(const Closed& event, Step& step);
    bool on(const Proved& event, Step& step);
    bool on(const Drain&, Step& step);
    bool on(const Tick&, Step& step);

    Leadership* seat_of(Ticket turn);
    void beat(Step& step);
    [[nodiscard]] DaemonRecord own_record() const;
    [[nodiscard]] bool hangs() const { return std::ranges::any_of(seats, &Leadership::hangs); }
    void decide(Step& step);
    void drain(Step& step);
    void claim(Step& step, const Leaders& plan);
    void copy(Step& step);
    void balance(Step& step, const Leaders& plan);
    void find_candidates();
    [[nodiscard]] bool is_troubled() const;
    [[nodiscard]] std::size_t rank(Partition partition, const Leaders& plan) const;
    [[nodiscard]] DaemonId best_other(Partition partition) const;
    [[nodiscard]] std::size_t moves() const;
};

ClusterNode::ClusterNode(ClusterNodeConfig config)
    : impl_(std::make_unique<Impl>(std::move(config))) {}
ClusterNode::~ClusterNode() = default;

ClusterActions ClusterNode::handle(const ClusterEvent& event, SteadyTime now) {
    ClusterActions actions;
    impl_->now = now;
    Step step{.now = now,
        .is_connected = impl_->is_connected,
        .actions = actions,
        .tickets = impl_->tickets,
        .successor = impl_->successor};
    const bool look = std::visit([&](const auto& it) { return impl_->on(it, step); }, event);
    if (look) impl_->decide(step);
    return actions;
}

bool ClusterNode::Impl::on(const Connected&, Step& step) {
    is_connected = step.is_connected = true;
    view.connected();
    heartbeat.next_at = step.now;
    for (auto& seat : seats) seat.connected(step);
    return true;
}

bool ClusterNode::Impl::on(const Disconnected&, Step& step) {
    is_connected = step.is_connected = false;
    troubled_at = now;
    view.disconnected();
    heartbeat.pending = 0;
    for (auto& seat : seats) seat.disconnected(step);
    return false;
}

bool ClusterNode::Impl::on(const DaemonSeen& event, Step& step) {
    view.seen(event, step.now);
    return false;
}

bool ClusterNode::Impl::on(const LeaderSeen& event, Step& step) {
    if (!view.seen(event, step.now)) return false;
    seats[event.partition].seen(step, event);
    return event.record && event.record->leader.empty();
}

bool ClusterNode::Impl::on(const ViewComplete&, Step& step) {
    view.completed(step.now);
    if (!std::exchange(was_complete, true)) {
        for (auto& member : view.members(step.now)) {
            if (member.record.partitions != config.partitions) misfit = std::move(member);
        }
    }
    return true;
}

bool ClusterNode::Impl::on(const Written& event, Step& step) {
    const bool is_stored = event.outcome == WriteOutcome::stored;
    if (event.outcome == WriteOutcome::unknown) troubled_at = now;
    if (event.ticket == heartbeat.pending) {
        heartbeat.pending = 0;
        if (is_stored) {
            view.stored(heartbeat.sent_at, step.now);
        } else {
            heartbeat.says_draining = false;
            heartbeat.next_at = step.now + config.timing.retry_interval;
        }
        return is_draining;
    }
    const auto seat = std::ranges::find_if(
        seats, [&](const Leadership& each) { return each.is_writing(event.ticket); });
    if (seat == seats.end()) return false;
    if (is_stored) view.stored(seat->sent_at(), step.now);
    seat->written(step, event);
    seat->tick(step);
    return is_draining;
}

Leadership* ClusterNode::Impl::seat_of(Ticket turn) {
    const auto seat = std::ranges::find(seats, turn, &Leadership::turn);
    return turn == 0 || seat == seats.end() ? nullptr : &*seat;
}

bool ClusterNode::Impl::on(const Opened& event, Step& step) {
    if (auto* seat = seat_of(event.turn)) seat->opened(step, event.guests);
    return is_draining;
}
bool ClusterNode::Impl::on(const OpenFailed& event, Step& step) {
    auto* const seat = seat_of(event.turn);
    if (seat == nullptr) return is_draining;
    // One that nobody can open is tried for ever.
    if (!view.is_hopeless(static_cast<Partition>(seat - seats.data()), now)) troubled_at = now;
    seat->open_failed(step);
    return is_draining;
}
bool ClusterNode::Impl::on(const Broken& event, Step& step) {
    troubled_at = now;
    if (auto* seat = seat_of(event.turn)) seat->broken(step);
    return is_draining;
}
bool ClusterNode::Impl::on(const Closed& event, Step& step) {
    if (auto* seat = seat_of(event.turn)) seat->closed(step);
    return true;
}
bool ClusterNode::Impl::on(const Proved& event, Step& step) {
    if (auto* seat = seat_of(event.turn)) seat->proved(step, event.proof);
    return false;
}
bool ClusterNode::Impl::on(const Drain&, Step& step) {
    is_draining = true;
    heartbeat.next_at = step.now;
    return true;
}

bool ClusterNode::Impl::on(const Tick&, Step& step) {
    ticked_at = step.now;
    const bool is_late =
        heartbeat.pending != 0 && step.now - heartbeat.sent_at >= config.timing.write_patience;
    if (is_late) heartbeat.pending = 0;
    for (auto& seat : seats) seat.tick(step);
    return true;
}

void ClusterNode::Impl::beat(Step& step) {
    const bool is_news =
        hangs() != heartbeat.says_hanging || is_troubled() != heartbeat.says_troubled;
    const bool is_due = is_news || step.now >= heartbeat.next_at;
    if (!is_connected || misfit || heartbeat.pending != 0 || !is_due) return;
    heartbeat = {.pending = ++tickets,
        .sent_at = step.now,
        .next_at = step.now + config.timing.renew_interval,
        .says_draining = is_draining,
        .says_hanging = hangs(),
        .says_troubled = is_troubled()};
    step.actions.emplace_back(WriteKey{
        .ticket = heartbeat.pending, .key = daemon_key(config.id), .value = to_json(own_record())});
}

DaemonRecord ClusterNode::Impl::own_record() const {
    return {.name = config.name,
        .address = config.address,
        .partitions = config.partitions,
        .is_draining = is_draining,
        .may_lead = config.may_lead && !hangs(),  // it keeps what it leads, and is given no more
        .is_troubled = is_troubled()};
}

void ClusterNode::Impl::decide(Step& step) {
    beat(step);
    find_candidates();
    if (is_draining) return drain(step);
    if (!view.is_in_touch(now) || misfit || !config.may_lead) return;
    const Leaders plan = assign(candidates, view.leaders(now));
    claim(step, plan);
    copy(step);
    balance(step, plan);
}

void ClusterNode::Impl::find_candidates() {
    auto found = view.others(now);
    if (config.may_lead && !is_draining) found.push_back({config.id, config.name});
    if (found == candidates) return;
    if (view.has_one_died(candidates, now)) troubled_at = now;
    candidates = std::move(found);
    candidates_since = now;
}

/// A partition that moves needs all that its log and the bucket are kept by. So while some of that
/// is away, or has just come back, what is served stays where it is.
bool ClusterNode::Impl::is_troubled() const {
    return troubled_at && now - *troubled_at < config.timing.quiet;
}

/// How many partitions are on their way from one daemon to another.
std::size_t ClusterNode::Impl::moves() const {
    std::size_t count = 0;
    for (Partition i = 0; i < seats.size(); ++i) {
        const auto stage = seats[i].stage();
        const bool goes = stage == Stage::closing || stage == Stage::releasing;
        count += goes || view.is_moving(i, now) ? 1 : 0;
    }
    return count;
}

/// How many others come before this daemon.
std::size_t ClusterNode::Impl::rank(Partition partition, const Leaders& plan) const {
    std::vector<DaemonId> called;
    const auto& record = view.entry(partition).record;
    if (record && record->leader.empty()) called.push_back(record->next);
    if (plan[partition]) called.push_back(*plan[partition]);
    return rank_of(config.id, partition, called, candidates);
}

DaemonId ClusterNode::Impl::best_other(Partition partition) const {
    auto line = line_for(partition, view.lively_others(now));
    return line.empty() ? DaemonId() : std::move(line.front());
}

void ClusterNode::Impl::claim(Step& step, const Leaders& plan) {
    for (Partition i = 0; i < seats.size(); ++i) {
        if (!seats[i].may_claim(now)) continue;
        const auto& entry = view.entry(i);
        if (seats[i].has_orphan()) {
            seats[i].claim(step, seats[i].orphan());
            continue;
        }
        const auto since = view.vacant_since(i, now);
        if (!since || now < *since + rank(i, plan) * config.timing.stagger) continue;
        seats[i].claim(step, entry.record && !view.has_expired(entry, now) ? entry.revision : 0);
    }
}

/// While it is waited whether a silent leader is dead, its heirs read what they would need.
void ClusterNode::Impl::copy(Step& step) {
    auto leaders = view.leaders(now);
    auto heirs = candidates;
    std::vector<Partition> silent;
    for (Partition i = 0; i < seats.size(); ++i) {
        if (!view.is_silent(i, now)) continue;
        silent.push_back(i);
        leaders[i].reset();
        const auto& leader = view.entry(i).record->leader;
        std::erase_if(heirs, [&](const Candidate& one) { return one.id == leader; });
    }
    if (silent.empty()) return;
    const Leaders plan = assign(heirs, leaders);
    for (const auto i : silent) {
        const auto revision = view.entry(i).revision;
        if (plan[i] != config.id || copied[i] == revision || !seats[i].may_claim(now)) continue;
        copied[i] = revision;
        step.actions.emplace_back(CopyPartition{.partition = i});
    }
}

void ClusterNode::Impl::balance(Step& step, const Leaders& plan) {
    const auto& timing = config.timing;
    if (now - candidates_since < timing.calm || moves() > 0 || !view.is_settled(now)) return;
    if (is_troubled() || view.is_one_troubled(now)) return;
    const auto lively = view.lively_others(now);
    for (Partition i = 0; i < seats.size() && moves() < timing.moves_max; ++i) {
        const bool may_move =
            seats[i].stage() == Stage::serving && now - seats[i].serving_since() >= timing.hold;
        if (!may_move || !plan[i] || *plan[i] == config.id) continue;
        const bool is_lively = std::ranges::find(lively, *plan[i], &Candidate::id) != lively.end();
        if (is_lively) seats[i].leave(step, *plan[i]);
    }
}

void ClusterNode::Impl::drain(Step& step) {
    const auto lively = view.lively_others(now);
    const Leaders plan = assign(lively.empty() ? candidates : lively, view.leaders(now));
    bool is_idle = true;
    for (Partition i = 0; i < seats.size(); ++i) {
        auto& seat = seats[i];
        if (moves() < config.timing.moves_max) seat.leave(step, plan[i].value_or(DaemonId()));
        is_idle = is_idle && seat.stage() == Stage::idle && !seat.has_orphan();
    }
    const bool is_told = heartbeat.says_draining && heartbeat.pending == 0;
    if (!is_idle || is_drained || (!is_told && view.is_in_touch(now))) return;
    is_drained = true;
    step.actions.emplace_back(Drained{});
}

SteadyTime ClusterNode::next_tick() const { return impl_->ticked_at + tick_interval; }

LeaderView ClusterNode::leader(Partition partition, SteadyTime now) const {
    if (partition >= impl_->seats.size()) return {};
    if (is_serving(partition)) return {impl_->config.id, true};
    const auto& entry = impl_->view.entry(partition);
    if (!entry.record || impl_->view.has_expired(entry, now)) return {};
    const bool was_ours = entry.record->leader == impl_->config.id;  // and is not served
    return {entry.record->leader, entry.record->is_serving && !was_ours};
}

const std::vector<std::uint64_t>& ClusterNode::guests(Partition partition) const {
    if (is_serving(partition)) return impl_->seats[partition].guests();
    return impl_->view.entry(partition).guests;
}

bool ClusterNode::is_serving(Partition partition) const {
    return impl_->seats.at(partition).stage() == Stage::serving;
}

std::vector<Partition> ClusterNode::hanging() const {
    std::vector<Partition> found;
    for (Partition i = 0; i < impl_->seats.size(); ++i) {
        if (impl_->seats[i].hangs()) found.push_back(i);
    }
    return found;
}

SteadyTime ClusterNode::answers_until(Partition partition) const {
    return impl_->seats.at(partition).answers_until();
}

std::vector<ClusterNode::Member> ClusterNode::members(SteadyTime now) const {
    auto members = impl_->view.members(now);
    members.push_back({impl_->config.id, impl_->own_record()});
    return members;
}

std::uint64_t ClusterNode::passed_over() const { return impl_->view.passed_over(); }

bool ClusterNode::is_in_touch(SteadyTime now) const { return impl_->view.is_in_touch(now); }

std::optional<ClusterNode::Member> ClusterNode::misfit() const { return impl_->misfit; }

}  // namespace baton::queue::cluster
