// Limits of an endpoint, a model or a tenant: an estimate is reserved before a request and the
// fact settled after it, so that requests in parallel cannot pass them. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "llm/limit_use.h"
#include "llm/now.h"
#include "llm/purse.h"

namespace baton::llm {

/// 0 in any field: no limit. Money is in the currency of the configuration's prices.
struct Limits {
    std::uint32_t concurrency = 0;
    std::uint64_t requests_per_minute = 0;
    std::uint64_t input_tokens_per_minute = 0;
    std::uint64_t output_tokens_per_minute = 0;
    double cost_per_day = 0;  ///< UTC days
    bool operator==(const Limits&) const = default;
};

/// What one request takes, or took.
struct Need {
    std::uint64_t input_tokens = 0;
    std::uint64_t output_tokens = 0;
    double cost = 0;
    bool operator==(const Need&) const = default;
};

/// What is left of a limit of a minute.
struct Room {
    std::uint64_t limit = 0;  ///< 0: there is none
    std::uint64_t left = 0;
    Duration full_in{0};  ///< until all of it is left again, if nothing else is taken
    bool operator==(const Room&) const = default;
};

/// The room of somebody.
struct Rooms {
    Room requests{};
    Room tokens{};  ///< the tighter of input and output: what fits it in all fits both
    bool operator==(const Rooms&) const = default;
};

/// Of each kind the limit that has less left; with as much left, the one that is full later.
[[nodiscard]] Rooms tighter(const Rooms& one, const Rooms& other) noexcept;

/// Amounts of the last minute, by whole seconds: any 60 s hold at most what a check against the
/// sum allows.
class MinuteWindow final {
public:
    void add(std::uint64_t amount, SteadyTime now) noexcept;
    /// Puts right what was added at `when`; does nothing once that has left the window.
    void correct(std::uint64_t was, std::uint64_t is, SteadyTime when) noexcept;
    [[nodiscard]] std::uint64_t sum(SteadyTime now) noexcept;
    /// Of the second under way and the two before it.
    [[nodiscard]] std::uint64_t lately(SteadyTime now) noexcept;
    /// As LimitUse::leaving.
    [[nodiscard]] std::array<std::uint64_t, LimitUse::steps> leaving(SteadyTime now) noexcept;
    /// When `amount` more fit under `limit` if nothing else is added: `now` when at once. What is
    /// larger than the limit itself fits into an empty window.
    [[nodiscard]] SteadyTime fits_at(
        std::uint64_t amount, std::uint64_t limit, SteadyTime now) noexcept;

private:
    /// The second under way and the sixty before it, which may reach back less than 60 s.
    static constexpr std::int64_t seconds = 61;

    void advance(SteadyTime now) noexcept;

    std::array<std::uint64_t, seconds> amounts_{};
    std::int64_t newest_ = 0;  ///< second of the clock
    std::uint64_t sum_ = 0;
};

/// What one owner of limits has taken. Not thread-safe.
class LimitBook final {
public:
    explicit LimitBook(Limits limits = {}) noexcept
        : limits_(limits), purse_(limits.cost_per_day) {}

    /// When `need` may be taken if nothing else is; `now` when at once. `ending`: when a request
    /// under way may end, for what is at its concurrency. Of a shared limit it may have to wait for
    /// the share then, and of one of money for a claim.
    [[nodiscard]] SteadyTime admits_at(
        const Need& need, const Now& now, SteadyTime ending) noexcept;

    /// A request begins, with the estimate.
    void reserve(const Need& estimate, const Now& now) noexcept;
    /// … and ends. `began`: the time of its reservation.
    void settle(const Need& estimate, const Need& fact, SteadyTime began, const Now& now) noexcept;

    [[nodiscard]] std::uint32_t in_flight() const noexcept { return in_flight_; }
    [[nodiscard]] Rooms rooms(SteadyTime now) noexcept;
    [[nodiscard]] Purse& purse() noexcept { return purse_; }
    [[nodiscard]] const Purse& purse() const noexcept { return purse_; }
    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }

    // ---- Limits that other daemons have too, but for money ----

    /// From now on nothing may be taken but what `allow` says.
    void share() noexcept;
    /// Whether the share is large enough for `need`, and what of the day's money is claimed;
    /// always, when nothing is shared and nothing needs to be claimed.
    [[nodiscard]] bool has_share(const Need& need, SteadyTime now) noexcept {
        return purse_.has_claim(need.cost) && (!share_ || has_shares(need, now));
    }
    /// `need` waits for a share, or a claim.
    void want(const Need& need, SteadyTime now) noexcept;
    /// Whether nothing has been taken since something waited.
    [[nodiscard]] bool awaits() const noexcept { return share_ && share_->waits_since; }
    [[nodiscard]] LimitUse use(LimitKind kind, SteadyTime now) noexcept;
    /// At most `may`, and no more than before. For a second from `now` it could come to `could`,
    /// after that perhaps to all.
    void lower(LimitKind kind, std::uint64_t may, std::uint64_t could, SteadyTime now) noexcept;
    void allow(LimitKind kind, std::uint64_t may) noexcept;
    /// What is allowed is so until then.
    void allow_until(SteadyTime until) noexcept;

private:
    struct Share {
        std::array<std::uint64_t, limit_kinds> may{};
        std::array<std::uint64_t, limit_kinds> could{};
        std::array<std::uint64_t, limit_kinds> unit{};  ///< of what waits
        SteadyTime until{};
        SteadyTime could_until{};
        SteadyTime taken_at{};
        SteadyTime refused_at{};
        std::optional<SteadyTime> waits_since{};
    };

    [[nodiscard]] std::uint64_t limit(LimitKind kind) const noexcept;
    /// What this daemon may come to.
    [[nodiscard]] std::uint64_t could(LimitKind kind, SteadyTime now) const noexcept;
    [[nodiscard]] MinuteWindow& window(LimitKind kind) noexcept;
    [[nodiscard]] SteadyTime fits_at(LimitKind kind, std::uint64_t amount, SteadyTime now) noexcept;
    [[nodiscard]] std::uint64_t in_use(LimitKind kind, SteadyTime now) noexcept;
    [[nodiscard]] bool has_shares(const Need& need, SteadyTime now) noexcept;
    [[nodiscard]] bool has_share(LimitKind kind, const Need& need, SteadyTime now) noexcept;
    [[nodiscard]] std::uint64_t wanted(LimitKind kind, SteadyTime now) noexcept;

    Limits limits_;
    std::uint32_t in_flight_ = 0;
    MinuteWindow requests_{};
    MinuteWindow input_{};
    MinuteWindow output_{};
    Purse purse_;
    std::optional<Share> share_{};
};

}  // namespace baton::llm
