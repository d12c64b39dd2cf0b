#include "llm/limits.h"

#include <algorithm>

namespace baton::llm {
namespace {

using std::chrono::floor;
using Seconds = std::chrono::seconds;

std::int64_t second_of(SteadyTime time) noexcept {
    return floor<Seconds>(time.time_since_epoch()).count();
}

std::uint64_t less(std::uint64_t from, std::uint64_t amount) noexcept {
    return from - std::min(from, amount);
}

Room tighter(const Room& one, const Room& other) noexcept {
    if (one.limit == 0 || other.limit == 0) return one.limit == 0 ? other : one;
    if (one.left != other.left) return one.left < other.left ? one : other;
    return one.full_in < other.full_in ? other : one;
}

}  // namespace

Rooms tighter(const Rooms& one, const Rooms& other) noexcept {
    return {.requests = tighter(one.requests, other.requests),
        .tokens = tighter(one.tokens, other.tokens)};
}

void MinuteWindow::advance(SteadyTime now) noexcept {
    const std::int64_t second = second_of(now);
    const std::int64_t last = std::min(second, newest_ + seconds);
    for (std::int64_t leaving = newest_ + 1; leaving <= last; ++leaving) {
        auto& amount = amounts_[static_cast<std::size_t>(leaving % seconds)];
        sum_ -= amount;
        amount = 0;
    }
    newest_ = std::max(newest_, second);
}

void MinuteWindow::add(std::uint64_t amount, SteadyTime now) noexcept {
    advance(now);
    amounts_[static_cast<std::size_t>(newest_ % seconds)] += amount;
    sum_ += amount;
}

void MinuteWindow::correct(std::uint64_t was, std::uint64_t is, SteadyTime when) noexcept {
    const std::int64_t second = second_of(when);
    if (second > newest_ || second <= newest_ - seconds) return;
    auto& amount = amounts_[static_cast<std::size_t>(second % seconds)];
    sum_ -= amount;
    amount = less(amount, was) + is;
    sum_ += amount;
}

std::uint64_t MinuteWindow::lately(SteadyTime now) noexcept {
    advance(now);
    std::uint64_t lately = 0;
    for (std::int64_t second = newest_; second > newest_ - 3; --second) {
        lately += amounts_[static_cast<std::size_t>((second + seconds) % seconds)];
    }
    return lately;
}

std::array<std::uint64_t, LimitUse::steps> MinuteWindow::leaving(SteadyTime now) noexcept {
    constexpr std::int64_t step = std::chrono::duration_cast<Seconds>(LimitUse::step).count();
    constexpr auto last = static_cast<std::int64_t>(LimitUse::steps) - 1;
    advance(now);
    std::array<std::uint64_t, LimitUse::steps> leaving{};
    for (std::int64_t age = 0; age < seconds; ++age) {
        const auto place = static_cast<std::size_t>((newest_ - age + seconds) % seconds);
        const auto at = std::min((seconds - 1 - age) / step, last);
        leaving[static_cast<std::size_t>(at)] += amounts_[place];
    }
    return leaving;
}

std::uint64_t MinuteWindow::sum(SteadyTime now) noexcept {
    advance(now);
    return sum_;
}

SteadyTime MinuteWindow::fits_at(
    std::uint64_t amount, std::uint64_t limit, SteadyTime now) noexcept {
    std::uint64_t left = sum(now);
    const std::uint64_t room = limit - std::min(limit, amount);
    if (left <= room) return now;
    for (std::int64_t second = newest_ - seconds + 1; second <= newest_; ++second) {
        left -= amounts_[static_cast<std::size_t>(second % seconds)];
        if (left <= room) return SteadyTime(Seconds(second + seconds));
    }
    return now + Seconds(seconds);
}

SteadyTime LimitBook::admits_at(const Need& need, const Now& now, SteadyTime ending) noexcept {
    SteadyTime at = now.steady;
    if (limits_.concurrency != 0) {
        const auto most =
            share_ ? could(LimitKind::concurrency, now.steady) : std::uint64_t{limits_.concurrency};
        if (in_flight_ >= most) at = std::max(at, ending);
    }
    const auto check = [&](LimitKind kind, MinuteWindow& window, std::uint64_t amount,
                           std::uint64_t whole) {
        if (whole == 0) return;
        at = std::max(at,
            share_ ? fits_at(kind, amount, now.steady) : window.fits_at(amount, whole, now.steady));
    };
    check(LimitKind::requests, requests_, 1, limits_.requests_per_minute);
    check(LimitKind::input_tokens, input_, need.input_tokens, limits_.input_tokens_per_minute);
    check(LimitKind::output_tokens, output_, need.output_tokens, limits_.output_tokens_per_minute);
    return limits_.cost_per_day > 0 ? std::max(at, purse_.admits_at(need.cost, now, ending)) : at;
}

void LimitBook::reserve(const Need& estimate, const Now& now) noexcept {
    ++in_flight_;
    if (limits_.requests_per_minute != 0) requests_.add(1, now.steady);
    if (limits_.input_tokens_per_minute != 0) input_.add(estimate.input_tokens, now.steady);
    if (limits_.output_tokens_per_minute != 0) output_.add(estimate.output_tokens, now.steady);
    purse_.reserve(estimate.cost, now);
    if (!share_) return;
    share_->taken_at = now.steady;
    share_->waits_since.reset();
    share_->unit = {};
}

void LimitBook::settle(
    const Need& estimate, const Need& fact, SteadyTime began, const Now& now) noexcept {
    in_flight_ -= std::min(in_flight_, 1U);
    if (limits_.input_tokens_per_minute != 0) {
        input_.correct(estimate.input_tokens, fact.input_tokens, began);
    }
    if (limits_.output_tokens_per_minute != 0) {
        output_.correct(estimate.output_tokens, fact.output_tokens, began);
    }
    purse_.settle(estimate.cost, fact.cost, began, now);
}

Rooms LimitBook::rooms(SteadyTime now) noexcept {
    const auto room = [&](MinuteWindow& window, LimitKind kind) {
        const auto whole = limit(kind);
        if (whole == 0) return Room();
        const auto full_in = window.fits_at(whole, whole, now) - now;
        return Room{.limit = whole,
            .left = less(could(kind, now), window.sum(now)),
            .full_in = std::chrono::ceil<Duration>(full_in)};
    };
    return {.requests = room(requests_, LimitKind::requests),
        .tokens = tighter(
            room(input_, LimitKind::input_tokens), room(output_, LimitKind::output_tokens))};
}

}  // namespace baton::llm
