// Queues in log mode, and the output of messages, over the public API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/connection.h"
#include "model/message.h"
#include "model/output.h"
#include "model/subscription.h"
#include "runtime/task.h"

namespace baton::client {

struct SubscriptionPath {
    QueueName queue;
    SubscriptionName name;
};

struct FetchOptions {
    std::optional<std::uint64_t> after{};  ///< absent: the committed seq
    std::uint32_t max = 100;
    Duration wait{0};
};

/// Safe to use from any thread. Every method fails as Connection::call and as the daemon answers
/// (see queue/log.h). `connection` must outlive it.
class LogClient final {
public:
    explicit LogClient(Connection& connection) noexcept : connection_(connection) {}

    /// `start`: "earliest", "latest" or a seq. These two return what counts as committed.
    [[nodiscard]] Task<Result<std::uint64_t>> subscribe(SubscriptionPath path, std::string start);
    [[nodiscard]] Task<Result<std::uint64_t>> seek(SubscriptionPath path, std::string start);
    [[nodiscard]] Task<Result<void>> unsubscribe(SubscriptionPath path);
    [[nodiscard]] Task<Result<std::vector<Subscription>>> subscriptions(QueueName queue);
    [[nodiscard]] Task<Result<std::vector<MessageView>>> fetch(
        SubscriptionPath path, FetchOptions options);
    [[nodiscard]] Task<Result<void>> commit(SubscriptionPath path, std::uint64_t seq);
    /// Returns how many messages went.
    [[nodiscard]] Task<Result<std::uint64_t>> truncate_before(QueueName queue, std::uint64_t seq);

private:
    Connection& connection_;
};

struct OutputOptions {
    std::uint64_t from = 0;
    std::uint32_t max = 1'000;
    Duration wait{0};
};

/// What workers say about messages; for the rest see LogClient.
class OutputClient final {
public:
    explicit OutputClient(Connection& connection) noexcept : connection_(connection) {}

    /// Returns the offset behind the last event.
    [[nodiscard]] Task<Result<std::uint64_t>> append(Receipt receipt, std::vector<Bytes> events);
    [[nodiscard]] Task<Result<OutputPage>> read(MessageId message, OutputOptions options);

private:
    Connection& connection_;
};

}  // namespace baton::client
