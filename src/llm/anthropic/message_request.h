// A chat as the body of Anthropic's Messages API. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "model/chat.h"

namespace baton::llm {

/// The tool that a model answers through when JSON is asked for; see `encode_message_request`.
inline constexpr const char* json_tool = "answer_in_json";

struct MessageBody {
    std::string json{};
    /// The answer's text is what the model hands to `json_tool`.
    bool answers_by_tool = false;
};

/// The body of `POST /v1/messages`, asking for a stream. `max_tokens`: sent when the request sets
/// none, as the API wants one.
///
/// System and developer messages, wherever they stand, are the `system` text; messages of one side
/// in a row are one turn, the answers of tools first. `response_format` has no counterpart that
/// every model knows: without tools of its own the request gets one whose input is the answer, and
/// the model must use it; with tools, the system text asks for the JSON. temperature is at most 1
/// there. seed, name, `extra` and other parameters of OpenAI's are left out.
///
/// Fails: unsupported with the field: contents other than text, images and files in data URLs, and
/// a `tool_choice` of another shape than auto, none, required or one function.
[[nodiscard]] Result<MessageBody> encode_message_request(
    const ChatRequest& request, std::uint64_t max_tokens);

}  // namespace baton::llm
