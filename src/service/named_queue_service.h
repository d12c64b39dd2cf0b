// Queues for those who name their messages themselves: post, take, answer and look up by name.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/access.h"
#include "service/message_names.h"
#include "service/queue_service.h"

namespace baton::service {

/// An answer to a message, which finishes it.
struct MessageAnswer {
    Bytes result{};
    std::string metadata{};  ///< a JSON object as text; empty: none
    /// Of the delivery that is answered; absent: of whichever there was.
    std::optional<Receipt> receipt{};
};

/// QueueService with names; what holds for it holds here. Safe to use from any thread.
class NamedQueueService final {
public:
    /// Both must outlive it.
    NamedQueueService(QueueService& queues, MessageNames& names) noexcept
        : queues_(queues), names_(names) {}

    /// As QueueService::post; on return the names are durable too. When they could not be written,
    /// the messages are there, and the same post again is the way on.
    [[nodiscard]] Task<Result<queue::Posted>> post(const access::Identity& who, QueueName queue,
        std::vector<NewMessage> messages, queue::PostOptions options);

    /// As QueueService::ack_and_pop. With `finish` the messages are acked before they are answered:
    /// each comes once at most.
    [[nodiscard]] Task<Result<SettledAndPopped>> pop(const access::Identity& who, QueueName queue,
        std::vector<std::string> receipts, PopOptions options, bool finish);

    /// The message of a name, else the one that has the text as its id.
    /// Fails: message_not_found (field `message_id`).
    [[nodiscard]] Task<Result<MessageId>> find(const access::Identity& who, std::string name);

    /// Stores the reply, then finishes the message if it was ever delivered: a leased one is acked,
    /// whoever holds it, and one that waits for its next delivery is taken out. One that was never
    /// delivered stays. True when it is finished on return. A crash in between leaves a message
    /// that has its reply and is delivered again.
    /// Fails: as QueueService::reply; lease_lost (nothing is stored) when `receipt` is that of a
    /// delivery that has ended.
    [[nodiscard]] Task<Result<bool>> answer(
        const access::Identity& who, MessageId message, MessageAnswer answer);

private:
    /// Names seen lately, so that most calls need no database.
    class Recent final {
    public:
        /// True when it was not there with this message.
        bool put(std::string_view name, MessageId message);
        [[nodiscard]] std::optional<MessageId> find(const std::string& name) const;

    private:
        static constexpr std::size_t names_max = 65'536;

        mutable std::mutex mutex_;
        std::unordered_map<std::string, MessageId> messages_;
        std::queue<std::string> order_;  ///< the oldest first
    };

    [[nodiscard]] Task<Result<bool>> finish(const access::Identity& who, MessageId message);

    QueueService& queues_;
    MessageNames& names_;
    Recent recent_;
};

}  // namespace baton::service
