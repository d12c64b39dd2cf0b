// What is known of the LLM endpoints once the configuration is read: addresses, keys, and which
// ones there are when nobody names any.
#pragma once

#include <string>

#include "app/config.h"
#include "app/config_load.h"

namespace baton::app {

/// Fills in what the endpoints leave to their kind of provider; without any chooses OpenAI,
/// Anthropic, an Ollama that answers, or echo, in this order. Fails: invalid_config.
[[nodiscard]] Result<void> settle_endpoints(Config& config, const ConfigSources& sources);

/// Whether some endpoint takes requests for `model`.
[[nodiscard]] bool is_served(const Config& config, const std::string& model);

}  // namespace baton::app
