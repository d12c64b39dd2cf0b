// OpenAI's chat completions as JSON: the request we send, and the answer in chunks or whole. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/secret.h"
#include "llm/answer_reader.h"
#include "model/chat.h"

namespace baton::llm {

/// What the server knows of OpenAI's newer names.
enum class OpenAiDialect : std::uint8_t {
    /// All: `max_completion_tokens`, the role `developer`, base64 for embeddings.
    openai,
    /// What nearly every compatible server knows: `max_tokens`; developers speak as `system`.
    compatible,
};

/// The body of `POST /chat/completions`, asking for a stream with its usage.
[[nodiscard]] std::string encode_chat_request(
    ChatRequest request, OpenAiDialect dialect = OpenAiDialect::openai);

/// Reads `chat.completion.chunk` objects and, whole, a `chat.completion`.
class ChatCompletionReader final : public AnswerReader {
public:
    /// `key` is masked wherever the provider repeats it.
    explicit ChatCompletionReader(Secret key) : key_(std::move(key)) {}

    [[nodiscard]] Result<Piece> read_event(const SseEvent& event) override;
    [[nodiscard]] Result<Piece> read_whole(std::string_view body) override;

private:
    Secret key_;
};

}  // namespace baton::llm
