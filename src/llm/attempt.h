// One request to one endpoint, and the desk where all of them are booked.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "llm/pool_metrics.h"
#include "llm/pool_state.h"
#include "llm/signal.h"

namespace baton::llm {

/// Why somebody is asked, while it goes from endpoint to endpoint.
struct Trip {
    std::string model{};
    std::string tenant{};
    std::uint64_t session_hash = 0;
    std::uint64_t input_tokens = 0;
    std::optional<std::uint64_t> output_tokens{};
    std::uint64_t tried = 0;
};

/// The pool's state behind a lock, with what is to be counted and woken when it changes. Each call
/// holds the lock for about a microsecond. Safe to use from any thread.
class Desk final {
public:
    /// `clock` and `metrics` must outlive it; upkeep runs on `executor`.
    Desk(const Executor& executor, const PoolConfig& config, std::vector<EndpointConfig> endpoints,
        const Clock& clock, MetricRegistry& metrics);

    /// Runs `body(PoolState&, const Now&)` under the lock.
    template <class Body>
    auto with(Body body) {
        const std::scoped_lock lock(mutex_);
        return body(state_, now());
    }

    /// Picks an endpoint, reserves, and marks it as tried.
    [[nodiscard]] std::expected<Grant, Refusal> take(Trip& trip);
    void speaks(Grant& grant);
    void report(const Grant& grant, const RateReport& report);
    /// Returns what the request cost.
    double settle(const Grant& grant, const End& end, Outcome outcome);
    void probed(std::size_t endpoint, bool answered, Duration next, std::string_view why);

    /// Called when a request waits for a share. Set it before the first `take`.
    void on_want(std::function<void()> wake) { wake_ = std::move(wake); }

    [[nodiscard]] Now now() const { return {clock_.steady_now(), clock_.now()}; }
    [[nodiscard]] PoolMetrics& metrics() noexcept { return metrics_; }
    [[nodiscard]] Signal& health_changed() noexcept { return health_changed_; }
    [[nodiscard]] Signal& cooldowns_changed() noexcept { return cooldowns_changed_; }
    /// Money was spent, or is wanted.
    [[nodiscard]] Signal& spending_changed() noexcept { return spending_changed_; }

private:
    void show(std::size_t endpoint, const Now& now);

    const Clock& clock_;
    std::mutex mutex_;  ///< guards the next two
    PoolState state_;
    std::minstd_rand random_;
    PoolMetrics metrics_;
    Signal health_changed_;
    Signal cooldowns_changed_;
    Signal spending_changed_;
    std::function<void()> wake_{};
};

/// A grant that is settled for certain: as called off, unless it ends otherwise. Lives in the frame
/// of the coroutine that asks.
class Attempt final {
public:
    Attempt(Desk& desk, Grant grant) : desk_(desk), grant_(std::move(grant)) {}
    ~Attempt() { call_off(); }
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

    [[nodiscard]] const Grant& grant() const noexcept { return grant_; }
    [[nodiscard]] bool has_spoken() const noexcept { return grant_.has_spoken; }

    void speaks() {
        if (!grant_.has_spoken) desk_.speaks(grant_);
    }
    void report(const RateReport& report) { desk_.report(grant_, report); }
    /// Returns what it cost.
    double answered(const TokenUsage& usage);
    void failed(const Error& error);
    /// Nobody wants its answer any more; does nothing when it has ended.
    void call_off();

private:
    double settle(const End& end, Outcome outcome);

    Desk& desk_;
    Grant grant_;
    bool is_settled_ = false;
};

/// Whether another endpoint may do better. What is wrong with the request is wrong everywhere; a
/// model that one endpoint lacks may be at another.
[[nodiscard]] bool goes_on_after(const Error& error) noexcept;

}  // namespace baton::llm
