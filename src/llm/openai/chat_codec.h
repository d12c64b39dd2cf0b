// OpenAI's chat completions as JSON: the request we send, the whole answer, and the answer in
// chunks. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/secret.h"
#include "llm/openai/surrogates.h"
#include "model/chat.h"

namespace baton::llm {

/// Bytes of text one answer may have; more is no answer to a chat.
inline constexpr std::size_t answer_max = 16 * 1'048'576;

/// The body of `POST /chat/completions`, asking for a stream with its usage.
[[nodiscard]] std::string encode_chat_request(const ChatRequest& request);

/// A `chat.completion` object, the answer of a server that does not stream.
/// Fails: provider_protocol, and what an `error` in it stands for.
[[nodiscard]] Result<ChatResult> decode_chat_completion(std::string_view body, const Secret& key);

/// Puts an answer together from its `chat.completion.chunk` objects. One per answer.
class ChunkReader {
public:
    explicit ChunkReader(Secret key) : key_(std::move(key)) {}

    /// Takes the data of one event; returns the text it adds, often none.
    /// Fails: provider_protocol (not a chunk, or over `answer_max`), and what an `error` object in
    /// it stands for.
    [[nodiscard]] Result<std::string> take(std::string_view data);

    /// Whether the answer has its end: a finish_reason or `[DONE]` came.
    [[nodiscard]] bool complete() const noexcept { return done_ || !result_.finish_reason.empty(); }

    /// The answer, at the end of the stream. Fails: provider_unavailable when the stream was cut.
    [[nodiscard]] Result<ChatResult> finish();

private:
    Secret key_;
    ChatResult result_;
    SurrogateJoiner joiner_;
    bool done_ = false;
};

}  // namespace baton::llm
