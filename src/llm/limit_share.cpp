// The part of LimitBook that has to do with other daemons.
#include <algorithm>

#include "llm/limits.h"

namespace baton::llm {
namespace {

/// Who has taken nothing for so long wants nothing, unless something waits.
constexpr Duration idle_after{2'000};
/// What waits asks again sooner.
constexpr Duration waits_no_more{1'000};
/// What others do not use now they may not use in a moment either.
constexpr Duration could_holds{1'000};
constexpr Duration nothing_left{500};
/// Something waits: so many times what is used is wanted, and at least this part of the limit.
constexpr std::uint64_t growth = 4;
constexpr std::uint64_t first_part = 8;

constexpr std::array all_kinds{
    LimitKind::concurrency, LimitKind::requests, LimitKind::input_tokens, LimitKind::output_tokens};

std::size_t at(LimitKind kind) noexcept { return static_cast<std::size_t>(kind); }

std::uint64_t amount_of(const Need& need, LimitKind kind) noexcept {
    switch (kind) {
        case LimitKind::input_tokens: return need.input_tokens;
        case LimitKind::output_tokens: return need.output_tokens;
        case LimitKind::concurrency:
        case LimitKind::requests: break;
    }
    return 1;
}

}  // namespace

std::uint64_t LimitBook::limit(LimitKind kind) const noexcept {
    switch (kind) {
        case LimitKind::concurrency: return limits_.concurrency;
        case LimitKind::requests: return limits_.requests_per_minute;
        case LimitKind::input_tokens: return limits_.input_tokens_per_minute;
        case LimitKind::output_tokens: break;
    }
    return limits_.output_tokens_per_minute;
}

std::uint64_t LimitBook::could(LimitKind kind, SteadyTime now) const noexcept {
    return share_ && now < share_->could_until ? share_->could[at(kind)] : limit(kind);
}

MinuteWindow& LimitBook::window(LimitKind kind) noexcept {
    if (kind == LimitKind::requests) return requests_;
    return kind == LimitKind::input_tokens ? input_ : output_;
}

std::uint64_t LimitBook::in_use(LimitKind kind, SteadyTime now) noexcept {
    return kind == LimitKind::concurrency ? in_flight_ : window(kind).sum(now);
}

void LimitBook::share() noexcept { share_ = Share{}; }

/// For a shared limit of which there is nothing, when to look again.
SteadyTime LimitBook::fits_at(LimitKind kind, std::uint64_t amount, SteadyTime now) noexcept {
    const auto whole = could(kind, now);
    if (whole == 0) return now + nothing_left;
    return window(kind).fits_at(amount, whole, now);
}

bool LimitBook::has_shares(const Need& need, SteadyTime now) noexcept {
    return std::ranges::all_of(
        all_kinds, [&](LimitKind kind) { return has_share(kind, need, now); });
}

/// What is larger than the limit needs all of it.
bool LimitBook::has_share(LimitKind kind, const Need& need, SteadyTime now) noexcept {
    const auto whole = limit(kind);
    if (whole == 0) return true;
    if (now >= share_->until) return false;
    return in_use(kind, now) + std::min(amount_of(need, kind), whole) <= share_->may[at(kind)];
}

void LimitBook::want(const Need& need, SteadyTime now) noexcept {
    purse_.want(need.cost, now);
    if (!share_ || has_shares(need, now)) return;
    for (const auto kind : all_kinds) {
        if (has_share(kind, need, now)) continue;
        auto& unit = share_->unit[at(kind)];
        unit = std::max(unit, std::clamp<std::uint64_t>(amount_of(need, kind), 1, limit(kind)));
    }
    share_->refused_at = now;
    if (!share_->waits_since) share_->waits_since = now;
}

LimitUse LimitBook::use(LimitKind kind, SteadyTime now) noexcept {
    LimitUse use{.limit = limit(kind)};
    if (!share_ || use.limit == 0) return {};
    use.may = now < share_->until ? share_->may[at(kind)] : 0;
    use.in_use = in_use(kind, now);
    if (kind != LimitKind::concurrency) use.leaving = window(kind).leaving(now);
    const bool waits = now - share_->refused_at < waits_no_more;
    if (waits) use.unit = share_->unit[at(kind)];
    use.want = wanted(kind, now);
    if (use.unit > 0 && share_->waits_since) {
        use.waited = std::chrono::duration_cast<Duration>(now - *share_->waits_since);
    }
    return use;
}

/// What is used grows by it before the next telling.
std::uint64_t LimitBook::wanted(LimitKind kind, SteadyTime now) noexcept {
    const auto whole = limit(kind);
    const bool is_busy = now - share_->taken_at < idle_after;
    std::uint64_t lately = 0;
    if (is_busy) {
        lately = kind == LimitKind::concurrency ? std::max<std::uint64_t>(in_flight_ / growth, 1)
                                                : window(kind).lately(now);
    }
    const auto unit = share_->unit[at(kind)];
    const bool waits = unit > 0 && now - share_->refused_at < waits_no_more;
    if (waits) lately = std::max({lately * growth, unit, whole / first_part});
    return std::min(lately, whole);
}

void LimitBook::lower(
    LimitKind kind, std::uint64_t may, std::uint64_t could, SteadyTime now) noexcept {
    if (!share_) return;
    share_->may[at(kind)] = std::min(share_->may[at(kind)], may);
    share_->could[at(kind)] = could;
    share_->could_until = now + could_holds;
}

void LimitBook::allow(LimitKind kind, std::uint64_t may) noexcept {
    if (share_) share_->may[at(kind)] = may;
}

void LimitBook::allow_until(SteadyTime until) noexcept {
    if (share_) share_->until = until;
}

}  // namespace baton::llm
