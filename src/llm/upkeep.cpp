#include "llm/upkeep.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "llm/provider_error.h"

namespace baton::llm {
namespace {

/// An endpoint that does not say which models it has for so long does not work.
constexpr Duration probe_patience{2'000};
/// Cooldowns are written at most this often.
constexpr Duration write_interval{250};
constexpr Duration write_again{5'000};
/// Purses are looked at as often as this at most, and at least while there is something in them.
constexpr Duration purse_pause{10};
constexpr Duration purse_interval{1'000};
constexpr double jitter = 0.2;

std::chrono::milliseconds until(SteadyTime due) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(due - std::chrono::steady_clock::now());
    return std::max(left, std::chrono::milliseconds(1));
}

}  // namespace

Upkeep::Upkeep(const Executor& executor, const PoolConfig& config, Desk& desk,
    std::vector<Provider*> providers, PoolRecords* records, Log log)
    : config_(config),
      desk_(desk),
      providers_(std::move(providers)),
      records_(records),
      log_(std::move(log)),
      checks_(providers_.size()),
      random_(std::random_device{}()),
      tasks_(executor) {}

void Upkeep::start() {
    const auto now = std::chrono::steady_clock::now();
    for (auto& check : checks_) check.due = now + jittered(config_.health_check_interval);
    tasks_.spawn([this] { return watch(); });
    if (records_ == nullptr) return;
    tasks_.spawn([this] { return keep_cooldowns(); });
    tasks_.spawn([this] { return keep_spending(); });
}

Task<void> Upkeep::stop() {
    const auto cancelled = co_await tasks_.drain(Deadline::after(std::chrono::milliseconds(0)));
    static_cast<void>(cancelled);
    if (records_ == nullptr) co_return;
    co_await write_cooldowns();
    co_await give_back();
}

Duration Upkeep::jittered(Duration interval) {
    const double drawn = std::uniform_real_distribution<double>(1 - jitter, 1 + jitter)(random_);
    return Duration(static_cast<std::int64_t>(static_cast<double>(interval.count()) * drawn));
}

bool Upkeep::is_closed(std::size_t endpoint) {
    return desk_.with([endpoint](PoolState& state, const Now& at) {
        return state.endpoint(endpoint).breaker.state(at.steady) == BreakerState::closed;
    });
}

/// Starts what is due; returns when the next one is.
Deadline Upkeep::start_due() {
    const auto now = std::chrono::steady_clock::now();
    auto next = now + std::chrono::hours(1);
    for (std::size_t i = 0; i < checks_.size(); ++i) {
        Check& check = checks_[i];
        if (check.under_way || check.says_nothing) continue;
        const bool works = is_closed(i);
        if (works && config_.health_check_interval == Duration(0)) continue;
        // One that has just failed is not left alone until its regular turn.
        if (!works || check.failed) check.due = std::min(check.due, now + config_.probe_interval);
        if (check.due <= now) {
            check.under_way = true;
            tasks_.spawn([this, i] { return probe(i); });
            continue;
        }
        next = std::min(next, check.due);
    }
    return Deadline::after(until(next));
}

Task<void> Upkeep::watch() {
    while (true) {
        const Deadline next = start_due();
        co_await desk_.health_changed().wait(next);
    }
}

Task<void> Upkeep::probe(std::size_t endpoint) {
    const auto found = co_await providers_[endpoint]->models(Deadline::after(probe_patience));
    Check& check = checks_[endpoint];
    check.under_way = false;
    const Errc code = found ? Errc::internal : found.error().code;
    check.says_nothing = code == Errc::unsupported;
    // A refusal is an answer too: something is there, whatever it thinks of the question. Keys that
    // may chat may not always list models, so one that is refused here is tried by a chat.
    const bool refuses_us = !found && refuses_access(found.error());
    const bool works = found.has_value() || refuses_us || code == Errc::provider_rejected ||
                       code == Errc::provider_rate_limited;
    // Many who answer chats have no list of models, and something else in its place: that says
    // nothing of chats.
    const bool is_unreadable = code == Errc::provider_protocol;
    const bool fails = !works && !is_unreadable;
    const bool is_regular = !fails && config_.health_check_interval > Duration(0);
    const Duration next =
        jittered(is_regular ? config_.health_check_interval : config_.probe_interval);
    check.due = std::chrono::steady_clock::now() + next;
    if (!check.says_nothing && !is_unreadable) {
        if (works == check.failed) {
            log_.info("LLM endpoint was asked whether it works",
                {{"endpoint", static_cast<std::int64_t>(endpoint)}, {"works", works}});
        }
        // A refused key does not undo what refused chats have told.
        if (!refuses_us || !is_closed(endpoint)) {
            desk_.probed(endpoint, works, next, works ? std::string() : found.error().detail);
        }
    }
    check.failed = fails;
    desk_.health_changed().raise();
}

Task<void> Upkeep::keep_cooldowns() {
    while (true) {
        co_await desk_.cooldowns_changed().wait(Deadline::never());
        co_await write_cooldowns();
        co_await sleep_until(Deadline::after(cooldowns_failed_ ? write_again : write_interval));
        if (cooldowns_failed_) desk_.cooldowns_changed().raise();
    }
}

Task<void> Upkeep::write_cooldowns() {
    auto all = desk_.with([](PoolState& state, const Now& now) { return state.cooldowns(now); });
    std::vector<CooldownRecord> changed;
    for (const auto& record : all) {
        if (std::ranges::find(written_, record) == written_.end()) changed.push_back(record);
    }
    if (changed.empty()) co_return;
    const auto saved = co_await records_->save(std::move(changed));
    if (saved) {
        written_ = std::move(all);
        const auto cooling = std::ranges::count_if(
            written_, [](const CooldownRecord& record) { return record.until != TimePoint{}; });
        log_.debug("cooldowns are written", {{"cooling", cooling}});
    } else if (!cooldowns_failed_) {
        log_.warn("cooldowns could not be written; it will be tried again",
            {{"error", to_string(saved.error())}});
    }
    cooldowns_failed_ = !saved;
}

Task<void> Upkeep::keep_spending() {
    while (true) {
        auto plan =
            desk_.with([](PoolState& state, const Now& now) { return state.purses().plan(now); });
        const bool is_quiet = plan.is_quiet;
        const bool is_written = co_await write_claims(std::move(plan));
        co_await sleep_until(Deadline::after(is_written ? purse_pause : purse_interval));
        co_await desk_.spending_changed().wait(
            is_quiet && is_written ? Deadline::never() : Deadline::after(purse_interval));
    }
}

Task<bool> Upkeep::write_claims(Purses::Plan plan) {
    if (plan.claims.empty()) co_return true;
    const auto granted = co_await records_->claim(std::move(plan.claims));
    desk_.with([&](PoolState& state, const Now& now) {
        if (granted) return state.purses().granted(*granted, now.steady);
        state.purses().failed();
    });
    if (!granted && !claims_failed_) {
        log_.warn("money could not be claimed: what has a limit of it waits",
            {{"error", to_string(granted.error())}});
    }
    if (granted && claims_failed_) log_.info("money is claimed again");
    claims_failed_ = !granted;
    co_return granted.has_value();
}

/// What is claimed and not spent.
Task<void> Upkeep::give_back() {
    while (true) {
        auto plan =
            desk_.with([](PoolState& state, const Now& now) { return state.purses().leave(now); });
        if (plan.claims.empty()) co_return;
        const bool is_written = co_await write_claims(std::move(plan));
        if (!is_written) co_return;
    }
}

}  // namespace baton::llm
