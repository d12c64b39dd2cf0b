// Records: what changed, in the form a store keeps. State after a crash is what the records say.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "model/message.h"
#include "model/queue_config.h"
#include "model/queue_operations.h"

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

/// A queue was made, or has a new configuration, owner or pause flag, or (an imported one) its
/// name.
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
    TimePoint entered_at{};  ///< first ready, by plan; the epoch: as planned at the post
    /// Rescheduled or redriven, and not delivered since: in its ordering key's line it stands where
    /// `entered_at` says and holds up nobody.
    bool anew = false;
    std::optional<Level> level{};  ///< where a leased message counts; absent: as posted
    bool redriven = false;         ///< was dead once: the expiry given at the post no longer counts
    std::vector<FailureNote> history{};
    std::string dead_reason{};
};

/// A message was leased (again), given back, buried, rescheduled or redriven.
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

/// Dedup keys and replies that ended at or before `until` are forgotten, and so is the output of
/// messages that are gone by now.
struct RetentionPassed {
    QueueNumber queue{};
    TimePoint until{};
};

/// Events came behind the output of a message, in one piece.
struct OutputAppended {
    Locator at;
    std::uint64_t first = 0;  ///< offset of the first one: as many as there were before
    std::uint32_t attempt = 0;
    TimePoint appended_at{};
    std::vector<Bytes> events{};
    TimePoint expires_at{};  ///< of the whole output; it stays longer while its message does
};

/// A subscription of a log was made, or its cursor moved.
struct CursorMoved {
    QueueNumber queue{};
    std::string subscription;
    std::uint64_t committed = 0;
};

/// A subscription went.
struct CursorDropped {
    QueueNumber queue{};
    std::string subscription;
};

/// Every message of a log up to `up_to` went.
struct LogTruncated {
    Locator up_to;
};

/// Messages of a key are held back, or no longer.
struct KeyPaused {
    QueueNumber queue{};
    KeyKind kind = KeyKind::ordering;
    std::string key;
    bool paused = true;
};

/// A tenant may keep so much content in all its queues together.
struct QuotaSet {
    TenantId owner;
    std::uint64_t limit = 0;  ///< bytes; 0: no limit
};

/// A value that stands elsewhere: so a kind of record that is large and rare does not make all of
/// them large. Copies share it.
template <class T>
class Boxed {
public:
    // NOLINTBEGIN(google-explicit-constructor): stands for the value wherever that may stand
    Boxed(T value) : value_(std::make_shared<const T>(std::move(value))) {}
    operator const T&() const noexcept { return *value_; }
    // NOLINTEND(google-explicit-constructor)
    const T* operator->() const noexcept { return value_.get(); }

private:
    std::shared_ptr<const T> value_;
};

using Record = std::variant<Boxed<QueuePut>, QueueDropped, MessagePosted, DeliveryChanged,
    MessageGone, QueuePurged, ReplyStored, RetentionPassed, OutputAppended, CursorMoved,
    CursorDropped, LogTruncated, KeyPaused, QuotaSet>;

}  // namespace baton::queue
