// Keeping queues going, as every protocol reaches it: pauses, redrives, reasons, quotas.
#pragma once

#include <cstdint>
#include <string>

#include "access/access.h"
#include "queue/queues.h"
#include "service/system_queues.h"

namespace baton::service {

struct OperatorLimits {
    static constexpr Duration delay_max{std::chrono::days(366)};
};

/// One key of one queue.
struct KeyPath {
    QueueName queue;
    KeyKind kind = KeyKind::ordering;
    std::string key;
};

/// Checks permission and limits, then calls the queues; see QueueService for what holds for every
/// method, and the ports in queue/ for what each does. Safe to use from any thread.
class OperatorService final {
public:
    /// `queues` must outlive the service.
    explicit OperatorService(queue::Queues& queues) noexcept : queues_(queues), system_(queues) {}

    [[nodiscard]] Task<Result<void>> pause_key(
        const access::Identity& who, KeyPath path, bool paused);
    [[nodiscard]] Task<Result<std::uint64_t>> redrive(
        const access::Identity& who, RedriveRequest request);
    [[nodiscard]] Task<Result<Explanation>> explain(const access::Identity& who, MessageId message);
    [[nodiscard]] Task<Result<void>> reschedule(
        const access::Identity& who, MessageId message, TimePoint due);

    /// For administrators only.
    [[nodiscard]] Task<Result<StorageQuota>> quota(const access::Identity& who, TenantId owner);
    /// Returns the quota as it is then.
    [[nodiscard]] Task<Result<StorageQuota>> set_quota(
        const access::Identity& who, TenantId owner, std::uint64_t bytes);

private:
    queue::Queues& queues_;
    SystemQueues system_;
};

}  // namespace baton::service
