// Messages, replies and bytes as kRPC's clients write them. Pure.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "api/krpc/calls.h"
#include "base/bytes.h"
#include "base/result.h"
#include "model/json_fields.h"
#include "model/message.h"

namespace baton::api::krpc {

/// The header in which a message keeps the `timestamp` of its poster.
inline constexpr std::string_view timestamp_header = "krpc-timestamp";
/// Where the model's codec keeps `reply_to`.
inline constexpr std::string_view reply_to_header = "reply-to";

/// An array of whole numbers 0..255, or base64 (RFC 4648, padded). Fails at `name` when it is
/// neither, or absent.
[[nodiscard]] Result<Bytes> read_bytes(const Fields& fields, std::string_view name);

/// The same of one value, which `name` names in errors.
[[nodiscard]] Result<Bytes> bytes_from(
    const Fields& fields, std::string_view name, const boost::json::value& value);

struct ReadMessage {
    NewMessage message{};
    std::string id{};  ///< as given; empty: none
};

/// {id, queue_id, content, timestamp, reply_to, metadata} and the options of every post (priority,
/// delay_ms, …). Takes `value` apart. `queue`: where it is posted to, which a `queue_id` must
/// repeat. Fails: invalid_message.
[[nodiscard]] Result<ReadMessage> read_message(boost::json::value& value, const QueueName& queue);

/// {message_id, result, timestamp, metadata}; the timestamp is not kept: a reply has the time at
/// which it came. Fails: invalid_message.
[[nodiscard]] Result<PostReply> read_reply(const boost::json::value& value);

}  // namespace baton::api::krpc
