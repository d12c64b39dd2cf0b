#include "share_world.h"

#include <algorithm>

namespace baton::llm {

void ShareWorld::run_for(Time time) {
    for (const auto end = now_ + time; now_ < end; now_ += step) {
        for (auto& daemon : daemons_) {
            if (!daemon->is_dead) act(daemon);
        }
    }
}

bool ShareWorld::happens(double a_second) {
    return a_second > 0 && even() < a_second * std::chrono::duration<double>(step).count();
}

ShareWorld::Time ShareWorld::within(Time most) {
    return Time(std::uniform_int_distribution<std::int64_t>(1, most.count())(chance_));
}

std::unique_ptr<ShareWorld::Daemon> ShareWorld::fresh() {
    auto daemon = std::make_unique<Daemon>();
    // No order in the names of those who come later.
    daemon->id = std::to_string(chance_() % 1'000) + "-" + std::to_string(++made_);
    daemon->rate = 1 + faults_.rate_spread * (2 * even() - 1);
    daemon->offset = within(Time(10'000'000));
    if (faults_.skew > Duration(0)) daemon->skew = within(2 * faults_.skew) - faults_.skew;
    daemon->book = LimitBook(limits_);
    daemon->book.purse().claim_first();
    const TimePoint today = floor<std::chrono::days>(both_clocks(*daemon).wall);
    const auto others = table_.elsewhere(daemon->id, today);
    daemon->book.purse().restore(today, others.elsewhere_spent, others.elsewhere_claimed);
    daemon->books.add("endpoint", "main", daemon->book);
    ShareTiming timing;
    if (mistake_ == ShareMistake::holds_too_long) timing.hold = Duration(20'000);
    daemon->node = std::make_unique<ShareNode>(daemon->id, timing);
    while (first_read_ < log_.size() && log_[first_read_].at + remembered < now_) ++first_read_;
    daemon->next_read = mistake_ == ShareMistake::forgets_who_died ? log_.size() : first_read_;
    return daemon;
}

SteadyTime ShareWorld::clock(const Daemon& daemon) const {
    const auto passed = static_cast<double>(now_.count()) * daemon.rate;
    return SteadyTime(daemon.offset + Duration(static_cast<std::int64_t>(passed)));
}

Now ShareWorld::both_clocks(const Daemon& daemon) const {
    return {.steady = clock(daemon), .wall = day + (now_ - midnight) + daemon.skew};
}

void ShareWorld::act(std::unique_ptr<Daemon>& daemon) {
    if (happens(faults_.death)) {
        const auto load = daemon->load;
        if (mistake_ == ShareMistake::forgets_what_the_dead_have_spent) table_.forget(daemon->id);
        daemon = fresh();
        daemon->load = load;
        return;
    }
    if (happens(faults_.pause)) daemon->awake_at = now_ + within(Time(6'000));
    if (happens(faults_.cut)) daemon->cut_until = now_ + within(Time(20'000));
    if (happens(faults_.stall)) daemon->reads_at = now_ + within(Time(6'000));
    land();
    if (now_ < daemon->awake_at) return;
    read(*daemon);
    tell(*daemon);
    keep_money(*daemon);
    end_requests(*daemon);
    offer(*daemon);
}

void ShareWorld::land() {
    std::erase_if(late_, [&](const Late& late) {
        if (late.at > now_) return false;
        // A bucket passes over what comes behind a later word of the same daemon.
        auto& newest = newest_[late.told.daemon];
        if (late.told.entry.number > newest) {
            newest = late.told.entry.number;
            log_.push_back(late.told);
            log_.back().at = now_;
        }
        return true;
    });
    std::erase_if(puts_, [&](const std::shared_ptr<Put>& put) {
        if (put->lands_at > now_) return false;
        const bool is_stale = mistake_ == ShareMistake::reads_in_another_transaction;
        if (put->lands) {
            put->grant = is_stale ? table_.write(put->spender, put->claim, put->read)
                                  : table_.write(put->spender, put->claim);
        }
        return true;
    });
}

/// One claim at a time. What is lost is known to have failed, and may stand there all the same.
void ShareWorld::keep_money(Daemon& daemon) {
    auto& purse = daemon.book.purse();
    const auto now = both_clocks(daemon);
    if (daemon.put) {
        if (now_ < daemon.put->answered_at) return;
        if (daemon.put->is_answered) {
            purse.granted(daemon.put->claim.day, daemon.put->grant, now.steady);
        } else {
            purse.failed();
        }
        daemon.put.reset();
    }
    auto claim = purse.plan(now);
    if (!claim) return;
    ++claims_;
    if (mistake_ == ShareMistake::takes_back_what_is_in_force) claim->least = 0;
    const bool is_cut = now_ < daemon.cut_until;
    const bool is_lost = is_cut || even() < faults_.lost;
    const auto took = within(Time(faults_.slow > 0 && even() < faults_.slow ? 500 : 20));
    const auto back = within(Time(20));
    daemon.put = std::make_shared<Put>(Put{.spender = daemon.id,
        .claim = *claim,
        .read = table_.elsewhere(daemon.id, claim->day),
        .lands_at = now_ + took,
        .answered_at = now_ + took + (is_lost ? Time(1'000) : back),
        .lands = !is_cut && (!is_lost || even() < 0.5),
        .is_answered = !is_lost});
    puts_.push_back(daemon.put);
    if (mistake_ != ShareMistake::spends_before_it_is_written) return;
    purse.granted(claim->day, {.claim = claim->claim}, now.steady);
}

void ShareWorld::read(Daemon& daemon) {
    if (now_ < daemon.reads_at || now_ < daemon.cut_until) return;
    daemon.reads_at = now_ + (even() < 0.2 ? within(Time(60)) : Time(0));
    const auto now = clock(daemon);
    for (; daemon.next_read < log_.size(); ++daemon.next_read) {
        const auto& told = log_[daemon.next_read];
        if (told.daemon != daemon.id) {
            daemon.node->heard(told.daemon, told.entry, now);
            continue;
        }
        const auto allowed = daemon.node->told(told.entry.number, now);
        if (!allowed) continue;
        daemon.books.allow(allowed->bounds, allowed->until);
        daemon.allowed_until = allowed->until;
    }
    daemon.is_complete = true;
}

void ShareWorld::tell(Daemon& daemon) {
    if (!daemon.is_complete || now_ < daemon.writes_until) return;
    const auto now = clock(daemon);
    const auto plan = daemon.node->plan(daemon.books.uses(now), now);
    if (mistake_ != ShareMistake::lowers_after_telling) daemon.books.lower(plan.bounds, now);
    if (!plan.is_to_be_told) return;
    Late late{
        .told = {.daemon = daemon.id, .entry = daemon.node->tell(daemon.books.uses(now), now)}};
    if (mistake_ == ShareMistake::uses_before_the_log_shows) {
        daemon.books.allow(plan.bounds, now + Duration(2'000));
    }
    for (auto& [key, line] : late.told.entry.lines) {
        if (mistake_ == ShareMistake::claims_too_little) line.claim = line.use.in_use;
    }
    ++tellings_;
    const bool is_lost = even() < faults_.lost || now_ < daemon.cut_until;
    const auto took = within(Time(10));
    late.at = now_ + took;
    daemon.writes_until = now_ + (is_lost ? Time(1'000) : took);
    if (is_lost && even() < 0.5) return;
    if (is_lost) late.at += within(Time(8'000));
    late_.push_back(std::move(late));
}

void ShareWorld::end_requests(Daemon& daemon) {
    const auto now = both_clocks(daemon);
    std::erase_if(daemon.busy, [&](const Busy& busy) {
        if (busy.ends > now.steady) return false;
        daemon.book.settle(busy.estimate, busy.fact, busy.began, now);
        return true;
    });
}

void ShareWorld::offer(Daemon& daemon) {
    const auto now = clock(daemon);
    daemon.owed += daemon.load.per_second * std::chrono::duration<double>(step).count();
    for (; daemon.owed >= 1; daemon.owed -= 1) {
        const auto tokens =
            static_cast<std::uint64_t>(1 + even() * static_cast<double>(daemon.load.tokens_max));
        const Need estimate{.output_tokens = std::min(tokens, daemon.load.tokens_max),
            .cost = daemon.load.cost_max > 0 ? daemon.load.cost_max * even() : 0};
        const Now both = both_clocks(daemon);
        if (daemon.book.admits_at(estimate, both, now + Duration(1)) > now) continue;
        if (!daemon.book.has_share(estimate, now)) {
            daemon.book.want(estimate, now);
            continue;
        }
        Need fact = estimate;
        if (even() < 0.3) {
            fact.output_tokens -= fact.output_tokens / 3;
            fact.cost *= 0.7;
        }
        daemon.book.reserve(estimate, both);
        daemon.busy.push_back({.estimate = estimate,
            .fact = fact,
            .began = now,
            .ends = now + within(daemon.load.longest)});
        ++daemon.sent;
        ++sent_;
        daemon.sent_tokens += fact.output_tokens;
        check(fact.output_tokens);
        check_money(daemon, fact.cost);
    }
}

/// A request is of the day that its daemon's clock showed.
void ShareWorld::check_money(const Daemon& daemon, double cost) {
    auto& spent = spent_[floor<std::chrono::days>(both_clocks(daemon).wall)];
    spent += cost;
    const double over = spent - limits_.cost_per_day * (1 + 1e-6);
    if (limits_.cost_per_day == 0 || over <= 0) return;
    overshoot_ = std::max(overshoot_, static_cast<std::uint64_t>(1 + over));
}

void ShareWorld::exceeds(std::uint64_t amount, std::uint64_t limit) {
    if (limit != 0 && amount > limit) overshoot_ = std::max(overshoot_, amount - limit);
}

void ShareWorld::check(std::uint64_t tokens) {
    minute_.emplace_back(now_, tokens);
    minute_tokens_ += tokens;
    // By clocks that run fast a minute is over sooner.
    const auto length = Time(
        static_cast<std::int64_t>(static_cast<double>(minute.count()) * (1 - faults_.rate_spread)));
    while (minute_.front().first <= now_ - length) {
        minute_tokens_ -= minute_.front().second;
        minute_.pop_front();
    }
    exceeds(minute_.size(), limits_.requests_per_minute);
    exceeds(minute_tokens_, limits_.output_tokens_per_minute);
    std::uint64_t under_way = 0;
    for (const auto& daemon : daemons_) {
        // What who is cut off has begun before goes on, and is not to be called off.
        const bool holds = !daemon->is_dead && clock(*daemon) < daemon->allowed_until;
        if (holds) under_way += daemon->book.in_flight();
    }
    exceeds(under_way, limits_.concurrency);
}

}  // namespace baton::llm
