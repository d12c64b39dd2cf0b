// The parts of the door, one a file, and what they share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "api/door.h"
#include "api/openai/openai_api.h"
#include "base/result.h"
#include "model/message.h"
#include "net/http.h"

namespace baton::api::openai {

/// Lives as long as the door's routes, which share it.
struct DoorState {
    service::ChatService& chats;
    OpenAiConfig config;
};

using SharedState = std::shared_ptr<DoorState>;

[[nodiscard]] std::vector<Door::Route> chat_routes(const SharedState& state);
[[nodiscard]] std::vector<Door::Route> response_routes(const SharedState& state);
[[nodiscard]] std::vector<Door::Route> model_routes(const SharedState& state);

/// The body as a JSON object. Fails: unsupported_media_type, malformed_json, invalid_utf8,
/// invalid_argument.
[[nodiscard]] Result<boost::json::value> json_body(const net::Request& request);

/// `Baton-Mode`, else the key's, else the configuration's. Fails: invalid_argument.
[[nodiscard]] Result<Mode> mode_of(const Call& call, const OpenAiConfig& config);

/// `Baton-Priority`, else by `service_tier`: priority and fast are high, flex is low. Nothing:
/// whatever the rules say. Fails: invalid_argument.
[[nodiscard]] Result<std::optional<Level>> level_of(
    const net::Request& request, const boost::json::value& body);

/// What of an order stands beside the chat: the user (`user`, else `safety_identifier`), and in the
/// request's fields session, idempotency key, coalescing. Fails: invalid_argument.
[[nodiscard]] Result<void> read_order(
    const net::Request& request, const boost::json::value& body, service::ChatOrder& order);

/// A flag of the body; absent and null: false. Fails: invalid_argument.
[[nodiscard]] Result<bool> flag_of(const boost::json::value& body, std::string_view name);

/// "chatcmpl-" and the message's id, or 128 random bits of a chat that is no message.
[[nodiscard]] std::string public_id(std::string_view prefix, MessageId id);
[[nodiscard]] std::string random_id(std::string_view prefix);

/// The message behind a public id. What can be none is the id of no message.
/// Fails: message_not_found.
[[nodiscard]] Result<MessageId> message_of(std::string_view prefix, std::string_view id);

/// Says in its fields which message a durable chat is.
void name_message(net::Response& response, const service::AcceptedChat& accepted);

/// Adds what is left of the asker's limits with `model`, as x-ratelimit-… fields; of failures those
/// with status 429 bear them too, as answers.
[[nodiscard]] Result<net::Response> with_limits(const DoorState& state, const access::Identity& who,
    std::string_view model, Result<net::Response> result);

[[nodiscard]] net::Response json_answer(int status, std::string body);
/// Of server-sent events, without its stream.
[[nodiscard]] net::Response event_stream();

inline constexpr std::string_view chat_prefix = "chatcmpl-";
inline constexpr std::string_view response_prefix = "resp_";

}  // namespace baton::api::openai
