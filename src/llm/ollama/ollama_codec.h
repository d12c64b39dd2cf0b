// Ollama's own API as JSON: the chat we send, the answer in lines, embeddings and models. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "base/secret.h"
#include "llm/answer_reader.h"
#include "model/chat.h"

namespace baton::llm {

/// What a chat with Ollama has that our request has no word for.
struct OllamaOptions {
    std::uint64_t context_tokens = 0;  ///< `num_ctx`; 0: the server's default
    std::string keep_alive{};          ///< "10m"; empty: the server's default
};

/// The body of `POST /api/chat`, asking for a stream. Developers speak as `system`; the answer of a
/// tool names the function it answers. name, parallel_tool_calls and `extra` are left out.
/// Fails: unsupported with the field: contents other than text and images in data URLs, and a
/// `tool_choice` that forces a call.
[[nodiscard]] Result<std::string> encode_ollama_chat(
    const ChatRequest& request, const OllamaOptions& options);

/// Reads the lines of an answer; a whole answer is one of them.
class OllamaReader final : public AnswerReader {
public:
    explicit OllamaReader(Secret key) : key_(std::move(key)) {}

    [[nodiscard]] Result<Piece> read_event(const SseEvent& line) override;
    [[nodiscard]] Result<Piece> read_whole(std::string_view body) override;

private:
    Secret key_;
    std::size_t calls_ = 0;  ///< calls so far: each comes whole
};

[[nodiscard]] std::string encode_ollama_embed(const EmbeddingRequest& request);

/// The answer of `POST /api/embed`. Fails: provider_protocol when it has not one vector for each of
/// `count` texts, all of one length.
[[nodiscard]] Result<EmbeddingResult> decode_ollama_embed(
    const boost::json::value& body, std::size_t count);

/// The names of `GET /api/tags`. Fails: provider_protocol.
[[nodiscard]] Result<std::vector<std::string>> decode_ollama_tags(const boost::json::value& body);

}  // namespace baton::llm
