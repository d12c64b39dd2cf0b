// Results of calls as JSON. Pure.
#pragma once

#include <string>

#include "api/krpc/calls.h"
#include "base/result.h"
#include "model/message.h"
#include "model/output.h"
#include "model/queue_config.h"
#include "service/named_queue_service.h"

namespace baton::api::krpc {

/// {"queue_id","config",…}
[[nodiscard]] std::string queue_json(const QueueInfo& info);
[[nodiscard]] std::string queues_json(const std::vector<QueueInfo>& infos);
/// Times are whole Unix seconds, as everywhere in this interface.
[[nodiscard]] std::string stats_json(const QueueStats& stats);

/// {"id","duplicate"}, or a list {"messages":[…]} of them; with `ids` as the poster gave them.
[[nodiscard]] std::string posted_json(const Post& post, const queue::Posted& posted);

/// {"id","queue_id","content","timestamp","reply_to","metadata"} as the interface has it, and what
/// Baton says beside it.
[[nodiscard]] std::string message_json(const MessageView& message, Encoding encoding);
/// The message, or null.
[[nodiscard]] std::string popped_json(const service::SettledAndPopped& popped, const Pop& pop);
[[nodiscard]] std::string page_json(const service::PeekPage& page, Encoding encoding);

/// {`verb`: n, "errors":[{"receipt","code","message"}]}
[[nodiscard]] std::string settled_json(
    std::string_view verb, const service::Settlement& settlement);

/// {"message_id","result","timestamp","metadata"}, or null.
[[nodiscard]] std::string reply_json(
    const std::optional<Reply>& reply, const MessageRef& message, Encoding encoding);

/// {"events":[{"offset","attempt","timestamp","data"}],"next","ended"}
[[nodiscard]] std::string output_json(const OutputPage& page, Encoding encoding);
[[nodiscard]] std::string subscriptions_json(const std::vector<Subscription>& subscriptions);
/// {"messages":[…]}, each with its `seq`.
[[nodiscard]] std::string fetched_json(const std::vector<MessageView>& messages, Encoding encoding);
[[nodiscard]] std::string quota_json(const StorageQuota& quota);

}  // namespace baton::api::krpc
