// Records: what changed, in the form a store keeps. State after a crash is what the records say.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "model/message.h"
#include "model/queue_config.h"

namespace baton::queue {

/// A queue inside one store: small, never reused. 1..16,777,215, so that it fits a 63-bit row id
/// beside a seq.
enum class QueueNumber : std::uint32_t {};
inline constexpr std::uint32_t queue_number_max = (1U << 24) - 1;

/// The largest seq of a queue: 2^39 - 1.
inline constexpr std::uint64_t seq_max = (1ULL << 39) - 1;

/// Where one message lives.
struct Locator {
    QueueNumber queue{};
    std::uint64_t seq = 0;
    bool operator==(const Locator&) const = default;
};

/// A queue was made, or has a new configuration or pause flag.
struct QueuePut {
    QueueNumber number{};
    std::uint64_t uid = 0;
    QueueInfo info;
};

/// A queue and all in it went.
struct QueueDropped {
    QueueNumber number{};
};

/// A message came. Seqs of one queue ascend.
struct MessagePosted {
    Locator at;
    TimePoint posted_at{};
    TimePoint due_at{};
    std::optional<TimePoint> expires_at{};
    std::shared_ptr<const MessageData> data{};
    TimePoint dedup_until{};  ///< how long data->dedup_key is remembered
};

/// The state of delivery, written whole at each change; absent until the first.
struct Delivery {
    MessageState state = MessageState::ready;  ///< ready (or scheduled, by due_at), leased, dead
    TimePoint due_at{};  ///< ready: from when; leased: until when; dead: since when
    std::uint32_t attempts = 0;
    std::uint32_t failures = 0;
    std::vector<FailureNote> history{};
    std::string dead_reason{};
};

/// A message was leased (again), given back or buried.
struct DeliveryChanged {
    Locator at;
    Delivery delivery;
};

/// A message went: acked, cancelled, expired or dropped.
struct MessageGone {
    Locator at;
};

/// Every message up to `up_to` that was neither leased nor dead went.
struct QueuePurged {
    Locator up_to;
};

struct ReplyStored {
    Locator at;
    std::shared_ptr<const Reply> reply;
    TimePoint expires_at{};
};

/// Dedup keys and replies that ended at or before `until` are forgotten.
struct RetentionPassed {
    QueueNumber queue{};
    TimePoint until{};
};

using Record = std::variant<QueuePut, QueueDropped, MessagePosted, DeliveryChanged, MessageGone,
    QueuePurged, ReplyStored, RetentionPassed>;

}  // namespace baton::queue
