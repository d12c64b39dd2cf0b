// JSON of the values that travel: what api/ answers and reads, and what client/ reads back. One
// shape each, written down once. Reading names the field at fault in Error.field, as a path:
// "messages[2].priority".
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"
#include "model/cluster_state.h"
#include "model/conversation.h"
#include "model/message.h"
#include "model/output.h"
#include "model/queue_config.h"
#include "model/queue_operations.h"
#include "model/subscription.h"

namespace baton {

class Fields;

/// Nesting of objects and arrays that is read.
inline constexpr std::size_t json_depth_max = 32;
/// The same for answers, which wrap what was posted: {"messages":[{…}]}.
inline constexpr std::size_t json_answer_depth_max = json_depth_max + 4;

/// Messages one request may post.
inline constexpr std::size_t post_count_max = 10'000;

/// One JSON text. Fails: invalid_utf8; malformed_json naming the byte where reading stopped.
[[nodiscard]] Result<boost::json::value> parse_json(std::string_view text,
    boost::json::storage_ptr storage = {}, std::size_t depth_max = json_depth_max);

// ---- What people write. Unknown fields are refused, with the nearest name; null means absent.
// ----

/// Queue configuration on top of `base`. Periods are seconds or text ("24h"), max_wait_time
/// milliseconds or text. `persistence: false` is durability memory. Fails: invalid_config.
[[nodiscard]] Result<QueueConfig> queue_config_from_json(
    const boost::json::value& value, const QueueConfig& base = {});

/// The body of a post: content or content_base64, priority, delay_ms or deliver_at (RFC 3339 or
/// Unix milliseconds), ttl_ms, dedup_key, ordering_key, fairness_key, headers, metadata, reply_to
/// (kept as the header `reply-to`), cost (kept as the header `baton-cost`). Fails: invalid_message.
[[nodiscard]] Result<NewMessage> new_message_from_json(const boost::json::value& value);

/// One message (an object), an array of them, or {"messages": […]}: 1..`count_max`.
/// Fails: as parse_json and new_message_from_json; payload_too_large for more than `count_max`.
[[nodiscard]] Result<std::vector<NewMessage>> new_messages_from_json(
    std::string_view body, std::size_t count_max = post_count_max);

/// The same, one object a line; empty lines are skipped.
[[nodiscard]] Result<std::vector<NewMessage>> new_messages_from_ndjson(
    std::string_view body, std::size_t count_max = post_count_max);

/// The body of a reply: {"result" | "result_base64", "metadata"}; `message` and `at` stay unset.
/// Fails: invalid_message.
[[nodiscard]] Result<Reply> new_reply_from_json(const boost::json::value& value);

/// The body of a redrive: ids, reason_contains, dead_from, dead_to (RFC 3339 or Unix milliseconds),
/// limit, rate_per_second, target. Fails: invalid_argument.
[[nodiscard]] Result<RedriveRequest> redrive_from_json(
    const QueueName& queue, const boost::json::value& value);

/// `metadata` of an object: that object as compact text; empty when absent and for {}.
/// Fails, in the code of `fields`: it is no object, is longer than MessageLimits::metadata_max, or
/// holds a number beyond the range of a double.
[[nodiscard]] Result<std::string> read_metadata(const Fields& fields);

// ---- What the daemon answers ----

[[nodiscard]] boost::json::object to_json(const QueueConfig& config);
[[nodiscard]] boost::json::object to_json(const QueueInfo& info);
[[nodiscard]] boost::json::object to_json(const QueueStats& stats);
[[nodiscard]] boost::json::object to_json(const Reply& reply);
[[nodiscard]] boost::json::object to_json(const Subscription& subscription);
[[nodiscard]] boost::json::object to_json(const StorageQuota& quota);
[[nodiscard]] boost::json::object to_json(const ClusterState& state);
[[nodiscard]] boost::json::object to_json(const Conversation& conversation);
[[nodiscard]] boost::json::object to_json(const User& user);
/// As `/api/v1` shows a message; the caller adds what only it knows (max_retries, timeout).
[[nodiscard]] boost::json::object to_json(const DialogMessage& message);

/// The error every door shows: {"code","message","details":{"field"},"retry_after_ms"}; text of
/// strangers that is no UTF-8 is left out.
void append_json(std::string& out, const Error& error);

/// Messages are written straight to text: they are many.
void append_json(std::string& out, const PostedMessage& message);
void append_json(std::string& out, const MessageView& message);
void append_json(std::string& out, const LeasedMessage& message);
/// {"offset","attempt","at","data" | "data_base64"}
void append_json(std::string& out, const OutputEvent& event);
/// {"events":[…],"next","ended"}
void append_json(std::string& out, const OutputPage& page);
/// {"message":…,"ahead":n,"hindrances":[{"code":…,"detail":…}]}
void append_json(std::string& out, const Explanation& explanation);

/// How long the text will be, unless the message is unusual.
[[nodiscard]] inline std::size_t json_size_about(const PostedMessage&) { return 80; }
[[nodiscard]] inline std::size_t json_size_about(const MessageView& message) {
    return 400 + (message.data ? message.data->content.size() : 0);
}
[[nodiscard]] inline std::size_t json_size_about(const LeasedMessage& message) {
    return 50 + json_size_about(message.message);
}

/// {"messages":[…]} of PostedMessage, MessageView or LeasedMessage.
template <class Message>
[[nodiscard]] std::string messages_json(const std::vector<Message>& messages) {
    std::string out;
    std::size_t size = 64;
    for (const auto& message : messages) size += json_size_about(message);
    out.reserve(size);
    out = R"({"messages":[)";
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (i != 0) out += ',';
        append_json(out, messages[i]);
    }
    out += "]}";
    return out;
}

// ---- What the client reads back. Unknown fields are ignored: the daemon may be newer. Fails:
// protocol_error. ----

[[nodiscard]] Result<PostedMessage> posted_message_from_json(const boost::json::value& value);
[[nodiscard]] Result<MessageView> message_view_from_json(const boost::json::value& value);
[[nodiscard]] Result<LeasedMessage> leased_message_from_json(const boost::json::value& value);
[[nodiscard]] Result<QueueInfo> queue_info_from_json(const boost::json::value& value);
[[nodiscard]] Result<QueueStats> queue_stats_from_json(const boost::json::value& value);
[[nodiscard]] Result<Explanation> explanation_from_json(const boost::json::value& value);
[[nodiscard]] Result<StorageQuota> storage_quota_from_json(const boost::json::value& value);
[[nodiscard]] Result<ClusterState> cluster_state_from_json(const boost::json::value& value);
[[nodiscard]] Result<Reply> reply_from_json(const boost::json::value& value);
[[nodiscard]] Result<OutputEvent> output_event_from_json(const boost::json::value& value);
[[nodiscard]] Result<OutputPage> output_page_from_json(const boost::json::value& value);
[[nodiscard]] Result<Subscription> subscription_from_json(const boost::json::value& value);

}  // namespace baton
