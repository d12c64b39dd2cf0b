// A chat by OpenAI's Responses API, for models that only it serves. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/secret.h"
#include "llm/answer_reader.h"
#include "model/chat.h"

namespace baton::llm {

/// The body of `POST /responses`, asking for a stream that the server does not store unless told
/// to. Names of speakers have no counterpart and are left out. Fails: unsupported with the field:
/// contents other than text, images and files; stop, seed, and whatever in `extra` the Responses
/// API does not have.
[[nodiscard]] Result<std::string> encode_responses_request(const ChatRequest& request);

/// Reads the events of a response and, whole, a `response` object. Events it does not know are
/// skipped.
class ResponsesReader final : public AnswerReader {
public:
    explicit ResponsesReader(Secret key) : key_(std::move(key)) {}

    [[nodiscard]] Result<Piece> read_event(const SseEvent& event) override;
    [[nodiscard]] Result<Piece> read_whole(std::string_view body) override;

private:
    Secret key_;
};

}  // namespace baton::llm
