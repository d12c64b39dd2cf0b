#include "service/queue_history.h"

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/event.h"
#include "service/checks.h"

namespace baton::service {
namespace {

constexpr Duration minute{60'000};
constexpr Duration hour{60 * 60'000};
constexpr Duration range_max{7 * 24 * 60 * 60'000};

std::uint64_t growth(std::uint64_t before, std::uint64_t after) noexcept {
    return after > before ? after - before : 0;  // totals begin anew when a leader does
}

QueueSample sample_of(const QueueStats& stats, TimePoint at) {
    return {.at = at,
        .posted = stats.posted_total,
        .acked = stats.acked_total,
        .expired = stats.expired_total,
        .dead = stats.dead,
        .ready = stats.ready,
        .leased = stats.leased};
}

void push(std::deque<QueueSample>& ring, const QueueSample& sample, std::size_t most) {
    ring.push_back(sample);
    if (ring.size() > most) ring.pop_front();
}

}  // namespace

QueueWindow window_of(const std::vector<QueueSample>& samples) {
    const QueueSample& first = samples.front();
    const QueueSample& last = samples.back();
    QueueWindow window{.from = first.at, .to = last.at};
    double waiting = 0;
    double running = 0;
    for (std::size_t i = 1; i < samples.size(); ++i) {
        const QueueSample& before = samples[i - 1];
        const QueueSample& after = samples[i];
        window.posted += growth(before.posted, after.posted);
        window.processed += growth(before.acked, after.acked);
        window.failed += growth(before.expired, after.expired) + growth(before.dead, after.dead);
        const auto span = static_cast<double>((after.at - before.at).count());
        waiting += span * static_cast<double>(before.ready + after.ready) / 2;
        running += span * static_cast<double>(before.leased + after.leased) / 2;
    }
    const auto span = static_cast<double>((window.to - window.from).count());
    const auto ended = static_cast<double>(window.processed + window.failed);
    if (span > 0) {
        window.per_minute =
            static_cast<double>(window.processed) * static_cast<double>(minute.count()) / span;
    }
    if (ended > 0) {
        window.error_rate = static_cast<double>(window.failed) / ended;
        window.wait_ms = waiting / ended;
        window.processing_ms = running / ended;
    }
    return window;
}

void QueueHistory::keep(const QueueName& name, const QueueSample& sample) {
    const std::scoped_lock lock(mutex_);
    if (!rings_.contains(name) && rings_.size() >= HistoryLimits::queues_max) return;
    Rings& rings = rings_[name];
    push(rings.minutes, sample, HistoryLimits::minutes_max);
    if (rings.hours.empty() || sample.at - rings.hours.back().at >= hour) {
        push(rings.hours, sample, HistoryLimits::hours_max);
    }
}

std::vector<QueueSample> QueueHistory::samples_of(const QueueName& name, TimePoint from) {
    const std::scoped_lock lock(mutex_);
    const auto found = rings_.find(name);
    if (found == rings_.end()) return {};
    const auto& minutes = found->second.minutes;
    const bool are_enough = !minutes.empty() && minutes.front().at <= from;
    const auto& ring = are_enough ? minutes : found->second.hours;
    std::vector<QueueSample> samples;
    for (const auto& sample : ring) {
        if (sample.at >= from) samples.push_back(sample);
    }
    if (are_enough) return samples;
    // Hours as far as they go, minutes behind them.
    for (const auto& sample : minutes) {
        if (sample.at >= from && (samples.empty() || sample.at > samples.back().at)) {
            samples.push_back(sample);
        }
    }
    return samples;
}

Task<Result<void>> QueueHistory::sample() {
    BATON_CO_TRY(const auto infos, co_await queues_.list_queues());
    std::set<QueueName> names;
    for (const auto& info : infos) {
        names.insert(info.name);
        const auto stats = co_await queues_.stats(info.name);
        if (stats) keep(info.name, sample_of(*stats, clock_.now()));
    }
    const std::scoped_lock lock(mutex_);
    std::erase_if(rings_, [&](const auto& each) { return !names.contains(each.first); });
    co_return Result<void>();
}

Task<Result<QueueStatus>> QueueHistory::status_of(QueueInfo info, Duration range) {
    QueueStatus status;
    BATON_CO_TRY(status.stats, co_await queues_.stats(info.name));
    queue::PeekRequest request;
    request.queue = info.name;
    request.state = MessageState::ready;
    request.limit = 1;
    BATON_CO_TRY(const auto oldest, co_await queues_.peek(std::move(request)));
    const TimePoint now = clock_.now();
    if (!oldest.messages.empty()) {
        status.oldest_wait = std::max(now - oldest.messages.front().due_at, Duration(0));
    }
    auto samples = samples_of(info.name, now - range);
    samples.push_back(sample_of(status.stats, now));
    status.window = window_of(samples);
    status.config = std::move(info.config);
    co_return status;
}

Task<Result<std::vector<QueueStatus>>> QueueHistory::status(
    const access::Identity& who, std::optional<QueueName> queue, Duration range) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(in_range("time_range", range, minute, range_max));
    std::vector<QueueInfo> infos;
    if (queue) {
        BATON_CO_TRY(auto info, co_await queues_.get_queue(*queue));
        infos.push_back(std::move(info));
    } else {
        BATON_CO_TRY(infos, co_await queues_.list_queues());
    }
    std::vector<QueueStatus> all;
    for (auto& info : infos) {
        auto status = co_await status_of(std::move(info), range);
        if (status) {
            all.push_back(*std::move(status));
        } else if (queue || status.error().code != Errc::queue_not_found) {
            co_return fail(std::move(status).error());
        }
    }
    co_return all;
}

Task<void> sample_for_ever(QueueHistory& history, Duration interval, Log log) {
    while (true) {
        const auto sampled = co_await history.sample();
        if (!sampled) {
            log.debug("queues were not sampled", {{"error", to_string(sampled.error())}});
        }
        const Deadline next = Deadline::after(interval);
        co_await sleep_until(next);
    }
}

}  // namespace baton::service
