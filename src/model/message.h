// Messages: as they are given, as they are kept, and as they are seen.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace baton {

/// Priority levels, highest first. Numbers reach disk; never renumber.
enum class Level : std::uint8_t { realtime = 0, high = 1, normal = 2, low = 3 };
inline constexpr std::size_t level_count = 4;
inline constexpr std::array<std::string_view, level_count> level_names{
    "realtime", "high", "normal", "low"};

[[nodiscard]] constexpr std::string_view to_string(Level level) noexcept {
    return level_names[static_cast<std::size_t>(level)];
}
/// Fails: invalid_argument naming the nearest level.
[[nodiscard]] Result<Level> parse_level(std::string_view text);

/// Where a message stands. Numbers reach disk; never renumber.
enum class MessageState : std::uint8_t {
    scheduled = 0,
    ready = 1,
    leased = 2,
    done = 3,
    dead = 4,
    cancelled = 5,
    expired = 6,
};
[[nodiscard]] std::string_view to_string(MessageState state) noexcept;
[[nodiscard]] Result<MessageState> parse_message_state(std::string_view text);

/// Names one message for all time: a random number drawn when its queue was made, and its place in
/// that queue. As text 26 characters of Crockford base32; ids of one queue sort by age.
struct MessageId {
    std::uint64_t queue_uid = 0;
    std::uint64_t seq = 0;

    static constexpr std::size_t text_size = 26;
    [[nodiscard]] std::string text() const;
    /// The same into `text_size` characters at `to`.
    void write_text(char* to) const noexcept;
    /// Fails: invalid_argument.
    [[nodiscard]] static Result<MessageId> parse(std::string_view text);
    auto operator<=>(const MessageId&) const = default;
};

/// Proof of a lease: which delivery of which message. A later delivery makes an earlier receipt
/// stale. As text "<message id>-<attempt>".
struct Receipt {
    MessageId message{};
    std::uint32_t attempt = 0;

    static constexpr std::size_t text_max = MessageId::text_size + 11;
    [[nodiscard]] std::string text() const;
    /// The same, written into `buffer`.
    std::string_view write_text(std::array<char, text_max>& buffer) const noexcept;
    /// Fails: invalid_receipt.
    [[nodiscard]] static Result<Receipt> parse(std::string_view text);
    bool operator==(const Receipt&) const = default;
};

struct Header {
    std::string name{};
    std::string value{};
    bool operator==(const Header&) const = default;
};

/// What a message counts for in the shares of fairness keys and levels: a whole
/// number, 1..cost_max.
inline constexpr std::string_view cost_header = "baton-cost";
inline constexpr std::uint32_t cost_max = 1'000'000'000;
/// 1 when no header says another one.
[[nodiscard]] std::uint32_t cost_of(const std::vector<Header>& headers) noexcept;

/// Limits every queue has, whatever its configuration.
struct MessageLimits {
    static constexpr std::size_t key_max = 256;     ///< bytes of an ordering, fairness or dedup key
    static constexpr std::size_t headers_max = 64;  ///< headers of a message
    static constexpr std::size_t header_bytes_max = 16'384;  ///< names and values together
    static constexpr std::size_t metadata_max = 65'536;      ///< bytes of the metadata object
    static constexpr std::size_t reason_max = 1'024;  ///< bytes of a nack reason that are kept
    static constexpr std::size_t output_events_max = 100'000;  ///< events of one message's output
    static constexpr std::size_t output_bytes_max = 64 * 1024 * 1024;  ///< their bytes together
    static constexpr std::size_t subscriptions_max = 10'000;           ///< of one log
    static constexpr Duration period_max =
        std::chrono::days(3'653);  ///< ten years: of a delay, of a ttl
};

/// What a poster wrote; never changes afterwards.
struct MessageData {
    Bytes content{};
    Level priority = Level::normal;
    std::string ordering_key{};  ///< empty: none. Messages of one key run one at a time, in order
    std::string fairness_key{};  ///< empty: none. Keys share the queue by weight
    std::string dedup_key{};     ///< empty: none
    std::vector<Header> headers{};
    std::string metadata{};  ///< a JSON object as text; empty: none
    bool operator==(const MessageData&) const = default;
};

/// A message to be posted.
struct NewMessage {
    MessageData data{};
    Duration delay{0};                      ///< ≥ 0: becomes ready this long after the post
    std::optional<TimePoint> deliver_at{};  ///< becomes ready then; wins over `delay`
    Duration ttl{0};  ///< > 0: expires this long after the post; 0: by the queue's rule
    bool operator==(const NewMessage&) const = default;
};

/// Holds a message against MessageLimits: content is not empty, keys, headers and metadata are
/// short enough, header names are there, differ and hold no control characters, header values hold
/// no line breaks, delay and ttl are at most ten years. Every door calls it. Fails: invalid_message
/// with Error.field.
[[nodiscard]] Result<void> check_message(const NewMessage& message);

struct PostedMessage {
    MessageId id{};
    bool duplicate = false;  ///< an earlier message had the same dedup key; `id` is that one's
    bool operator==(const PostedMessage&) const = default;
};

/// One failed delivery, for the history of a message.
struct FailureNote {
    TimePoint at{};
    std::uint32_t attempt = 0;
    std::string reason{};
    bool operator==(const FailureNote&) const = default;
};

/// A message with its delivery state, as peek and get show it.
struct MessageView {
    MessageId id{};
    QueueName queue{};
    MessageState state = MessageState::ready;
    std::shared_ptr<const MessageData>
        data{};                   ///< null when the message is done and only its reply is kept
    Level level = Level::normal;  ///< now, which aging may have raised above data->priority
    TimePoint posted_at{};
    TimePoint due_at{};  ///< ready from then on
    std::optional<TimePoint> expires_at{};
    std::optional<TimePoint> lease_expires_at{};  ///< while leased
    std::uint32_t attempts = 0;                   ///< deliveries so far
    std::uint32_t failures = 0;                   ///< nacks and expired leases so far
    std::vector<FailureNote> history{};           ///< the last failures, oldest first
    std::string dead_reason{};                    ///< while dead
    bool operator==(const MessageView&) const = default;
};

/// A message handed to a worker.
struct LeasedMessage {
    MessageView message{};
    Receipt receipt{};
    bool operator==(const LeasedMessage&) const = default;
};

/// The answer to a message, kept for the queue's `reply_ttl`.
struct Reply {
    MessageId message{};
    Bytes result{};
    std::string metadata{};  ///< a JSON object as text; empty: none
    TimePoint at{};
    bool operator==(const Reply&) const = default;
};

}  // namespace baton
