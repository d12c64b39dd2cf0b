// The money of one owner of limits: what this daemon has spent of a UTC day, and what it has
// claimed of the day's limit for itself. Pure; docs/adr/0024 has the rules.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "llm/now.h"

namespace baton::llm {

/// What a daemon wants to have written down of its part in a UTC day.
struct PurseClaim {
    TimePoint day{};    ///< its begin
    double limit = 0;   ///< of all daemons together; 0: there is none
    double spent = 0;   ///< by this daemon, for certain
    double claim = 0;   ///< so much it wants to spend in all
    double useful = 0;  ///< less than this is of no use to it
    double least = 0;   ///< in use or in force already: it has that in any case
    bool operator==(const PurseClaim&) const = default;
};

/// What became of a claim, and what others have of that day.
struct PurseGrant {
    double claim = 0;  ///< so much may be spent in all; `PurseClaim::least` when nothing is left
    double elsewhere_spent = 0;
    double elsewhere_claimed = 0;
    bool operator==(const PurseGrant&) const = default;
};

/// As much of a claim as the limit has left behind those of others; of what is no use, nothing.
[[nodiscard]] double grant_of(const PurseClaim& wanted, double elsewhere_claimed) noexcept;

/// A request counts for the day in which it began. Not thread-safe.
class Purse final {
public:
    /// 0: no limit, it is only counted.
    explicit Purse(double limit = 0) noexcept : limit_(limit) {}

    /// From now on nothing may be spent but what was granted.
    void claim_first() noexcept { is_bound_ = limit_ > 0; }

    /// When a request that may cost so much fits if nothing else is spent; `now` when at once, when
    /// it may have to wait for a claim. `ending`: when a request under way may end.
    [[nodiscard]] SteadyTime admits_at(double cost, const Now& now, SteadyTime ending) noexcept;
    /// Whether it is claimed already; always, when nothing needs to be.
    [[nodiscard]] bool has_claim(double cost) const noexcept {
        return !is_bound_ || in_use() + bounded(cost) <= claim_ + tolerance();
    }
    /// A request that may cost so much waits for a claim.
    void want(double cost, SteadyTime now) noexcept;

    void reserve(double estimate, const Now& now) noexcept;
    void settle(double estimate, double fact, SteadyTime began, const Now& now) noexcept;

    /// By this daemon and, as far as it has heard, by others.
    [[nodiscard]] double spent(TimePoint wall) const noexcept;
    /// Of claims that are used up soon it is time to write.
    [[nodiscard]] bool runs_short() const noexcept {
        return is_bound_ && claim_ - in_use() < ahead_ / 2;
    }

    // ---- What is written ----

    /// What others have of the day, before the first claim.
    void restore(TimePoint day, double elsewhere_spent, double elsewhere_claimed) noexcept;
    /// None when nothing is to be written now. From here on no more may be spent than it claims.
    /// Nothing further is planned before `granted` or `failed`.
    [[nodiscard]] std::optional<PurseClaim> plan(const Now& now) noexcept;
    /// The last one: everything that is not in use is given back.
    [[nodiscard]] std::optional<PurseClaim> leave(const Now& now) noexcept;
    void granted(TimePoint day, const PurseGrant& grant, SteadyTime now) noexcept;
    /// Whether the planned claim was written is not known.
    void failed() noexcept;
    /// Nothing will be to be written until something is spent or wanted.
    [[nodiscard]] bool is_quiet() const noexcept;

private:
    [[nodiscard]] double in_use() const noexcept { return spent_ + held_; }
    /// What is larger than the limit needs all of it.
    [[nodiscard]] double bounded(double cost) const noexcept {
        return cost < limit_ ? cost : limit_;
    }
    /// Sums of fractions differ in their last digits.
    [[nodiscard]] double tolerance() const noexcept { return limit_ * 1e-9; }
    void turn(const Now& now) noexcept;
    void look_at_pace(SteadyTime now) noexcept;
    [[nodiscard]] double wanted(SteadyTime now) noexcept;
    [[nodiscard]] PurseClaim ask(double claim, SteadyTime now) noexcept;

    double limit_;
    bool is_bound_ = false;
    std::chrono::sys_days day_{};
    SteadyTime day_began_{};
    double spent_ = 0;
    double held_ = 0;            ///< estimates of what is under way
    std::uint32_t holding_ = 0;  ///< of so many requests
    double claim_ = 0;           ///< in force
    double elsewhere_spent_ = 0;
    double elsewhere_claimed_ = 0;
    SteadyTime nothing_until_{};  ///< others have what is left; then it is asked for again

    double unit_ = 0;  ///< the dearest of what waits
    SteadyTime waits_until_{};
    SteadyTime busy_until_{};
    double reserved_ = 0;  ///< since `paced_at_`
    double pace_ = 0;      ///< of a second before it
    SteadyTime paced_at_{};
    double ahead_ = 0;  ///< so much is claimed beyond what is in use

    std::optional<PurseClaim> asked_{};  ///< under way to the database
    double written_spent_ = 0;
    double written_claim_ = 0;
    bool is_known_ = true;  ///< what the database has
    SteadyTime written_at_{};
};

}  // namespace baton::llm
