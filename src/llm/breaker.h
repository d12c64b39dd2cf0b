// A breaker: keeps requests away from an endpoint that fails. Pure.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "llm/pool.h"

namespace baton::llm {

struct BreakerConfig {
    std::uint32_t max_failures = 3;  ///< in a row; then it opens. ≥ 1
    Duration open_min{500};          ///< until the first trial
    Duration open_max{30'000};       ///< after trials that failed, each twice the one before
};

/// Opens after `max_failures` failures in a row. While it is open nothing passes; an active probe
/// that is answered, or the time where probes can't tell, makes it half open: then one request at
/// a time passes on trial, and its end closes the breaker or opens it again. Not thread-safe.
class Breaker final {
public:
    explicit Breaker(BreakerConfig config = {}) noexcept : config_(config) {}

    [[nodiscard]] BreakerState state(SteadyTime now) const noexcept;
    /// Whether a request may pass.
    [[nodiscard]] bool admits(SteadyTime now) const noexcept;
    /// When the next one may, as far as is known; not after `now` when at once.
    [[nodiscard]] SteadyTime admits_at(SteadyTime now) const noexcept;

    /// A request passes; returns whether on trial. Only when `admits`.
    [[nodiscard]] bool take(SteadyTime now) noexcept;
    /// Requests end. One that says nothing about the endpoint (cancelled, refused for what it
    /// asks) only gives the trial back.
    void succeeded() noexcept;
    void failed(bool on_trial, SteadyTime now) noexcept;
    void ended(bool on_trial) noexcept;

    /// Active probes; `next` is when the following one is due.
    void probe_succeeded(SteadyTime now) noexcept;
    void probe_failed(SteadyTime now, SteadyTime next) noexcept;

private:
    void open(SteadyTime now) noexcept;

    BreakerConfig config_;
    std::uint32_t failures_ = 0;  ///< in a row
    bool is_closed_ = true;
    bool on_trial_ = false;
    Duration open_for_{0};
    SteadyTime half_open_at_{};
    SteadyTime trial_not_before_{};
};

}  // namespace baton::llm
