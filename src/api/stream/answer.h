// What the daemon says on /v1/stream.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/stream/command.h"
#include "base/error.h"
#include "model/message.h"
#include "service/queue_service.h"

namespace baton::api::stream {

/// {"id":…,"result":…}; `result` is JSON.
[[nodiscard]] std::string answer(CommandId id, std::string_view result);
/// {"id":…,"error":{…}}; `id` is null when the frame had none that could be read.
[[nodiscard]] std::string error_answer(std::optional<CommandId> id, const Error& error);

/// {"messages":[…],"durability":…}
[[nodiscard]] std::string posted_json(const queue::Posted& posted);

/// {"acked":n,"errors":[…]}; `verb`: acked, nacked, extended.
[[nodiscard]] std::string settlement_json(
    std::string_view verb, const service::Settlement& settlement);

/// {"event":"messages","consumer":…,"messages":[…]} of as many messages from the front as fit into
/// about `bytes`, at least one; takes those off `messages`.
[[nodiscard]] std::string messages_event(
    CommandId consumer, std::span<const LeasedMessage>& messages, std::size_t bytes);
[[nodiscard]] std::string messages_event(
    CommandId consumer, std::span<const MessageView>& messages, std::size_t bytes);

/// A receipt that is void from now on. `event`: cancelled, lease_lost.
[[nodiscard]] std::string receipt_event(std::string_view event, const Receipt& receipt);

/// {"event":"ended","consumer":…,"error":{…}}
[[nodiscard]] std::string ended_event(CommandId consumer, const Error& error);

}  // namespace baton::api::stream
