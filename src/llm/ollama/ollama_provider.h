// Ollama by its own API, which its OpenAI-compatible one leaves half of out (context, keep-alive).
#pragma once

#include <memory>
#include <string>

#include "base/secret.h"
#include "llm/ollama/ollama_codec.h"
#include "llm/provider.h"
#include "net/client.h"

namespace baton::llm {

struct OllamaConfig {
    std::string base_url = "http://127.0.0.1:11434";  ///< with or without "/api"
    Secret api_key{};  ///< of a gateway or Ollama's cloud; empty: no Authorization field is sent
    OllamaOptions options{};
};

/// Uses `POST {base_url}/api/chat` with `stream: true`, `POST {base_url}/api/embed` and
/// `GET {base_url}/api/tags`. `client` must outlive it.
[[nodiscard]] std::unique_ptr<Provider> make_ollama_provider(
    net::Client& client, OllamaConfig config);

}  // namespace baton::llm
