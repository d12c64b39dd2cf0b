// What /v1/responses takes, as a chat. Pure.
#pragma once

#include <string>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"
#include "model/chat.h"

namespace baton::api::openai {

struct ResponseRequest {
    ChatRequest chat{};
    bool stream = false;
    bool background = false;
    std::string metadata{};  ///< a JSON object as text; empty: none
    /// What the answer repeats of the request (instructions, tools, temperature …).
    boost::json::object echo{};
};

/// `instructions` become a system message, `input` (text, or items: messages, function calls and
/// their outputs) the rest. Fails: invalid_argument with the field's path; unsupported for what
/// needs state that is not kept here (previous_response_id, conversation) and for tools other than
/// functions.
[[nodiscard]] Result<ResponseRequest> response_request_from_json(const boost::json::value& body);

}  // namespace baton::api::openai
