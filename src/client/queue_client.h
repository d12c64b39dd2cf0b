// Queues over the public API, typed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/connection.h"
#include "model/message.h"
#include "model/queue_config.h"
#include "model/queue_operations.h"
#include "runtime/task.h"

namespace baton::client {

struct PopOptions {
    std::uint32_t max = 1;
    Duration lease{30'000};
    Duration wait{0};
    std::vector<std::string> acks{};  ///< receipts to finish before, in the same commit
};

struct NackOptions {
    Duration delay{0};
    std::string reason{};
};

/// What became of a batch of receipts.
struct Settled {
    struct Failure {
        std::string receipt;
        Error error;
        bool operator==(const Failure&) const = default;
    };
    std::uint64_t count = 0;
    std::vector<Failure> failures;
};

struct PeekOptions {
    std::optional<MessageState> state{};
    std::string cursor{};  ///< `next` of the page before
    std::uint32_t limit = 100;
};

struct PeekPage {
    std::vector<MessageView> messages;
    std::string next;  ///< empty on the last page
};

/// Safe to use from any thread. Every method fails as Connection::call and as the daemon answers
/// (see queue/queues.h). `connection` must outlive it.
class QueueClient final {
public:
    explicit QueueClient(Connection& connection) noexcept : connection_(connection) {}

    /// Makes the queue or gives it a new configuration.
    /// `owner`: whose storage quota it counts for, administrators only; absent: who it was.
    [[nodiscard]] Task<Result<QueueInfo>> put(
        QueueName name, QueueConfig config, std::optional<TenantId> owner = std::nullopt);
    [[nodiscard]] Task<Result<QueueInfo>> get(QueueName name);
    [[nodiscard]] Task<Result<std::vector<QueueInfo>>> list();
    [[nodiscard]] Task<Result<void>> remove(QueueName name);
    /// Returns how many messages went.
    [[nodiscard]] Task<Result<std::uint64_t>> purge(QueueName name);
    [[nodiscard]] Task<Result<void>> set_paused(QueueName name, bool paused);
    [[nodiscard]] Task<Result<void>> pause_key(
        QueueName name, KeyKind kind, std::string key, bool paused);
    /// Returns how many are tried again.
    [[nodiscard]] Task<Result<std::uint64_t>> redrive(RedriveRequest request);
    [[nodiscard]] Task<Result<QueueStats>> stats(QueueName name);

    [[nodiscard]] Task<Result<std::vector<PostedMessage>>> post(
        QueueName name, std::vector<NewMessage> messages);
    [[nodiscard]] Task<Result<std::vector<LeasedMessage>>> pop(QueueName name, PopOptions options);
    [[nodiscard]] Task<Result<Settled>> ack(QueueName name, std::vector<std::string> receipts);
    [[nodiscard]] Task<Result<Settled>> nack(
        QueueName name, std::vector<std::string> receipts, NackOptions options);
    [[nodiscard]] Task<Result<Settled>> extend(
        QueueName name, std::vector<std::string> receipts, Duration lease);

    [[nodiscard]] Task<Result<PeekPage>> peek(QueueName name, PeekOptions options);
    [[nodiscard]] Task<Result<MessageView>> message(MessageId id);
    [[nodiscard]] Task<Result<void>> cancel(MessageId id);
    [[nodiscard]] Task<Result<Explanation>> explain(MessageId id);
    /// It becomes ready that long from now.
    [[nodiscard]] Task<Result<void>> reschedule(MessageId id, Duration delay);

private:
    struct Receipts {
        std::string verb;    ///< "ack"
        std::string answer;  ///< "acked"
        std::vector<std::string> receipts;
        boost::json::object fields{};
    };
    [[nodiscard]] Task<Result<Settled>> settle(QueueName name, Receipts receipts);

    Connection& connection_;
};

}  // namespace baton::client
