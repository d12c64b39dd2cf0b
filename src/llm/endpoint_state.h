// All that the pool knows of one endpoint: health, cooldown, load, and what it has done. Pure.
#pragma once

#include <cstdint>
#include <iterator>
#include <list>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "llm/balance.h"
#include "llm/breaker.h"
#include "llm/latency.h"
#include "llm/limits.h"
#include "llm/pool.h"
#include "llm/pool_config.h"

namespace baton::llm {

/// How a request ended, as far as the endpoint goes.
enum class Ending : std::uint8_t {
    answered,
    failed,        ///< by the endpoint's own fault
    rate_limited,  ///< it said so
    no_verdict,    ///< called off, or refused for what was asked
};

struct End {
    Ending how = Ending::no_verdict;
    Duration retry_after{0};  ///< of rate_limited; 0: it did not say
    std::string why{};
    TokenUsage usage{};  ///< of answered
};

/// No cooldown is longer; after it the endpoint is asked again.
inline constexpr Duration cooldown_max = std::chrono::hours(1);

/// Not thread-safe.
class EndpointState final {
public:
    /// A request that has heard nothing yet.
    struct Waiter {
        SteadyTime began{};
        bool is_stuck = false;  ///< far too late, while one that began later came in time
    };
    using Waiting = std::list<Waiter>;

    EndpointState(EndpointConfig given, const PoolConfig& pool);
    EndpointState(const EndpointState&) = delete;
    EndpointState& operator=(const EndpointState&) = delete;

    /// When it may take `need`; `now` when at once, `SteadyTime::max()` while its weight is 0.
    [[nodiscard]] SteadyTime admits_at(const Need& need, const Now& now) noexcept;
    /// Why it does not take requests now, for a person.
    [[nodiscard]] std::string why_not(const Now& now) const;
    [[nodiscard]] Candidate candidate(std::size_t place, SteadyTime now) noexcept;

    /// A request goes to it; returns whether as a trial of its breaker.
    [[nodiscard]] bool begin(const Need& estimate, const Now& now);
    /// Its answer begins. `place` as `begin` left it in `newest()`.
    void speaks(Waiting::iterator place, SteadyTime began, SteadyTime now);
    [[nodiscard]] Waiting::iterator newest() noexcept { return std::prev(waiting_.end()); }
    /// … and ends: `latency` from its begin. Call `speaks` or `silent` before.
    void silent(Waiting::iterator place) { waits_no_more(place); }
    void end(const End& end, bool on_trial, Duration latency, const Now& now);
    void report(const RateReport& report, const Now& now);

    void probed(bool answered, SteadyTime now, SteadyTime next, std::string_view why);

    /// Until `until` it takes nothing; an earlier end of an older cooldown does not count.
    void cool(SteadyTime until, std::string why, const Now& now);
    [[nodiscard]] EndpointStatus status(const Now& now);
    [[nodiscard]] Duration usual_first_token(double share, SteadyTime now) const noexcept;

    EndpointConfig config;
    LimitBook book;
    Breaker breaker;
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    TokenUsage tokens{};
    double cost = 0;
    TimePoint cools_until{};  ///< for records and people
    std::string reason{};     ///< of the cooldown, or of the last failure

private:
    [[nodiscard]] double expected_delay_ms(SteadyTime now) const noexcept;
    [[nodiscard]] bool is_slow(double delay_ms) const noexcept;
    void learn_delay(Duration delay, SteadyTime began, SteadyTime now);
    void waits_no_more(Waiting::iterator place);
    void leave_behind_stuck(SteadyTime now) noexcept;

    double slow_factor_;
    std::uint64_t name_hash_;
    SteadyTime cooling_until_{};
    bool cools_by_report_ = false;  ///< not by a word of the endpoint about this request
    std::uint32_t rate_limited_in_row_ = 0;
    PeakAverage delay_{};        ///< until the first piece
    Percentiles usual_delay_{};  ///< of answers that were not slow
    double usual_delay_ms_ = 0;  ///< its median, looked up now and then; 0: too little is known
    SteadyTime usual_looked_at_{};
    SteadyTime timely_since_{};  ///< begin of the latest request that was answered in time
    Percentiles latency_{};
    Percentiles first_token_{};
    Waiting waiting_{};                           ///< oldest first; the stuck ones come first
    Waiting::iterator telling_ = waiting_.end();  ///< the first that is not stuck
    std::uint32_t stuck_ = 0;
    SteadyTime picked_at_{};
};

}  // namespace baton::llm
