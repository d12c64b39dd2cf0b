#include "llm/purse.h"

#include <algorithm>
#include <utility>

namespace baton::llm {
namespace {

using std::chrono::days;
using std::chrono::floor;

/// This part of the limit is claimed ahead, or what was spent in the last second: a daemon that is
/// killed takes it with it for the day.
constexpr double part_ahead = 1.0 / 128;
/// What others have left is asked for again after this; they may have given some back.
constexpr Duration ask_again{2'000};
/// What waits comes again sooner.
constexpr Duration waits_no_more{1'000};
/// Who has spent nothing for so long keeps nothing.
constexpr Duration idle_after{60'000};
/// What is spent is written this often, when nothing hurries.
constexpr Duration write_interval{1'000};
constexpr Duration pace_of{1'000};
/// So many times what is claimed ahead is too much of it.
constexpr double surplus = 4;
constexpr double tolerated = 1e-9;

}  // namespace

double grant_of(const PurseClaim& wanted, double elsewhere_claimed) noexcept {
    if (wanted.limit <= 0) return std::max(wanted.claim, wanted.least);
    const double claim = std::min(wanted.claim, wanted.limit - elsewhere_claimed);
    const bool is_useful = claim >= wanted.useful - wanted.limit * tolerated;
    return is_useful ? std::max(claim, wanted.least) : wanted.least;
}

SteadyTime Purse::admits_at(double cost, const Now& now, SteadyTime ending) noexcept {
    if (limit_ <= 0) return now.steady;
    turn(now);
    const double room = limit_ - bounded(cost) + tolerance();
    const double spent = spent_ + elsewhere_spent_;
    if (spent > room || spent >= limit_) {
        return now.steady + (TimePoint(day_ + days(1)) - now.wall);
    }
    if (spent + held_ > room) return std::max(now.steady, ending);  // it may turn out to be less
    if (is_bound_ && now.steady < nothing_until_ && !has_claim(cost)) return nothing_until_;
    return now.steady;
}

void Purse::want(double cost, SteadyTime now) noexcept {
    if (has_claim(cost)) return;
    unit_ = now < waits_until_ ? std::max(unit_, bounded(cost)) : bounded(cost);
    waits_until_ = now + waits_no_more;
}

void Purse::reserve(double estimate, const Now& now) noexcept {
    turn(now);
    held_ += estimate;
    ++holding_;
    if (!is_bound_) return;
    reserved_ += estimate;
    busy_until_ = now.steady + idle_after;
    waits_until_ = {};
}

void Purse::settle(double estimate, double fact, SteadyTime began, const Now& now) noexcept {
    turn(now);
    if (began < day_began_) return;  // it was of the day before, whose claim it stays in
    holding_ -= std::min(holding_, 1U);
    held_ = holding_ == 0 ? 0 : std::max(0.0, held_ - estimate);
    spent_ += fact;
}

double Purse::spent(TimePoint wall) const noexcept {
    return floor<days>(wall) > day_ ? 0 : spent_ + elsewhere_spent_;
}

void Purse::restore(TimePoint day, double elsewhere_spent, double elsewhere_claimed) noexcept {
    day_ = floor<days>(day);
    elsewhere_spent_ = elsewhere_spent;
    elsewhere_claimed_ = elsewhere_claimed;
}

std::optional<PurseClaim> Purse::plan(const Now& now) noexcept {
    if (asked_) return std::nullopt;
    turn(now);
    const double wants = is_bound_ ? wanted(now.steady) : spent_;
    const bool is_urgent = is_bound_ && wants > claim_ + tolerance();
    const bool has_news = !is_known_ || spent_ != written_spent_ || wants != written_claim_;
    const bool is_due = has_news && now.steady - written_at_ >= write_interval;
    if (!is_urgent && !is_due) return std::nullopt;
    return ask(wants, now.steady);
}

std::optional<PurseClaim> Purse::leave(const Now& now) noexcept {
    is_known_ = is_known_ && !asked_;
    turn(now);
    const double wants = is_bound_ ? in_use() : spent_;
    const bool has_news = !is_known_ || spent_ != written_spent_ || wants != written_claim_;
    if (!has_news) return std::nullopt;
    waits_until_ = {};
    return ask(wants, now.steady);
}

PurseClaim Purse::ask(double claim, SteadyTime now) noexcept {
    claim_ = std::min(claim_, claim);
    const double in_use = is_bound_ ? spent_ + held_ : spent_;
    asked_ = PurseClaim{.day = TimePoint(day_),
        .limit = limit_,
        .spent = spent_,
        .claim = claim,
        .useful = now < waits_until_ ? std::min(claim, in_use + unit_) : 0,
        .least = std::max(in_use, claim_)};
    written_at_ = now;
    return *asked_;
}

void Purse::granted(TimePoint day, const PurseGrant& grant, SteadyTime now) noexcept {
    const auto asked = std::exchange(asked_, std::nullopt);
    if (!asked || day != TimePoint(day_)) return;
    claim_ = grant.claim;
    elsewhere_spent_ = grant.elsewhere_spent;
    elsewhere_claimed_ = grant.elsewhere_claimed;
    const bool got_all = grant.claim + tolerance() >= asked->claim;
    nothing_until_ = got_all ? SteadyTime{} : now + ask_again;
    written_spent_ = asked->spent;
    written_claim_ = grant.claim;
    is_known_ = true;
}

void Purse::failed() noexcept {
    if (asked_ && asked_->day == TimePoint(day_)) is_known_ = false;
    asked_.reset();
}

bool Purse::is_quiet() const noexcept {
    const bool is_written = !asked_ && is_known_ && spent_ == written_spent_;
    return is_written && holding_ == 0 && (!is_bound_ || claim_ == spent_);
}

/// What was reserved of the day before goes on, and belongs to that day.
void Purse::turn(const Now& now) noexcept {
    const auto today = floor<days>(now.wall);
    if (today <= day_) return;  // a clock that is set back must not give the money again
    day_ = today;
    day_began_ = now.steady;
    spent_ = held_ = claim_ = 0;
    holding_ = 0;
    elsewhere_spent_ = elsewhere_claimed_ = 0;
    nothing_until_ = {};
    written_spent_ = written_claim_ = 0;
    is_known_ = true;
}

void Purse::look_at_pace(SteadyTime now) noexcept {
    const auto passed = now - paced_at_;
    if (passed < pace_of) return;
    pace_ = reserved_ / std::chrono::duration<double>(passed).count();
    reserved_ = 0;
    paced_at_ = now;
}

/// What is claimed lasts for about a second; half of it is time to ask for more.
double Purse::wanted(SteadyTime now) noexcept {
    look_at_pace(now);
    const bool waits = now < waits_until_;
    const bool is_busy = holding_ > 0 || now < busy_until_;
    ahead_ = waits || is_busy ? std::max({limit_ * part_ahead, pace_, reserved_}) : 0;
    if (waits) ahead_ = std::max(ahead_, unit_);
    const double left = claim_ - in_use();
    const bool lacks = waits && left + tolerance() < unit_;
    const bool is_short = lacks || left < ahead_ / 2;
    double wants = claim_;
    const bool may_ask = is_short && now >= nothing_until_;
    if (lacks && !may_ask) {
        wants = in_use();  // what is left is of no use here
    } else if (may_ask || left > surplus * ahead_) {
        wants = in_use() + ahead_;
    }
    return std::max(std::min(wants, limit_), in_use());
}

}  // namespace baton::llm
