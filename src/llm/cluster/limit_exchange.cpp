#include "llm/cluster/limit_exchange.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <prometheus/counter.h>

#include "llm/cluster/share_codec.h"

namespace baton::llm {
namespace {

/// As long as anything that was told may matter: what was taken leaves its minute.
constexpr Duration remembered{66'000};
/// A telling that is not known to be stored after so long is overtaken by the next one.
constexpr Duration patience{1'000};
constexpr std::int64_t log_bytes_max = 64 * 1024 * 1024;

class Exchange final : public LimitExchange {
public:
    Exchange(LimitExchangeConfig config, std::unique_ptr<nats::KeyValue> tellings,
        SharedLimits& limits, const Clock& clock, MetricRegistry& metrics, Log log)
        : config_(std::move(config)),
          limits_(limits),
          clock_(clock),
          log_(std::move(log)),
          stored_(counter(metrics, "stored")),
          lost_(counter(metrics, "lost")),
          node_(config_.id, config_.timing),
          tellings_(std::move(tellings)),
          watch_(tellings_->watch([this](const nats::KeyEntry* entry) { see(entry); })),
          thread_([this] { run(); }) {
        limits_.on_want([this] { wake(); });
    }
    ~Exchange() override {
        {
            const std::scoped_lock lock(mutex_);
            is_ending_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

private:
    static prometheus::Counter& counter(MetricRegistry& metrics, std::string outcome) {
        return metrics.counter("baton_llm_limit_tellings_total",
            "What was told to other daemons about limits of LLM endpoints, models and tenants",
            {{"outcome", std::move(outcome)}});
    }

    void wake() {
        {
            const std::scoped_lock lock(mutex_);
            is_woken_ = true;
        }
        changed_.notify_all();
    }

    /// On the thread of the watch.
    void see(const nats::KeyEntry* entry) {
        {
            const std::scoped_lock lock(mutex_);
            if (entry == nullptr) is_complete_ = true;
            if (entry != nullptr) hear(*entry);
            is_woken_ = true;
        }
        changed_.notify_all();
    }

    void hear(const nats::KeyEntry& entry) {
        auto shares = decode_shares(entry.value);
        if (!shares) {
            return log_.debug("a telling about limits was passed over",
                {{"daemon", entry.key}, {"error", to_string(shares.error())}});
        }
        const auto now = clock_.steady_now();
        if (entry.key != config_.id) return node_.heard(entry.key, *std::move(shares), now);
        const auto allowed = node_.told(shares->number, now);
        if (allowed) limits_.allow(allowed->bounds, allowed->until);
    }

    void run() {
        std::unique_lock lock(mutex_);
        while (!is_ending_) {
            changed_.wait_for(
                lock, config_.timing.tell_interval, [&] { return is_woken_ || is_ending_; });
            // Until the next telling may be: what wakes in between is seen to then.
            const auto left = node_.next_telling() - clock_.steady_now();
            if (left > left.zero() && left <= config_.timing.tell_interval) {
                changed_.wait_for(lock, left, [&] { return is_ending_; });
            }
            is_woken_ = false;
            if (!is_complete_ || is_ending_) continue;  // others are not known yet
            const auto now = clock_.steady_now();
            const auto plan = node_.plan(limits_.uses(), now);
            limits_.lower(plan.bounds);
            if (plan.is_to_be_told) tell(now, lock);
        }
        const auto bounds = node_.leave(limits_.uses());
        limits_.lower(bounds);
        if (!bounds.empty()) tell(clock_.steady_now(), lock);
    }

    void tell(SteadyTime now, std::unique_lock<std::mutex>& lock) {
        const auto text = encode_shares(node_.tell(limits_.uses(), now));
        lock.unlock();
        const auto written = tellings_->put(config_.id, text);
        lock.lock();
        (written ? stored_ : lost_).Increment();
        if (written.has_value() == was_stored_) return;
        was_stored_ = written.has_value();
        if (was_stored_) return log_.info("limits are shared with the other daemons again");
        log_.warn("NATS takes no word about limits: what has one waits",
            {{"error", to_string(written.error())}});
    }

    const LimitExchangeConfig config_;
    SharedLimits& limits_;
    const Clock& clock_;
    const Log log_;
    prometheus::Counter& stored_;
    prometheus::Counter& lost_;

    std::mutex mutex_;  ///< guards the next ones
    std::condition_variable changed_;
    ShareNode node_;
    bool is_complete_ = false;
    bool is_woken_ = false;
    bool is_ending_ = false;
    bool was_stored_ = true;

    std::unique_ptr<nats::KeyValue> tellings_;
    std::unique_ptr<nats::KeyWatch> watch_;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<LimitExchange> make_limit_exchange(LimitExchangeConfig config,
    std::unique_ptr<nats::KeyValue> tellings, SharedLimits& limits, const Clock& clock,
    MetricRegistry& metrics, Log log) {
    return std::make_unique<Exchange>(
        std::move(config), std::move(tellings), limits, clock, metrics, std::move(log));
}

Result<std::unique_ptr<LimitExchange>> make_limit_exchange(LimitExchangeConfig config,
    std::shared_ptr<nats::Connection> connection, SharedLimits& limits, const Clock& clock,
    MetricRegistry& metrics, Log log) {
    const nats::BucketConfig bucket{.name = config.cluster + "-limits",
        .subjects = config.cluster + ".limits",
        .description = "What daemons use of limits they share; written by Baton's daemons only",
        .replicas = config.replicas,
        .max_bytes = log_bytes_max,
        .ttl = remembered,
        .history_ttls = 1,
        .patience = patience};
    BATON_TRY(auto tellings, nats::open_bucket(std::move(connection), bucket, patience));
    return make_limit_exchange(
        std::move(config), std::move(tellings), limits, clock, metrics, std::move(log));
}

}  // namespace baton::llm
