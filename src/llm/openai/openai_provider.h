// Any endpoint that speaks OpenAI's chat completions (OpenAI, vLLM, llama.cpp, Ollama's /v1,
// gateways).
#pragma once

#include <memory>
#include <string>

#include "base/secret.h"
#include "llm/provider.h"
#include "net/client.h"

namespace baton::llm {

struct OpenAiConfig {
    std::string base_url = "https://api.openai.com/v1";
    Secret api_key{};  ///< empty: no Authorization field is sent
};

/// Uses `POST {base_url}/chat/completions` with `stream: true` and `stream_options.include_usage`.
/// `client` must outlive it.
[[nodiscard]] std::unique_ptr<Provider> make_openai_provider(
    net::Client& client, OpenAiConfig config);

}  // namespace baton::llm
