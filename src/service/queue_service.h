// The one door to the queues: what every protocol may do, for whom, within which limits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "model/codec.h"
#include "queue/queues.h"
#include "service/queue_uids.h"
#include "service/system_queues.h"

namespace baton::service {

/// What one call may ask for. Doors name these in their errors and documents.
struct QueueLimits {
    static constexpr std::size_t messages_max = post_count_max;  ///< messages of one post
    static constexpr std::size_t receipts_max = 1'000;  ///< receipts of one ack, nack or extend
    static constexpr std::uint32_t pop_max = 1'000;
    static constexpr std::uint32_t peek_max = 1'000;
    static constexpr Duration lease_max{12 * 3'600'000};
    static constexpr Duration wait_max{60'000};  ///< one wait for a message or a reply
    static constexpr Duration delay_max{std::chrono::days(366)};
};

struct PopOptions {
    std::uint32_t max = 1;         ///< 1..pop_max
    Duration lease{30'000};        ///< 1 ms .. lease_max
    Duration wait{0};              ///< 0 .. wait_max
    std::optional<Level> level{};  ///< only messages of this level
};

struct NackOptions {
    Duration delay{0};   ///< 0 .. delay_max
    std::string reason;  ///< UTF-8
};

/// What became of a batch of receipts: each stands for itself.
struct Settlement {
    struct Failure {
        std::string receipt;  ///< as it was given
        Error error;
    };
    std::uint32_t settled = 0;
    std::vector<Failure> failures;  ///< in the order given
};

struct SettledAndPopped {
    Settlement acks;
    std::vector<LeasedMessage> messages;
};

struct PutOutcome {
    QueueInfo info;
    bool created = false;  ///< false: an existing queue got a new configuration
};

struct PeekOptions {
    std::optional<MessageState> state{};  ///< scheduled, ready, leased or dead; absent: all
    std::uint64_t after_seq = 0;
    std::uint32_t limit = 100;  ///< 1..peek_max
};

struct PeekPage {
    std::vector<MessageView> messages;
    std::optional<std::uint64_t> next{};  ///< the `after_seq` of the next page; absent on the last
};

/// Checks permission and limits, then calls the queues. Safe to use from any thread; tasks resume
/// on the caller's executor. `who` and the service must outlive the task. Every method fails with
/// permission_denied (see also SystemQueues), with invalid_argument (naming the field) when a value
/// is outside its limits, and with what the port
/// (`queue/queues.h`) fails with. Cancellation leaves behind what the port says.
class QueueService final {
public:
    /// `queues` must outlive the service.
    explicit QueueService(queue::Queues& queues) noexcept
        : queues_(queues), uids_(queues), system_(queues) {}

    /// `owner` (absent: who it was): for administrators only.
    [[nodiscard]] Task<Result<PutOutcome>> put_queue(const access::Identity& who, QueueName name,
        QueueConfig config, std::optional<TenantId> owner = std::nullopt);
    [[nodiscard]] Task<Result<QueueInfo>> get_queue(const access::Identity& who, QueueName name);
    [[nodiscard]] Task<Result<std::vector<QueueInfo>>> list_queues(const access::Identity& who);
    /// Fails also: conflict for the queue of messages to agents, without which none could be taken.
    [[nodiscard]] Task<Result<void>> delete_queue(const access::Identity& who, QueueName name);
    [[nodiscard]] Task<Result<std::uint64_t>> purge(const access::Identity& who, QueueName name);
    [[nodiscard]] Task<Result<void>> set_paused(
        const access::Identity& who, QueueName name, bool paused);
    [[nodiscard]] Task<Result<QueueStats>> stats(const access::Identity& who, QueueName name);

    /// All of `messages` (1..messages_max) or none.
    [[nodiscard]] Task<Result<queue::Posted>> post(const access::Identity& who, QueueName queue,
        std::vector<NewMessage> messages, queue::PostOptions options = {});

    [[nodiscard]] Task<Result<std::vector<LeasedMessage>>> pop(
        const access::Identity& who, QueueName queue, PopOptions options);

    /// `receipts`: 1..receipts_max texts, settled by one command and one commit; one that fails
    /// spoils no other. With a `queue`, receipts of other queues fail with lease_lost.
    [[nodiscard]] Task<Result<Settlement>> ack(const access::Identity& who,
        std::optional<QueueName> queue, std::vector<std::string> receipts);
    [[nodiscard]] Task<Result<Settlement>> nack(const access::Identity& who,
        std::optional<QueueName> queue, std::vector<std::string> receipts, NackOptions options);
    [[nodiscard]] Task<Result<Settlement>> extend(const access::Identity& who,
        std::optional<QueueName> queue, std::vector<std::string> receipts, Duration lease);

    /// Acks (0..receipts_max) and pops in one command and one commit.
    [[nodiscard]] Task<Result<SettledAndPopped>> ack_and_pop(const access::Identity& who,
        QueueName queue, std::vector<std::string> receipts, PopOptions options);

    /// For doors that hold leases for their clients: leases that are renewed, given back without
    /// blame, watched for cancellation. `receipts`: 1..receipts_max.
    [[nodiscard]] Task<Result<queue::PerReceipt<TimePoint>>> renew(
        std::vector<Receipt> receipts, Duration lease);
    [[nodiscard]] Task<Result<void>> give_back(std::vector<Receipt> receipts);
    /// As Consumer::watch_cancels.
    [[nodiscard]] std::unique_ptr<queue::Watch> watch_cancels(
        std::function<void(const MessageId&)> cancelled) {
        return queues_.watch_cancels(std::move(cancelled));
    }

    [[nodiscard]] Task<Result<PeekPage>> peek(
        const access::Identity& who, QueueName queue, PeekOptions options);
    [[nodiscard]] Task<Result<MessageView>> get(const access::Identity& who, MessageId message);
    [[nodiscard]] Task<Result<void>> cancel(const access::Identity& who, MessageId message);

    /// `metadata`: a JSON object as text, or empty.
    [[nodiscard]] Task<Result<void>> reply(
        const access::Identity& who, MessageId message, Bytes result, std::string metadata);
    /// The reply, waiting up to `wait` (0 .. wait_max) for it; nothing when none came.
    [[nodiscard]] Task<Result<std::optional<Reply>>> get_reply(
        const access::Identity& who, MessageId message, Duration wait);

private:
    queue::Queues& queues_;
    QueueUids uids_;
    SystemQueues system_;
};

}  // namespace baton::service
