// How queues are and were: their state now, and totals over time. Samples are kept in memory, one a
// minute (unless configured otherwise) for a day and one an hour for a week; a restart begins anew,
// as the totals themselves do.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/result.h"
#include "model/queue_config.h"
#include "queue/queues.h"
#include "runtime/task.h"

namespace baton::service {

struct HistoryLimits {
    static constexpr std::size_t queues_max = 64;  ///< further ones show since the daemon's start
    static constexpr std::size_t minutes_max = 24 * 60;
    static constexpr std::size_t hours_max = 7 * 24;
};

/// A queue at one moment.
struct QueueSample {
    TimePoint at{};
    std::uint64_t posted = 0;  ///< since the daemon's start, as the other totals
    std::uint64_t acked = 0;
    std::uint64_t expired = 0;
    std::uint64_t dead = 0;  ///< dead letters there are
    std::uint64_t ready = 0;
    std::uint64_t leased = 0;
};

/// What happened between two moments.
struct QueueWindow {
    TimePoint from{};
    TimePoint to{};
    std::uint64_t posted = 0;
    std::uint64_t processed = 0;  ///< acked
    std::uint64_t failed = 0;     ///< expired, and dead letters more than there were
    double per_minute = 0;        ///< processed
    double error_rate = 0;        ///< failed of all that ended, 0..1
    /// By Little's law: so many waited, or ran, at a time, and so many a second ended.
    /// Milliseconds; 0 when none ended.
    double wait_ms = 0;
    double processing_ms = 0;
};

/// Pure: what the samples (by time, at least one) say.
[[nodiscard]] QueueWindow window_of(const std::vector<QueueSample>& samples);

struct QueueStatus {
    QueueStats stats{};
    QueueConfig config{};
    Duration oldest_wait{0};  ///< of the message that is ready for the longest; 0: none is
    QueueWindow window{};
};

/// Safe to use from any thread. `who` and the history must outlive the task.
class QueueHistory final {
public:
    /// Both must outlive it.
    QueueHistory(queue::Queues& queues, const Clock& clock) : queues_(queues), clock_(clock) {}

    /// Takes a sample of every queue. Fails: what the queues fail with.
    [[nodiscard]] Task<Result<void>> sample();

    /// One queue, or all by name, with what happened in the last `range` (1 minute .. 7 days, as
    /// far as samples go back). Fails: queue_not_found, invalid_argument (time_range).
    [[nodiscard]] Task<Result<std::vector<QueueStatus>>> status(
        const access::Identity& who, std::optional<QueueName> queue, Duration range);

private:
    struct Rings {
        std::deque<QueueSample> minutes{};
        std::deque<QueueSample> hours{};
    };
    void keep(const QueueName& name, const QueueSample& sample);
    [[nodiscard]] std::vector<QueueSample> samples_of(const QueueName& name, TimePoint from);
    [[nodiscard]] Task<Result<QueueStatus>> status_of(QueueInfo info, Duration range);

    queue::Queues& queues_;
    const Clock& clock_;
    std::mutex mutex_;
    std::map<QueueName, Rings> rings_;
};

/// Samples at once and after every `interval` until it is cancelled. For a TaskGroup.
[[nodiscard]] Task<void> sample_for_ever(QueueHistory& history, Duration interval, Log log);

}  // namespace baton::service
