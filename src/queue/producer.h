// Posting messages: the port of producers.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "model/message.h"
#include "model/queue_config.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::queue {

struct PostOptions {
    /// How durable the answer promises the messages to be; absent: as the queue's configuration
    /// says.
    std::optional<Durability> durability{};
};

struct Posted {
    std::vector<PostedMessage> messages{};      ///< in the order given; ids ascend
    Durability durability = Durability::fsync;  ///< what is promised of them
    bool operator==(const Posted&) const = default;
};

/// Posts messages and fetches replies. See queues.h for what holds for every port.
class Producer {
public:
    virtual ~Producer() = default;

    /// Posts all of `messages` (1..10,000, each by the rules of check_message) or none of them.
    /// Within the dedup window a known `dedup_key` gives the first message's id and stores nothing;
    /// with durability fsync that message is on disk too by then. With `relaxed` nothing is forced
    /// to disk for this post, whatever the queue says.
    /// Fails: queue_full, message_too_large, invalid_message; rate_limited beyond the queue's rate,
    /// quota_exceeded beyond its tenant's quota, both with retry_after; unsupported for a
    /// durability that the queue can't give (a queue in memory gives memory only, no other one
    /// gives it).
    [[nodiscard]] virtual Task<Result<Posted>> post(
        QueueName queue, std::vector<NewMessage> messages, PostOptions options) = 0;
    /// As durable as the queue's configuration says.
    [[nodiscard]] Task<Result<std::vector<PostedMessage>>> post(
        QueueName queue, std::vector<NewMessage> messages) {
        auto posted = co_await post(std::move(queue), std::move(messages), PostOptions());
        if (!posted) co_return std::unexpected(std::move(posted).error());
        co_return std::move(posted->messages);
    }

    /// The reply to a message, if there is one by now and it is still kept.
    /// Fails: message_not_found (no such message was ever posted).
    [[nodiscard]] virtual Task<Result<std::optional<Reply>>> get_reply(MessageId message) = 0;

    /// Waits for the reply; nothing when the deadline comes first. Fails as get_reply.
    [[nodiscard]] virtual Task<Result<std::optional<Reply>>> wait_reply(
        MessageId message, Deadline deadline) = 0;

    /// Takes a message out: a waiting one is gone, a leased one's receipt is void and those who
    /// watch (Consumer::watch_cancels) are told. Fails: message_not_found.
    [[nodiscard]] virtual Task<Result<void>> cancel(MessageId message) = 0;

    /// A message that waits (scheduled or ready) becomes ready at `due`, or now when that has
    /// passed. One that was delivered before keeps its ordering key meanwhile.
    /// Fails: message_not_found; conflict when it is leased or dead; invalid_argument for a time
    /// more than ten years ahead.
    [[nodiscard]] virtual Task<Result<void>> reschedule(MessageId message, TimePoint due) = 0;
};

}  // namespace baton::queue
