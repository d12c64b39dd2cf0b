#include "queue/store/jetstream/lane_pair.h"

#include <algorithm>

namespace baton::queue::jetstream {
namespace {

using Clock = std::chrono::steady_clock;

bool has_passed(Clock::time_point since, Duration time) { return Clock::now() - since >= time; }

/// Then it is tried again, the next time that the lanes are looked after.
void may_fail(const Result<void>& /*tried*/) {}

JetStreamLogConfig second(JetStreamLogConfig config) {
    config.stream += "-b";
    config.subject += "-b";
    return config;
}

}  // namespace

LanePair::LanePair(nats::JetStream& jetstream, const JetStreamLogConfig& config)
    : jetstream_(jetstream),
      config_(config),
      lanes_{{{jetstream, config}, {jetstream, second(config)}}} {}

void LanePair::take_over(std::uint64_t needed) {
    needed_ = swept_ = needed;
    for (auto& lane : lanes_) {
        const bool is_done = lane.purged() >= needed_ && !lane.is_purging();
        if (!is_done) may_fail(lane.purge(needed_, Patience::brief(config_)));
    }
}

Result<void> LanePair::go_on(const Patience& patience) {
    while (true) {
        Result<void> done;
        bool may_help = false;
        for (int i = 0; i < 2; ++i) {
            written_ = 1 - written_;
            Lane& lane = written();
            // One that is ready is asked first: it may be the connection that is gone, and a
            // message that is not answered costs a subject, which only who leads the servers can
            // replace.
            done = lane.is_ready() ? lane.refresh() : lane.recover(Patience::brief(config_));
            if (done) {
                make_room_in(lane);
            } else {
                lane.doubt();
            }
            if (lane.is_purging()) done = fail(Errc::unavailable, "the stream is purged");
            if (done || done.error().code == Errc::storage_corrupt) return done;
            may_help |= may_pass(done.error().code);
        }
        if (may_help) tell_trouble();
        if (!may_help || !patience.pause()) return done;
    }
}

bool LanePair::tend() {
    if (!is_due()) return false;
    swept_ = needed_;
    const bool is_looked_at = look_after();
    tended_at_ = Clock::now();  // so that entries come between, however long that took
    return is_looked_at;
}

/// What hits one server hits both lanes while it leads both, or the spare is away.
bool LanePair::is_due() const {
    const bool is_exposed = !spare().is_ready() || have_one_leader();
    if (!is_exposed && swept_ != needed_) return true;
    return has_passed(tended_at_, is_exposed ? config_.exposed_interval : config_.tend_interval);
}

bool LanePair::look_after() {
    if (!spare().is_ready()) {
        recover_spare();
        // One answer that is late is no trouble, nor a change of leaders that was asked for.
        const bool is_expected = !has_passed(asked_at_, config_.tend_interval);
        if (!spare().is_ready() && !is_expected) tell_trouble();
    } else if (!spare().refresh()) {
        spare().doubt();
    }
    if (!written().refresh()) return false;
    sweep();
    if (!spare().is_ready()) return false;
    // nats-server 2.9 may choose a replica that is behind, and then has no leader for an
    // election. A change may also take longer than it takes to look again.
    const bool may_change = spare().is_caught_up() && has_passed(asked_at_, config_.tend_interval);
    if (have_one_leader() && may_change) {
        asked_at_ = Clock::now();
        may_fail(jetstream_.step_down(spare().stream()));
    }
    return true;
}

/// Every entry waits meanwhile. So a stream without a leader is given little time to say so, and
/// only now and then as much as one needs that is far away.
void LanePair::recover_spare() {
    const bool is_patient = has_passed(recovered_at_, config_.tend_interval);
    if (!is_patient && !spare().is_led()) return;
    recovered_at_ = Clock::now();
    may_fail(spare().recover(Patience::brief(config_)));
}

/// A stream that is purged takes nothing for a while. So it is the spare, and then the lanes change
/// places. One that can't be written can't take its turn either.
void LanePair::sweep() {
    if (is_purged()) return;
    if (!spare().is_ready()) return make_room_in(written());
    const bool is_turn = spare().purged() > written().purged();
    if (is_turn && !spare().is_purging()) written_ = 1 - written_;
    may_fail(spare().ask_to_purge(needed_, Patience::brief(config_)));
}

/// Until a purge is done nothing can be added. So what is to be written is purged when it is nearly
/// full, and not before.
void LanePair::make_room_in(Lane& lane) {
    const auto size = static_cast<std::uint64_t>(config_.max_bytes);  // -1: it is never full
    const bool may_wait = lane.purged() >= needed_ || lane.bytes() < size / 4 * 3;
    if (may_wait && !lane.is_purging()) return;
    may_fail(lane.purge(needed_, Patience::brief(config_)));
}

void LanePair::tell_trouble() const {
    if (config_.on_trouble) config_.on_trouble();
}

void LanePair::make_room() { may_fail(written().purge(needed_, Patience::brief(config_))); }

bool LanePair::have_one_leader() const {
    const auto& leader = lanes_[0].leader();
    return config_.replicas > 1 && !leader.empty() && leader == lanes_[1].leader();
}

bool LanePair::is_purged() const {
    return std::ranges::all_of(
        lanes_, [this](const Lane& lane) { return lane.purged() >= needed_; });
}

}  // namespace baton::queue::jetstream
