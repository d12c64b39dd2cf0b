// Chats in JSON: the shape of OpenAI's chat completions, which doors read, providers send, and the
// queue keeps. One shape, written down once.
#pragma once

#include <cstddef>
#include <string>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"
#include "model/chat.h"

namespace baton {

inline constexpr std::size_t chat_messages_max = 10'000;  ///< of one request
inline constexpr std::size_t chat_tools_max = 1'024;

/// `{"model","messages":[…],"tools","temperature",…}`. Parameters of ours are checked; those that
/// ChatOptions does not name are kept in `extra`, but `stream` and `stream_options`, which are
/// the caller's. Fails: invalid_argument with the field's path ("messages[2].content"); unsupported
/// for more than one choice (`n`).
[[nodiscard]] Result<ChatRequest> chat_request_from_json(const boost::json::value& value);
[[nodiscard]] boost::json::object to_json(const ChatRequest& request);

/// One message of a request or an answer: role, content (text, null or parts), name, refusal,
/// tool_calls, tool_call_id. Fails: invalid_argument with the field's path.
[[nodiscard]] Result<ChatMessage> chat_message_from_json(const boost::json::value& value);
[[nodiscard]] boost::json::object to_json(const ChatMessage& message);

/// `{"prompt_tokens","completion_tokens","total_tokens",
/// "prompt_tokens_details":{"cached_tokens"},"completion_tokens_details":{"reasoning_tokens"}}`.
/// Reading takes what is there.
[[nodiscard]] boost::json::object to_json(const TokenUsage& usage);
[[nodiscard]] TokenUsage token_usage_from_json(const boost::json::value& value);

/// A delta as in a `chat.completion.chunk`, without the role; what is empty is left out. Reading
/// takes what is there and ignores the rest. Fails: invalid_argument (no object).
[[nodiscard]] boost::json::object to_json(const ChatDelta& delta);
[[nodiscard]] Result<ChatDelta> chat_delta_from_json(const boost::json::value& value);

/// `{"message":{…},"finish_reason","logprobs","model","usage","endpoint","cost"}`: an answer as the
/// queue keeps it. Endpoint and cost are left out when they are not known.
/// Fails: invalid_argument with the field's path.
[[nodiscard]] boost::json::object to_json(const ChatResult& result);
[[nodiscard]] Result<ChatResult> chat_result_from_json(const boost::json::value& value);

}  // namespace baton
