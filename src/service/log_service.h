// Queues in log mode, as every protocol reaches them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "access/access.h"
#include "queue/queues.h"

namespace baton::service {

struct LogLimits {
    static constexpr std::uint32_t fetch_max = 1'000;
    static constexpr Duration wait_max{60'000};
};

struct FetchOptions {
    std::optional<std::uint64_t> after{};  ///< absent: the committed seq
    std::uint32_t max = 100;               ///< 1..fetch_max
    Duration wait{0};                      ///< 0 .. wait_max
};

/// One subscription of one queue.
struct SubscriptionPath {
    QueueName queue;
    SubscriptionName name;
};

/// Checks permission and limits, then calls the queues; see QueueService for what holds for every
/// method, and queue/log.h for what each does. Safe to use from any thread.
class LogService final {
public:
    /// `queues` must outlive the service.
    explicit LogService(queue::Log& queues) noexcept : queues_(queues) {}

    /// These two return the seq that counts as committed.
    [[nodiscard]] Task<Result<std::uint64_t>> subscribe(
        const access::Identity& who, SubscriptionPath path, LogStart start);
    [[nodiscard]] Task<Result<std::uint64_t>> seek(
        const access::Identity& who, SubscriptionPath path, LogStart start);
    [[nodiscard]] Task<Result<void>> unsubscribe(
        const access::Identity& who, SubscriptionPath path);
    [[nodiscard]] Task<Result<std::vector<Subscription>>> subscriptions(
        const access::Identity& who, QueueName queue);
    [[nodiscard]] Task<Result<std::vector<MessageView>>> fetch(
        const access::Identity& who, SubscriptionPath path, FetchOptions options);
    [[nodiscard]] Task<Result<void>> commit(
        const access::Identity& who, SubscriptionPath path, std::uint64_t seq);
    /// Returns how many messages went.
    [[nodiscard]] Task<Result<std::uint64_t>> truncate_before(
        const access::Identity& who, QueueName queue, std::uint64_t seq);

private:
    queue::Log& queues_;
};

}  // namespace baton::service
