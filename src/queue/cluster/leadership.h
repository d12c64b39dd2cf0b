// One daemon's standing in one partition, from claiming its key to giving it up. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "queue/cluster/cluster_node.h"

namespace baton::queue::cluster {

/// One thing that happens: the time, and where what follows from it is put.
struct Step {
    SteadyTime now{};
    bool is_connected = false;
    ClusterActions& actions;
    Ticket& tickets;  ///< the last number given out
    /// Who else should lead a partition; empty: nobody is there.
    const std::function<DaemonId(Partition)>& successor;
};

/// The key is claimed by compare-and-set, then the engine is opened, which takes the log over; then
/// the key is written once more, and only when that was stored is the partition served. So whoever
/// serves took the log over while the key was his, and the log's order of writers is the key's.
class Leadership {
public:
    enum class Stage : std::uint8_t {
        idle,
        claiming,    ///< the key is being written; then the engine is opened
        opening,     ///< the key is ours; the engine takes the log over and reads it
        confirming,  ///< the engine is open; the key is written once more
        serving,
        closing,
        waiting,  ///< the key is ours, to be claimed anew at `reopen_at_`: something failed
        releasing,
    };

    Leadership(const ClusterNodeConfig& config, Partition partition)
        : config_(config), partition_(partition) {}

    [[nodiscard]] Stage stage() const noexcept { return stage_; }
    [[nodiscard]] Ticket turn() const noexcept { return turn_; }
    [[nodiscard]] SteadyTime answers_until() const noexcept { return answers_until_; }
    [[nodiscard]] SteadyTime serving_since() const noexcept { return serving_since_; }
    [[nodiscard]] bool is_writing(Ticket ticket) const noexcept {
        return pending_ && pending_->ticket == ticket;
    }
    /// When the write that is on its way was sent.
    [[nodiscard]] SteadyTime sent_at() const noexcept { return pending_->sent_at; }
    /// Whether a claim may be tried.
    [[nodiscard]] bool may_claim(SteadyTime now) const noexcept {
        return stage_ == Stage::idle && !pending_ && !hangs_ && now >= blocked_until_ &&
               now >= offered_until_;
    }
    /// The engine of the last turn neither opens nor ends.
    [[nodiscard]] bool hangs() const noexcept { return hangs_; }
    [[nodiscard]] const std::vector<std::uint64_t>& guests() const noexcept { return guests_; }
    /// Idle, and the bucket says that we lead: a claim that was given up was stored after all.
    [[nodiscard]] bool has_orphan() const noexcept { return stage_ == Stage::idle && orphan_ != 0; }
    [[nodiscard]] std::uint64_t orphan() const noexcept { return orphan_; }

    /// `expected`: the revision the key must have, 0: none.
    void claim(Step& step, std::uint64_t expected);
    /// Gives the partition up for good, whatever the stage; `next` is called to take it.
    void leave(Step& step, const DaemonId& next);
    void tick(Step& step);

    void connected(Step& step) { next_write_at_ = step.now; }
    void disconnected(Step& step);
    void written(Step& step, const Written& event);
    /// Something new stands in the partition's key.
    void seen(Step& step, const LeaderSeen& event);
    void opened(Step& step, std::vector<std::uint64_t> guests);
    void open_failed(Step& step);
    void broken(Step& step);
    void closed(Step& step);
    void proved(Step& step, Ticket proof);

private:
    /// What follows a closing.
    enum class Then : std::uint8_t { retry, release, nothing };
    struct Pending {
        Ticket ticket = 0;
        SteadyTime sent_at{};
        std::uint64_t expected = 0;
        bool confirms = false;  ///< sent after the engine was open
        bool releases = false;
    };

    [[nodiscard]] bool is_holding() const noexcept;
    void write(Step& step, const LeaderRecord& record, std::uint64_t expected);
    void renew(Step& step);
    void stored(Step& step, const Pending& write, std::uint64_t revision);
    void refused(Step& step, const Pending& write);
    void unknown(Step& step);
    void renewed(Step& step, const Pending& write);
    void open(Step& step);
    void close(Step& step, Then then);
    void look_for_hangs(Step& step);
    void go_on_without(Step& step);
    void serve(Step& step);
    void grant(Step& step);
    void revoke(Step& step);
    void failed(Step& step);
    void release(Step& step);
    void offer(Step& step);
    void rest(SteadyTime blocked_until);

    const ClusterNodeConfig& config_;
    const Partition partition_;
    Stage stage_ = Stage::idle;
    Ticket turn_ = 0;
    std::optional<Pending> pending_{};  ///< the one write on its way
    std::uint64_t revision_ = 0;        ///< of our key; 0: it has gone, as far as we know
    std::uint64_t own_last_ = 0;        ///< the last revision that was ours
    std::uint64_t orphan_ = 0;
    SteadyTime next_write_at_{};
    SteadyTime entry_until_{};  ///< our last stored write ends no earlier
    SteadyTime answers_until_ = SteadyTime::min();
    /// The key was gone in between: who knows who led. Then answers need a proof that the log is
    /// still ours.
    bool is_interrupted_ = false;
    Ticket proof_ = 0;
    Then then_ = Then::nothing;
    DaemonId next_{};
    SteadyTime serving_since_{};
    SteadyTime ordered_at_{};  ///< when opening or closing began
    bool hangs_ = false;
    std::vector<std::uint64_t> guests_{};  ///< of this turn
    std::uint32_t failures_ = 0;           ///< in a row
    SteadyTime reopen_at_{};
    SteadyTime blocked_until_ = SteadyTime::min();
    SteadyTime offered_until_ = SteadyTime::min();  ///< to others, who have not taken it yet
};

}  // namespace baton::queue::cluster
