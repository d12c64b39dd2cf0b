// The coroutines between a codec and the HTTP client: one request, one answer, nothing repeated.
#pragma once

#include <string>

#include <boost/json/value.hpp>

#include "base/result.h"
#include "base/secret.h"
#include "llm/chat_exchange.h"
#include "net/client.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::llm {

/// Sends `request` and reads the answer through `exchange`, which must live until the task ends.
/// Fails as Provider::chat; a deadline that has passed asks nobody. Cancelling closes the
/// connection.
[[nodiscard]] Task<Result<ChatResult>> ask_chat(
    net::Client& client, net::ClientRequest request, ChatExchange& exchange, Deadline deadline);

/// Sends `request` and returns the JSON object of a success. Fails as Provider::chat.
[[nodiscard]] Task<Result<boost::json::value>> ask_json(
    net::Client& client, net::ClientRequest request, Secret key, Deadline deadline);

/// A request to a provider that knows its callers by a bearer token; an empty `key` sends none.
[[nodiscard]] net::ClientRequest bearer_request(
    net::Method method, std::string url, const Secret& key);

}  // namespace baton::llm
