#include <algorithm>
#include <cmath>

#include "dispatch/dispatcher.h"

namespace baton::dispatch {
namespace {

/// Whether the fault lies with something that every message would meet: the message waits it out.
bool is_environment(Errc code) noexcept {
    switch (code) {
        case Errc::provider_rate_limited:
        case Errc::storage_full:
        case Errc::quota_exceeded:
        case Errc::storage_io:
        case Errc::storage_corrupt:
        case Errc::unavailable:
        case Errc::database_unavailable:
        case Errc::queue_unavailable:
        case Errc::overloaded:
        case Errc::shutting_down:
        case Errc::cancelled: return true;
        default: return false;
    }
}

Duration retry_delay(
    const Error& error, std::uint32_t retry, const Backoff& backoff, double random) noexcept {
    const Duration own = backoff_delay(backoff, retry, random);
    const auto asked = std::min<Duration>(error.retry_after, retry_after_max);
    if (asked <= Duration(0)) return own;
    const double spread = 1 + backoff.jitter * random;
    return std::max(own, Duration(std::llround(static_cast<double>(asked.count()) * spread)));
}

}  // namespace

queue::Blame blame_of(const Verdict& verdict) noexcept {
    switch (verdict.action) {
        case Verdict::Action::retry_without_blame: return queue::Blame::none;
        case Verdict::Action::bury: return queue::Blame::fatal;
        case Verdict::Action::retry: break;
    }
    return queue::Blame::failure;
}

Verdict judge(
    const Error& error, RunCount count, const DispatchConfig& config, double random) noexcept {
    if (error.code == Errc::run_waiting) {
        return {.action = Verdict::Action::retry_without_blame,
            .delay = std::min<Duration>(error.retry_after, retry_after_max)};
    }
    if (is_environment(error.code)) {
        return {.action = Verdict::Action::retry_without_blame,
            .delay = retry_delay(error, count.attempts, config.retry, random)};
    }
    if (!is_retryable(error.code) || count.failures > config.max_retries) {
        return {.action = Verdict::Action::bury};
    }
    return {.action = Verdict::Action::retry,
        .delay = retry_delay(error, count.failures, config.retry, random)};
}

}  // namespace baton::dispatch
