// Anthropic's Messages API, and endpoints that speak it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/secret.h"
#include "llm/provider.h"
#include "net/client.h"

namespace baton::llm {

struct AnthropicConfig {
    std::string base_url = "https://api.anthropic.com";  ///< with or without "/v1"
    Secret api_key{};                                    ///< empty: no x-api-key field is sent
    /// Tokens of an answer when the request sets no limit: the API wants one, and refuses one that
    /// is above the model's.
    std::uint64_t max_tokens = 4'096;
};

/// Uses `POST {base_url}/v1/messages` with `stream: true` and `GET {base_url}/v1/models`, version
/// 2023-06-01. embed is unsupported. `client` must outlive it.
[[nodiscard]] std::unique_ptr<Provider> make_anthropic_provider(
    net::Client& client, AnthropicConfig config);

}  // namespace baton::llm
