// What /v1/responses takes, as a chat. Pure.
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"
#include "model/chat.h"

namespace baton::api::openai {

struct ResponseRequest {
    ChatRequest chat{};
    bool stream = false;
    bool background = false;
    bool store = true;       ///< others may go on from it
    std::string metadata{};  ///< a JSON object as text; empty: none
    /// What the answer repeats of the request (instructions, tools, temperature …).
    boost::json::object echo{};
};

/// `instructions` become a system message; behind it `before`, the messages of the response this
/// one goes on from; behind them `input` (text, or items: messages, function calls and their
/// outputs). Fails: invalid_argument with the field's path; unsupported for what needs state that
/// is not kept here (conversation, prompt) and for tools other than functions.
[[nodiscard]] Result<ResponseRequest> response_request_from_json(
    const boost::json::value& body, const std::vector<ChatMessage>& before = {});

/// What a response that goes on from one with `context` has before its own input: everything but
/// the instructions, which are each response's own. `echo`: of the request of that one.
[[nodiscard]] std::vector<ChatMessage> without_instructions(
    std::vector<ChatMessage> context, const boost::json::object& echo);

}  // namespace baton::api::openai
