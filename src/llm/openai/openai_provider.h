// Any endpoint that speaks OpenAI's chat completions (OpenAI, vLLM, llama.cpp, Ollama's /v1,
// gateways).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "llm/openai/chat_codec.h"
#include "llm/provider.h"
#include "net/client.h"

namespace baton::llm {

/// By which of OpenAI's two interfaces chats are asked for.
enum class OpenAiApi : std::uint8_t {
    chat_completions,
    responses,  ///< for models that only `POST /responses` serves
};

struct OpenAiConfig {
    std::string base_url = "https://api.openai.com/v1";
    Secret api_key{};  ///< empty: no Authorization field is sent
    /// Not set: by the host of base_url, as `dialect_of` says.
    std::optional<OpenAiDialect> dialect{};
    OpenAiApi api = OpenAiApi::chat_completions;
};

/// `openai` for OpenAI's and Azure's own hosts, `compatible` for every other.
[[nodiscard]] OpenAiDialect dialect_of(std::string_view base_url) noexcept;

/// Uses `POST {base_url}/chat/completions` with `stream: true` and `stream_options.include_usage`,
/// or `POST {base_url}/responses` with `stream: true`, `POST {base_url}/embeddings` and `GET
/// {base_url}/models`. `client` must outlive it.
[[nodiscard]] std::unique_ptr<Provider> make_openai_provider(
    net::Client& client, OpenAiConfig config);

}  // namespace baton::llm
